import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../support/exported-modules.ts'
import { referencePages } from './pages.ts'

// npm run docs:reference: writes docs/cli.md and docs/options.md from the commands and the source.

for (const [path, text] of await referencePages()) {
  writeFileSync(join(root, path), text)
  process.stdout.write(`${path}\n`)
}
