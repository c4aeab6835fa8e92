import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { anyCharacter } from '../../../lib/testing/any-character.ts'
import { cut, identifierOf, valueAt } from '../../../streams/shared/wire.ts'

describe('an identifier from a service', () => {
  it('is text, or a number as text', () => {
    assert.equal(identifierOf('a'), 'a')
    assert.equal(identifierOf(0), '0')
    assert.equal(identifierOf(1.5), '1.5')
    for (const value of ['', 2 ** 53, Number.NaN, Infinity, null, undefined, {}, [], true])
      assert.equal(identifierOf(value), undefined, JSON.stringify(value))
  })

  it('fits the log, and stays apart from any other', () => {
    const texts = fc.string({ unit: anyCharacter, minLength: 1, maxLength: 2000, size: 'max' })
    fc.assert(
      fc.property(texts, texts, fc.nat(2000), (one, other, at) => {
        const near = `${one.slice(0, at)}\ud800${one.slice(at)}`
        const [a, b, c] = [one, other, near].map((text) => identifierOf(text) ?? '')
        for (const name of [a, b, c]) assert.ok(name?.isWellFormed() && Buffer.byteLength(name) <= 1024)
        assert.equal(a === b, one === other)
        assert.notEqual(a, c)
      }),
      { numRuns: 300 },
    )
  })
})

describe('a text from a service', () => {
  it('is cut, and well formed', () => {
    assert.equal(cut('abc', 3), 'abc')
    assert.equal(cut('abcd', 3), 'ab…')
    assert.equal(cut('a\u{1F600}bc', 3), 'a\u{FFFD}…')
    assert.equal(cut('x'.repeat(9000)).length, 8000)
  })
})

describe('the value at a path', () => {
  it('is that of own members and positions', () => {
    const value = JSON.parse('{"a":[{"b":1}],"__proto__":{"c":2},"d":null}') as unknown
    assert.equal(valueAt(value, 'a.0.b'), 1)
    assert.equal(valueAt(value, '__proto__.c'), 2)
    assert.equal(valueAt(value, 'd'), null)
    for (const path of ['a.1', 'a.0.b.c', 'd.e', 'toString', 'constructor.name', 'a.length.x', ''])
      assert.equal(valueAt(value, path), undefined, path)
  })
})
