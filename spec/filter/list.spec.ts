import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { each, gt, isEmpty, none, not, size, some, type Test } from '../../lib/filters.ts'
import { test, value } from './arbitraries.ts'

const noArrays = ['abc', { 0: 9, length: 1 }, 9, null, undefined, new Set([9]), new Uint8Array([9])]

describe('some, each and none', () => {
  it('test the items of an array', () => {
    const answers = (list: number[]): boolean[] => [some, each, none].map((ask) => ask(gt(3))(list))
    assert.deepEqual(answers([1, 5]), [true, false, false])
    assert.deepEqual(answers([4, 5]), [true, true, false])
    assert.deepEqual(answers([1, 2]), [false, false, true])
  })

  it('on an empty array each and none hold, some does not', () => {
    assert.deepEqual(
      [some, each, none].map((ask) => ask(gt(3))([])),
      [false, true, true],
    )
  })

  it('on other values than arrays, some and each are false, and none, the negation of some, is true', () => {
    const always = (): boolean => true
    for (const v of noArrays) {
      assert.deepEqual(
        [some, each, none].map((ask) => (ask(always) as Test<unknown>)(v)),
        [false, false, true],
      )
    }
  })

  it('none(t) equals not(some(t)), and on arrays each(t) equals none(not(t))', () => {
    fc.assert(
      fc.property(test, value, fc.array(value), (p, v, list) => {
        assert.equal((none(p) as Test<unknown>)(v), !(some(p) as Test<unknown>)(v))
        assert.equal(each(p)(list), none(not(p))(list))
      }),
    )
  })

  it('some is or and each is and over the items', () => {
    fc.assert(
      fc.property(test, fc.array(value, { maxLength: 4 }), (p, list) => {
        assert.equal(some(p)(list), list.map((item) => p(item)).includes(true))
        assert.equal(each(p)(list), !list.map((item) => p(item)).includes(false))
      }),
    )
  })

  it('count a hole of a sparse array as undefined', () => {
    const missing: Test<unknown> = (item: unknown) => item === undefined
    const holes: unknown[] = Object.assign([], { length: 2 })
    assert.equal(some(missing)(holes), true)
    assert.equal(none(missing)(holes), false)
    assert.equal(each(not(missing))(holes), false)
  })

  it('pass only the item to a test', () => {
    const given: unknown[][] = []
    const recording = (...all: unknown[]): boolean => given.push(all) < 0
    some(recording)(['a', 'b'])
    none(recording)(['c'])
    assert.deepEqual(given, [['a'], ['b'], ['c']])
  })

  it('reject anything but a test', () => {
    for (const [name, ask] of Object.entries({ some, each, none })) {
      assert.throws(() => ask(3 as never), { name: 'TypeError', message: `${name}() expects a test, and got 3` })
    }
  })
})

describe('size', () => {
  it('counts items, characters and keys', () => {
    assert.equal(size(2)(['a', 'b']), true)
    assert.equal(size(2)('ab'), true)
    assert.equal(size(2)({ a: 1, b: undefined }), true)
    assert.equal(size(1)(['a', 'b']), false)
    assert.equal(size(gt(2))([1, 2, 3]), true)
    assert.equal(size(gt(2))([1, 2]), false)
  })

  it('is false for values without a size, whatever the test says', () => {
    const always = (): boolean => true
    for (const v of [null, undefined, 3, true, new Date(0), new Map(), (a: unknown, b: unknown) => [a, b]]) {
      assert.equal((size(always) as Test<unknown>)(v), false)
      assert.equal((size(0) as Test<unknown>)(v), false)
    }
  })

  it('size(0) is isEmpty', () => {
    fc.assert(fc.property(value, (v) => (size(0) as Test<unknown>)(v) === (isEmpty as Test<unknown>)(v)))
  })

  it('rejects anything but a count or a test', () => {
    const expected = 'size() expects a whole number from 0 up, or a test'
    for (const [operand, came] of [
      [-1, '-1'],
      [1.5, '1.5'],
      [Number.NaN, 'NaN'],
      ['2', "'2'"],
      [null, 'null'],
    ]) {
      assert.throws(() => size(operand as never), {
        name: 'TypeError',
        message: `${expected}, and got ${String(came)}`,
      })
    }
  })
})
