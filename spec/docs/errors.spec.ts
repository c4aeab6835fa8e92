import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { codes } from '../../lib/core/errors.ts'

const root = join(import.meta.dirname, '../..')

/** The rows of the tables of docs/errors.md that begin with a code. */
const rows = readFileSync(join(root, 'docs/errors.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `TIDINGS_'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
const documented = rows.map(([code = '']) => code.replaceAll('`', ''))

/** The code of the engine without comments, and without `lib/testing`, which only expects codes. */
const source = ['lib', 'bin', 'streams']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  )
  .filter((path) => path.endsWith('.ts') && !path.startsWith(join('lib', 'testing')))
  .map((path) => readFileSync(join(root, path), 'utf8').replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, ''))
  .join('\n')

/** Codes that are passed to an error or to a function that makes one: `checkText(value, 256, 'TIDINGS_TYPE_INVALID', …)`. */
const thrown = new Set(
  Array.from(
    source.matchAll(/(?:Error\(|super\(|const code =|check\w+\([^()]*?,)\s*'(TIDINGS_\w+)'/g),
    ([, code]) => code,
  ),
)

describe('docs/errors.md', () => {
  it('explains every code exactly once, and no other', () => {
    assert.deepEqual(documented.toSorted(), Object.keys(codes).toSorted())
  })

  it('explains what each code means, why it happens and what to do', () => {
    const short = rows.filter((cells) => cells.length !== 4 || cells.some((cell) => cell.length < 5))
    assert.deepEqual(short, [])
  })

  it('lists the codes of each table in alphabetical order', () => {
    const page = readFileSync(join(root, 'docs/errors.md'), 'utf8')
    for (const table of page.split('## ').slice(1)) {
      const found = Array.from(table.matchAll(/^\| `(\w+)`/gm), ([, code = '']) => code)
      assert.deepEqual(
        found,
        found.toSorted((a, b) => (a < b ? -1 : 1)),
      )
    }
  })
})

describe('an error code', () => {
  it('is thrown somewhere', () => {
    assert.deepEqual(
      Object.keys(codes).filter((code) => !thrown.has(code)),
      [],
    )
  })

  it('is in the list of codes', () => {
    const known: Record<string, string> = codes
    const settings = new Set(['TIDINGS_DB', 'TIDINGS_LOG_LEVEL', 'TIDINGS_RETAIN'])
    const used = Array.from(source.matchAll(/'(TIDINGS_[A-Z_]+)'/g), ([, code]) => code as string)
    assert.deepEqual(
      [...new Set(used)].filter((code) => !(code in known) && !settings.has(code)),
      [],
    )
  })
})
