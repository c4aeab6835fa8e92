import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fromText, toText } from '../../lib/postgres/text.ts'

/** Texts with many of the characters that are escaped. */
const texts = fc
  .array(fc.oneof(fc.constantFrom('\0', '\x01', '\x02', 'a'), fc.string()), { maxLength: 8 })
  .map((parts) => parts.join(''))

describe('text for PostgreSQL', () => {
  it('has no NUL, and can be read back', () => {
    fc.assert(
      fc.property(texts, (text) => {
        assert.ok(!toText(text).includes('\0'))
        assert.equal(fromText(toText(text)), text)
      }),
    )
  })

  it('begins with the text of a prefix', () => {
    fc.assert(fc.property(texts, texts, (head, rest) => assert.ok(toText(head + rest).startsWith(toText(head)))))
  })

  it('of common text is that text', () => {
    for (const text of ['', 'git.commit', 'é\u{1f600}', 'a\\b\n']) assert.equal(toText(text), text)
  })
})
