import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pagesWithSessions, prepare, recorded } from './session.ts'

// npm run docs:sessions: writes what the commands of each session print now.

const root = join(import.meta.dirname, '../../..')
for (const page of pagesWithSessions()) {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-session-'))
  try {
    prepare(folder)
    writeFileSync(join(root, 'docs', page.name), recorded(page, folder))
    process.stdout.write(`docs/${page.name}\n`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
