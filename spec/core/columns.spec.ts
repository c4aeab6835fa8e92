import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import fc from 'fast-check'
import { columnsOf, cut, loadWidths, wrap } from '../../lib/core/columns.ts'

before(loadWidths)

/** Words of narrow, wide and joined characters, some of them very long. */
const texts = fc
  .array(fc.oneof(fc.constantFrom('東京都', '👩‍👧', 'a', 'naïve', 'long'.repeat(30), '…', '─│'), fc.string()), {
    maxLength: 30,
  })
  .map((words) => words.join(' ').replaceAll(/[^\P{C}\u200d]/gu, ''))
const widths = fc.integer({ min: 4, max: 100 })

describe('cut', () => {
  it('leaves what fits, and marks what is missing', () => {
    assert.deepEqual([cut('abc', 3), cut('abcd', 3), cut('東京都', 5), cut('', 3)], ['abc', 'ab…', '東京…', ''])
  })

  it('never takes more columns than there are', () => {
    fc.assert(fc.property(texts, widths, (text, width) => assert.ok(columnsOf(cut(text, width)) <= width)))
  })
})

describe('wrap', () => {
  it('breaks between words, and indents what follows', () => {
    assert.deepEqual(wrap('one two three', 8), ['one two', '  three'])
    assert.deepEqual(wrap('  one two three', 9), ['  one two', '    three'])
    assert.deepEqual(wrap('one  two', 8), ['one  two'])
    assert.deepEqual(wrap('one two three', 8, 0), ['one two', 'three'])
  })

  it('breaks a word that is longer than a line', () => {
    assert.deepEqual(wrap(`see ${'x'.repeat(10)} now`, 8), ['see', '  xxxxxx', '  xxxx', '  now'])
  })

  it('makes no line too long, and loses nothing but spaces', () => {
    fc.assert(
      fc.property(texts, widths, (text, width) => {
        const lines = wrap(text, width)
        for (const line of lines) assert.ok(columnsOf(line) <= width, line)
        assert.equal(lines.join('').replaceAll(' ', ''), text.replaceAll(' ', ''))
      }),
    )
  })
})
