// Makes the pictures of docs/page.md: the five views of a demonstration. Run by `npm run docs:pictures`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startBrowser } from './browse.ts'
import { withPalette } from './palette-png.ts'
import { stageDemo } from './stage.ts'

const folder = join(import.meta.dirname, '../../docs/pictures')

const views = [
  { name: 'now', hash: '#now', scheme: 'light' },
  { name: 'events', hash: '#events?seq=43', scheme: 'dark' },
  { name: 'jobs', hash: '#jobs?hours=6', scheme: 'light' },
  { name: 'listeners', hash: '#listeners?name=sheet', scheme: 'dark' },
  { name: 'graph', hash: '#graph', scheme: 'light' },
] as const

mkdirSync(folder, { recursive: true })
const here = await stageDemo()
const browser = await startBrowser()
for (const { name, hash, scheme } of views) {
  const context = await browser.newContext({
    viewport: { width: 1100, height: name === 'graph' ? 420 : 720 },
    colorScheme: scheme,
    timezoneId: 'Europe/Berlin',
  })
  const page = await context.newPage()
  // The demonstration has a time of its own.
  await page.clock.setFixedTime(new Date(here.clock.now()))
  await page.goto(here.page.address)
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`)
  await page.locator('[data-row]').first().waitFor()
  await page.waitForLoadState('networkidle')
  const picture = withPalette(await page.screenshot())
  writeFileSync(join(folder, `page-${name}.png`), picture)
  process.stdout.write(`docs/pictures/page-${name}.png: ${(picture.length / 1000).toFixed(0)} kB\n`)
  await context.close()
}
await browser.close()
await here.close()
