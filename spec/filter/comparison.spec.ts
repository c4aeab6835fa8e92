import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Scalar } from '../../lib/filter/operand.ts'
import { between, eq, gt, gte, lt, lte, ne, oneOf, type Test } from '../../lib/filters.ts'
import { value } from './arbitraries.ts'

const refused = (define: () => unknown, message: string): void => assert.throws(define, { name: 'TypeError', message })

describe('eq', () => {
  it('is strict', () => {
    const asked = eq(1) as Test<unknown>
    assert.deepEqual([1, '1', true, [1], new Date(1), null].map(asked), [true, false, false, false, false, false])
    assert.equal(eq('A')('a'), false)
    assert.equal(eq(0)(-0), true)
    assert.equal(eq(null)(undefined), false)
  })

  it('compares Dates as instants', () => {
    const asked = eq(new Date('2026-01-01T00:00:00Z'))
    assert.equal(asked(new Date('2026-01-01T01:00:00+01:00')), true)
    assert.equal(asked(new Date('2026-01-01T00:00:00.001Z')), false)
    assert.equal(asked(new Date(Number.NaN)), false)
    assert.equal((asked as Test<unknown>)(Date.parse('2026-01-01T00:00:00Z')), false)
  })

  it('keeps its own copy of a Date', () => {
    const date = new Date(5)
    const asked = eq(date)
    date.setTime(6)
    assert.equal(asked(new Date(5)), true)
  })

  it('compares text without case on request', () => {
    assert.equal(eq('Straße', { ignoreCase: true })('STRASSE'), true)
    assert.equal(eq('ab', { ignoreCase: true })('AB'), true)
    assert.equal(eq('ab', { ignoreCase: false })('AB'), false)
    assert.equal(eq(1, { ignoreCase: true })(1), true)
  })

  it('rejects operands that no value of an event can equal', () => {
    const expected = 'eq() expects a string, number (not NaN), boolean, null or valid Date'
    refused(() => eq(Number.NaN), `${expected}, and got NaN`)
    refused(() => eq(new Date('x')), `${expected}, and got an invalid Date`)
    refused(() => eq(undefined as never), `${expected}, and got undefined`)
    refused(() => eq({} as never), `${expected}, and got an object`)
    refused(() => eq([1] as never), `${expected}, and got an array`)
    refused(() => eq((() => true) as never), `${expected}, and got a function`)
    refused(() => eq(1n as never), `${expected}, and got 1`)
    refused(() => eq('a', { ignorecase: true } as never), "eq() expects no option but ignoreCase, and got 'ignorecase'")
    refused(() => eq('a', { ignoreCase: 1 } as never), 'eq() expects ignoreCase to be true or false, and got 1')
    refused(() => eq('a', true as never), 'eq() expects options such as { ignoreCase: true }, and got true')
  })
})

describe('ne', () => {
  it('is exactly the negation of eq, also for missing values', () => {
    const scalar = fc.oneof(
      fc.integer({ min: -1, max: 5 }),
      fc.constantFrom('a', 'A', true, null),
      fc.date({ noInvalidDate: true }),
    )
    const options = fc.constantFrom({}, { ignoreCase: true })
    fc.assert(
      fc.property(scalar, options, value, (one, how, v) => {
        assert.equal((ne(one, how) as Test<unknown>)(v), !(eq(one, how) as Test<unknown>)(v))
      }),
    )
    assert.equal(ne(1)(undefined), true)
  })

  it('is named in its errors', () => {
    assert.throws(() => ne({} as never), /^TypeError: ne\(\) expects/)
    assert.throws(() => ne('a', 1 as never), /^TypeError: ne\(\) expects/)
  })
})

describe('oneOf', () => {
  it('holds for each of its values and no other', () => {
    const asked = oneOf<Scalar>(1, 'a', null, true, new Date(5)) as Test<unknown>
    assert.deepEqual([1, 'a', null, true, new Date(5)].map(asked), [true, true, true, true, true])
    assert.deepEqual(['1', 'A', undefined, false, 5, new Date(1), []].map(asked), [
      false,
      false,
      false,
      false,
      false,
      false,
      false,
    ])
  })

  it('rejects an empty list, and the operands that eq rejects', () => {
    refused(() => (oneOf as () => unknown)(), 'oneOf() expects at least one value, and got an empty array')
    assert.throws(() => oneOf(1, Number.NaN), /^TypeError: oneOf\(\) expects .*, and got NaN$/)
    assert.throws(() => oneOf(['a'] as never), /^TypeError: oneOf\(\) expects .*, and got an array$/)
  })
})

