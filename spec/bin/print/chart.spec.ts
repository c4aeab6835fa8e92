import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import stringWidth from 'string-width'
import { type ChartLine, printChart } from '../../../bin/print/chart.ts'

async function printed(lines: readonly ChartLine[], terminal?: { readonly columns: number }): Promise<string> {
  let text = ''
  const write = (piece: string): boolean => ((text += piece), true)
  await printChart(lines, terminal === undefined ? { write } : { write, isTTY: true, ...terminal })
  return text
}

describe('a chart', () => {
  it('has a bar for each count, as wide as the terminal allows', async () => {
    const lines = [
      { label: 'github.push', count: 16 },
      { label: 'mail', count: 4 },
      { label: 'x', count: 1 },
      { label: '(2 others)', count: 99, bar: false as const },
    ]
    assert.equal(
      await printed(lines, { columns: 34 }),
      ['github.push  16  ████████████████', 'mail          4  ████', 'x             1  █', '(2 others)   99', ''].join(
        '\n',
      ),
    )
  })

  it('is labels and numbers in a pipe', async () => {
    const lines = [
      { label: 'a\tb\u001b', count: 3 },
      { label: 'c', count: 1, bar: false as const },
    ]
    assert.equal(await printed(lines), 'a\\tb\\u001b\t3\nc\t1\n')
  })

  it('fits 80 columns, whatever the labels and counts', async () => {
    const line = fc.record({ label: fc.string({ unit: 'grapheme', maxLength: 120 }), count: fc.integer({ min: 1 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 20 }), async (lines) => {
        const text = await printed(lines, { columns: 80 })
        const rows = text.split('\n').slice(0, -1)
        assert.equal(rows.length, lines.length)
        for (const row of rows) assert.ok(stringWidth(row) < 80, row)
        const longest = lines.findIndex(({ count }) => count === Math.max(...lines.map((each) => each.count)))
        assert.ok(rows[longest]?.includes('█'))
      }),
    )
  })
})
