// How long a person waits for each view of the page, in chromium, on a large agent with a large log: from the click to all
// answers on the screen. `--events N` (default 1 000 000).
import { parseArgs } from 'node:util'
import type { Page as Tab } from 'playwright-core'
import { operationsOf } from '../../lib/agent/operations/operations.ts'
import { page } from '../../lib/agent/page/page.ts'
import { agent, every, job, listener, on, openLog, start } from '../../lib/index.ts'
import { startBrowser } from '../page/browse.ts'
import { CAUSING, fill, inDirectory, TYPES } from './workload.ts'

const { values } = parseArgs({ options: { events: { type: 'string', default: '1000000' } } })
const EVENTS = Number(values.events)

/** How often each view is opened. */
const ROUNDS = 7

const large = agent('large', [
  ...Array.from({ length: 60 }, (_, i) => job(`poll_${i}`, every(5).minutes, () => undefined)),
  ...Array.from({ length: 200 }, (_, i) => listener(`listener_${i}`, on(`type.${i % TYPES}`), () => undefined)),
])

const addresses = [
  '#now',
  '#events',
  `#events?seq=${CAUSING}`,
  '#jobs',
  '#jobs?name=poll_7',
  '#listeners',
  '#listeners?name=listener_7',
  '#graph',
]

/** Opens a view, and resolves to the ms until it shows every answer. */
const open = (tab: Tab, address: string): Promise<number> =>
  tab.evaluate(`new Promise((resolve) => {
    const began = performance.now()
    location.hash = ${JSON.stringify(address)}
    const look = () => {
      const main = document.querySelector('main')
      const isReady = document.querySelector('nav [aria-current=page]')?.hash.startsWith(${JSON.stringify(address.split('?')[0])})
        && main.querySelector('h1') && !main.innerText.includes('asking …')
      if (isReady) resolve(performance.now() - began)
      else requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })`)

await inDirectory(async (directory) => {
  const log = await openLog(directory)
  await fill(log, EVENTS)
  const running = await start(large, { log, logger: false })
  const served = await page(operationsOf(log, running as never), { agent: 'large', directory, port: 0 })
  const browser = await startBrowser()
  const tab = await browser.newPage()
  await tab.goto(served.address)
  await tab.locator('main h1').waitFor()
  const times = new Map(addresses.map((address) => [address, [] as number[]]))
  for (let round = 0; round < ROUNDS; round++)
    for (const address of addresses) {
      // From another view: a view that is open already has most of its answers.
      await open(tab, address.startsWith('#graph') ? '#jobs' : '#graph')
      times.get(address)?.push(await open(tab, address))
    }
  console.table(
    addresses.map((address) => {
      const [first = 0, ...others] = times.get(address) ?? []
      const sorted = [first, ...others].toSorted((a, b) => a - b)
      const shown = { first, median: sorted[Math.floor(ROUNDS / 2)] ?? 0, most: sorted.at(-1) ?? 0 }
      return {
        view: address,
        ...Object.fromEntries(Object.entries(shown).map(([name, ms]) => [`${name} ms`, Math.round(ms)])),
      }
    }),
  )
  await browser.close()
  await served.close()
  await running.stop()
  await log.close()
})
