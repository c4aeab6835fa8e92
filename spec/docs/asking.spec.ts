import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { formats } from '../../bin/formats/event-formats.ts'
import { printChart } from '../../bin/print/chart.ts'
import { parseWhere } from '../../lib/filter/parse-where.ts'
import { openLog } from '../../lib/index.ts'
import { command } from '../support/command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/asking.md'), 'utf8')

/** The part of the page below a heading. */
function section(heading: string): string {
  const [, text] = page.split(`\n## ${heading}\n`)
  assert.ok(text !== undefined, `docs/asking.md has no section ${heading}`)
  return text.split('\n## ')[0] ?? ''
}

const blocks = (text: string): string[] => text.split('```\n').filter((_, i) => i % 2 === 1)
const firstCells = (text: string): string[] =>
  text.split('\n').flatMap((line) => /^\| `([^`]+)`/.exec(line)?.slice(1) ?? [])

describe('docs/asking.md', () => {
  it('has the grammar of the parser', () => {
    const source = readFileSync(join(root, 'lib/filter/parse-where.ts'), 'utf8')
    const [, grammar = ''] = source.replaceAll(/^ \* ?/gm, '').split('```\n')
    assert.equal(blocks(section('Expressions'))[0], grammar)
  })

  it('has expressions that are expressions', () => {
    const written = firstCells(section('Expressions'))
    assert.ok(written.length > 9)
    for (const each of written) assert.equal(typeof parseWhere(each), 'function')
    for (const [, each = ''] of page.matchAll(/--where '([^'{]+)'/g))
      if (each !== 'data.title = crash') assert.equal(typeof parseWhere(each), 'function')
  })

  it('shows the errors that commands print', async (t) => {
    const db = temporaryDirectory(t)
    await (await openLog(db)).close()
    const [asked = '', ...words] = (blocks(section('Expressions'))[1] ?? '').split('\n')
    const where = /--where '(.*)'/.exec(asked)?.[1] ?? ''
    const { code, stderr } = await command('events', 'ls', '--where', where, '--db', db)
    assert.deepEqual([code, stderr.startsWith(words.join('\n'))], [2, true], stderr)
    const json = /--where '(\{.*\})'/.exec(page)?.[1] ?? ''
    assert.equal((await command('events', 'count', '--where', json, '--db', db)).stdout, '0\n')
  })

  it('shows the chart that its numbers make on 80 columns', async () => {
    const [, ...lines] = (blocks(section('Counting by something'))[0] ?? '').split('\n').filter((line) => line !== '')
    const counts = lines.map((line) => {
      const [label = '', count] = line.split(/ +/)
      return { label, count: Number(count) }
    })
    let text = ''
    await printChart(counts, { isTTY: true, columns: 80, write: (piece) => ((text += piece), true) })
    assert.equal(`${lines.join('\n')}\n`, text)
  })

  it('lists every format', () => {
    assert.deepEqual(firstCells(section('Formats')).toSorted(), [...formats].toSorted())
  })
})
