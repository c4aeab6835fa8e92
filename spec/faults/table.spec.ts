import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { root } from './root.ts'
import { pages, type Rows, section, withSection } from './table.ts'

const cellsOf = (page: string): string[][] =>
  page
    .slice(page.indexOf('## Shown'))
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
    .map((line) => line.split(' | '))

const rows = Object.assign({}, ...Object.values(pages)) as Rows
const delivery = pages['delivery.md'] as Rows

describe('the tables of results', () => {
  it('stand in their pages as they are generated', () => {
    for (const [name, own] of Object.entries(pages)) {
      const page = readFileSync(join(root, 'docs', name), 'utf8')
      const [there, made] = [cellsOf(page), cellsOf(section(own, []))]
      assert.deepEqual(
        there.map((cells) => cells.slice(0, 2)),
        made.map((cells) => cells.slice(0, 2)),
      )
    }
  })

  it('name existing suites, and all suites that write results', () => {
    for (const { suite } of Object.values(rows)) {
      const name = suite.split('/').at(-1) as string
      assert.ok(
        readdirSync(join(root, 'spec', suite, '..')).some((file) => file.startsWith(`${name}.`)),
        suite,
      )
    }
    const all = readdirSync(join(root, 'spec'), { recursive: true, encoding: 'utf8' })
    const texts = all
      .filter((file) => file.endsWith('.ts') && !file.includes('faults/table'))
      .map((file) => readFileSync(join(root, 'spec', file), 'utf8'))
      .filter((text) => /import .* from '.*\/results\.ts'/.test(text))
    const written = texts.flatMap((text) => Array.from(text.matchAll(/\brow: '([^']+)'/g), ([, row]) => row))
    const measured = Object.keys(rows).filter((row) => rows[row]?.always === undefined)
    assert.deepEqual(new Set(written), new Set(measured))
  })

  it('replace the old table, and nothing else of the page', () => {
    const page = '# a\n\nb\n'
    const once = withSection(page, section(delivery, []))
    assert.equal(withSection(once, section(delivery, [])), once)
    assert.ok(once.startsWith(page))
    const result = { row: 'kill', tier: 'fast', rounds: '1', result: 'nothing' } as const
    const again = withSection(`${once}\n## c\n`, section(delivery, [result]))
    assert.ok(again.endsWith('\n## c\n'))
    assert.deepEqual(cellsOf(again)[0]?.slice(2), ['1', '–', 'nothing |'])
  })
})
