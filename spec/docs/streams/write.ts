import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { streamPages } from './pages.ts'

// npm run docs:streams: writes docs/streams/ from the sources of the streams.

const root = join(import.meta.dirname, '../../..')
const { pages, withoutExample } = await streamPages()
mkdirSync(join(root, 'docs/streams'), { recursive: true })
for (const name of readdirSync(join(root, 'docs/streams'))) {
  if (!pages.has(`docs/streams/${name}`)) rmSync(join(root, 'docs/streams', name))
}
for (const [path, text] of pages) writeFileSync(join(root, path), text)
process.stdout.write(`${pages.size} pages\n`)
if (withoutExample.length > 0) process.stdout.write(`without an example event: ${withoutExample.join(', ')}\n`)