describe('lt, lte, gt and gte', () => {
  const answers = (bound: never, v: never): boolean[] => [lt, lte, gt, gte].map((order) => order(bound)(v))

  it('order numbers, strings by code unit, and Dates as instants', () => {
    const rows: [unknown, unknown][] = [
      [1, 2],
      [-1, 0],
      [Number.NEGATIVE_INFINITY, 0],
      [1, Number.POSITIVE_INFINITY],
      ['a', 'b'],
      ['Z', 'a'],
      ['a', 'aa'],
      ['', 'a'],
      ['10', '9'],
      ['\ud83d\ude00', '\uffee'],
      [new Date(1), new Date(2)],
      [new Date('2026-01-01T01:00+01:00'), new Date('2026-01-01T00:01Z')],
    ]
    for (const [low, high] of rows) {
      assert.deepEqual(answers(high as never, low as never), [true, true, false, false])
      assert.deepEqual(answers(low as never, high as never), [false, false, true, true])
      assert.deepEqual(answers(low as never, low as never), [false, true, false, true])
    }
  })

  it('are all false without an order: another kind, NaN, an invalid Date, a missing value', () => {
    for (const bound of [1, 'a', new Date(1)]) {
      const others = [1, 'a', new Date(1)].filter((other) => typeof other !== typeof bound)
      for (const v of [...others, Number.NaN, new Date(Number.NaN), null, undefined, true, [], {}, 1n]) {
        assert.deepEqual(answers(bound as never, v as never), [false, false, false, false])
      }
    }
  })

  it('lt and gte, and lte and gt, divide all ordered values in two', () => {
    const pair = fc.oneof(
      fc.tuple(fc.double({ noNaN: true }), fc.double({ noNaN: true })),
      fc.tuple(fc.string(), fc.string()),
      fc.tuple(fc.date({ noInvalidDate: true }), fc.date({ noInvalidDate: true })),
    )
    fc.assert(
      fc.property(pair, ([bound, v]) => {
        const [below, atMost, above, atLeast] = answers(bound as never, v as never)
        assert.equal(below, !atLeast)
        assert.equal(above, !atMost)
        assert.equal(atMost && atLeast, !below && !above)
      }),
    )
  })

  it('reject bounds without an order', () => {
    for (const [name, order] of Object.entries({ lt, lte, gt, gte })) {
      const expected = `${name}() expects a number (not NaN), string or valid Date`
      refused(() => order(Number.NaN), `${expected}, and got NaN`)
      refused(() => order(new Date('x')), `${expected}, and got an invalid Date`)
      refused(() => order(true as never), `${expected}, and got true`)
      refused(() => order(null as never), `${expected}, and got null`)
      refused(() => order(gt(3) as never), `${expected}, and got a function`)
    }
  })
})

describe('between', () => {
  it('includes both ends', () => {
    assert.deepEqual([1, 2, 3, 4, 5].map(between(2, 4)), [false, true, true, true, false])
    assert.deepEqual(['a', 'b', 'bz', 'c'].map(between('b', 'bz')), [false, true, true, false])
    assert.equal(between(new Date(1), new Date(3))(new Date(3)), true)
    assert.equal(between(2, 2)(2), true)
    assert.equal((between(2, 4) as Test<unknown>)('3'), false)
  })

  it('is gte and lte together', () => {
    const bound = fc.integer({ min: -5, max: 5 })
    fc.assert(
      fc.property(bound, bound, bound, (a, b, v) => {
        const [lo, hi] = [Math.min(a, b), Math.max(a, b)]
        assert.equal(between(lo, hi)(v), gte(lo)(v) && lte(hi)(v))
      }),
    )
  })

  it('rejects ends that are swapped or of two kinds', () => {
    refused(() => between(3, 2), 'between() expects an upper end in order with 3, and got 2')
    refused(() => between('a', 1 as never), "between() expects an upper end in order with 'a', and got 1")
    refused(() => between(1, new Date(5) as never), 'between() expects an upper end in order with 1, and got a Date')
    assert.throws(() => between(Number.NaN, 2), /^TypeError: between\(\) expects .*, and got NaN$/)
  })
})
