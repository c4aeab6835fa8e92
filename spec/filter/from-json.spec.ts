import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Criteria, matching } from '../../lib/filter/matching.ts'
import {
  after,
  at,
  before,
  between,
  eq,
  exists,
  fromJSON,
  gt,
  lt,
  matches,
  oneOf,
  size,
  type Test,
} from '../../lib/filters.ts'
import { test, value } from './arbitraries.ts'

const again = (made: unknown): Test<unknown> => fromJSON(JSON.parse(JSON.stringify(made)))

describe('fromJSON', () => {
  it('reads back a test that holds for the same values, and prints the same', () => {
    fc.assert(
      fc.property(test, fc.array(value, { minLength: 1, maxLength: 8 }), (made, values) => {
        const read = again(made)
        for (const one of values) assert.equal(read(one), made(one))
        assert.deepEqual(JSON.stringify(read), JSON.stringify(made))
      }),
      { numRuns: 2000 },
    )
  })

  it('keeps Dates apart from their text, and numbers that JSON does not have', () => {
    const day = new Date('2026-05-01')
    const dated: readonly Test<never>[] = [eq(day), oneOf<Date | string>(day, 'x'), gt(day), between(new Date(0), day)]
    for (const made of dated) {
      assert.equal(String(again(made)), String(made))
    }
    assert.equal(again(eq(day))('2026-05-01T00:00:00.000Z'), false)
    assert.equal(again(lt(Number.POSITIVE_INFINITY))(5), true)
    assert.equal(again(gt(Number.NEGATIVE_INFINITY))(5), true)
    assert.equal(again(before(day))('2026-04-01'), true)
    assert.equal(again(after(0))(1), true)
  })

  it('reads back criteria', () => {
    const day = new Date('2026-05-01')
    const all: readonly Criteria[] = [
      {},
      { type: ['in', ['a', 'b']], created: ['<', day], identifier: ['!=', 'x'] },
      { created: ['in', [day, new Date(0)]], 'data.due': ['>', day], 'data.text': ['==', '2026-05-01'] },
      { created: ['>', 5], data: ['==', null] },
    ]
    const event = { type: 'a', identifier: 'y', created: 0, data: { due: '2026-06-01', text: '2026-05-01' } }
    for (const criteria of all) {
      const made = matching(criteria)
      const read = again(made)
      assert.equal(read(event), made(event))
      assert.deepEqual(JSON.stringify(read), JSON.stringify(made))
    }
  })

  it('reads constants, nested tests and expressions', () => {
    assert.equal(again(exists), exists)
    assert.equal(String(again(size(gt(2)))), 'size(gt(2))')
    assert.equal(String(again(at('a.b', eq('x', { ignoreCase: true })))), "at('a.b', eq('x', { ignoreCase: true }))")
    assert.equal(String(again(matches(/a\/b\n/gi))), String(matches(/a\/b\n/gi)))
  })

  it('refuses what is not a test, and shows it', () => {
    const rows: readonly [unknown, string][] = [
      [null, 'fromJSON() expects a test such as { "gt": [3] } or "exists", and got null'],
      [{}, 'fromJSON() expects a test such as { "gt": [3] } or "exists", and got an object'],
      [{ gt: [1], lt: [2] }, 'fromJSON() expects a test such as { "gt": [3] } or "exists", and got an object'],
      [{ gt: 1 }, 'fromJSON() expects a test such as { "gt": [3] } or "exists", and got an object'],
      [{ constructor: [1] }, "fromJSON() has no test 'constructor'"],
      ['isInteger', "fromJSON() expects a test, such as exists or isEmpty, and got 'isInteger'"],
      [{ gt: [null] }, 'gt() expects a number (not NaN), string or valid Date, and got null'],
      [
        { eq: [{ date: 'soon' }] },
        'eq() expects a string, number (not NaN), boolean, null or valid Date, and got an invalid Date',
      ],
      [{ matches: ['(('] }, "fromJSON() expects a regular expression such as '/^v/i', and got '(('"],
      [{ matches: ['/((/'] }, "fromJSON() expects a regular expression such as '/^v/i', and got '/((/'"],
      [{ all: ['exists', { nope: [] }] }, "fromJSON() has no test 'nope'"],
      [{ matching: [null] }, "matching() expects criteria such as { type: ['==', 'x'] }, and got null"],
    ]
    for (const [json, message] of rows) assert.throws(() => fromJSON(json), { name: 'TypeError', message })
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        try {
          assert.equal(typeof fromJSON(json), 'function')
        } catch (error) {
          assert.ok(error instanceof TypeError)
        }
      }),
    )
  })
})
