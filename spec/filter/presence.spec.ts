import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KINDS } from '../../lib/filter/kind.ts'
import { exists, isEmpty, isType, type Test } from '../../lib/filters.ts'

const empty: Test<unknown> = isEmpty as Test<unknown>

describe('exists', () => {
  it('holds for every value but null and undefined', () => {
    assert.deepEqual(['', 0, false, Number.NaN, [], {}].map(exists), [true, true, true, true, true, true])
    assert.deepEqual([null, undefined].map(exists), [false, false])
  })
})

describe('isEmpty', () => {
  it("holds for '', [] and {}, and for nothing else", () => {
    for (const v of ['', [], {}, Object.create(null)]) assert.equal(empty(v), true)
    const others = [
      null,
      undefined,
      0,
      false,
      Number.NaN,
      ' ',
      [undefined],
      { a: undefined },
      new Date(0),
      new Map(),
      /a/,
    ]
    for (const v of others) assert.equal(empty(v), false)
  })
})

describe('isType', () => {
  it('distinguishes the kinds of JSON: every JSON value is of exactly one', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const kinds = KINDS.filter((kind) => isType(kind)(json))
        const first = JSON.stringify(json).charAt(0)
        const written =
          { '"': 'string', '[': 'array', '{': 'object', n: 'null', t: 'boolean', f: 'boolean' }[first] ?? 'number'
        assert.deepEqual(kinds, [written])
      }),
    )
  })

  it('values that JSON cannot hold have no kind', () => {
    class Thing {
      a = 1
    }
    for (const v of [undefined, Number.NaN, 1 / 0, 1n, Symbol('s'), () => 1, new Date(), new Map(), /a/, new Thing()]) {
      assert.deepEqual(
        KINDS.filter((kind) => isType(kind)(v)),
        [],
      )
    }
  })

  it('rejects kinds that JSON does not have', () => {
    const message = "isType() expects one of string, number, boolean, null, array, object, and got 'date'"
    assert.throws(() => isType('date' as never), { name: 'TypeError', message })
    assert.throws(() => isType(undefined as never), TypeError)
  })
})
