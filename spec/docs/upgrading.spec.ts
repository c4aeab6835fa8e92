import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FORMAT } from '../../lib/level/format/records.ts'
import { upgrades } from '../../lib/level/store/upgrade.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** Versions without their patch number, newest first, with the formats in the columns. */
const rows = Array.from(read('docs/upgrading.md').matchAll(/^\| (\d+\.\d+) \| (\d+) \| ([\d, ]+) \|$/gm), (row) => {
  const [, version, writes, reads = ''] = row
  return { version, writes: Number(writes), reads: reads.split(', ').map(Number) }
})

describe('the table of formats', () => {
  it('has this version, with the formats that the code reads and writes', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string }
    const readable = [FORMAT, ...Object.keys(upgrades).map(Number)].sort((a, b) => a - b)
    const row = { version: version.replace(/\.\d+(?:-.*)?$/, ''), writes: FORMAT, reads: readable }
    assert.deepEqual(rows[0], row)
  })

  it('names only formats of which the tests have a log', () => {
    const kept = readdirSync(join(root, 'spec/level/formats')).map((name) => Number.parseInt(name, 10))
    assert.deepEqual(new Set(rows.flatMap(({ reads }) => reads)), new Set(kept))
  })

  it('never has an older version that writes a newer format', () => {
    const written = rows.map(({ writes }) => writes)
    assert.deepEqual(
      written,
      written.toSorted((a, b) => b - a),
    )
  })
})
