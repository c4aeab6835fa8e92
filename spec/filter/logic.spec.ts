import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { all, any, eq, gt, not, type Test } from '../../lib/filters.ts'
import { test, value } from './arbitraries.ts'

/** Two tests are equal if they agree on every value. */
const same = (laws: (p: Test<unknown>, q: Test<unknown>, r: Test<unknown>) => [Test<unknown>, Test<unknown>]): void =>
  fc.assert(
    fc.property(test, test, test, value, (p, q, r, v) => {
      const [left, right] = laws(p, q, r)
      assert.equal(left(v), right(v))
    }),
    { numRuns: 500 },
  )

const always: Test<unknown> = () => true
const never: Test<unknown> = () => false

describe('all, any and not', () => {
  it('all() with no tests holds always, any() with none never', () => {
    fc.assert(
      fc.property(value, (v) => {
        assert.equal(all()(v), true)
        assert.equal(any()(v), false)
      }),
    )
  })

  it('all(p, q) holds where p and q both hold, any(p, q) where at least one does, not(p) where p does not', () => {
    for (const [p, q] of [
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ] as const) {
      const [left, right]: Test<number>[] = [() => p, () => q]
      assert.ok(left && right)
      assert.equal(all(left, right)(0), p && q)
      assert.equal(any(left, right)(0), p || q)
      assert.equal(not(left)(0), !p)
    }
  })

  it('De Morgan: not all is any not, not any is all not', () => {
    same((p, q, r) => [not(all(p, q, r)), any(not(p), not(q), not(r))])
    same((p, q, r) => [not(any(p, q, r)), all(not(p), not(q), not(r))])
  })

  it('double negation cancels out', () => same((p) => [not(not(p)), p]))

  it('exactly one of a test and its negation holds', () => {
    same((p) => [all(p, not(p)), never])
    same((p) => [any(p, not(p)), always])
  })

  it('identity: all(p), all(p, all()), any(p) and any(p, any()) are p', () => {
    same((p) => [all(p), p])
    same((p) => [all(p, all()), p])
    same((p) => [any(p), p])
    same((p) => [any(p, any()), p])
  })

  it('domination: a test that never holds decides all, one that always holds decides any', () => {
    same((p) => [all(p, never), never])
    same((p) => [any(p, always), always])
  })

  it('idempotence: repeating a test changes nothing', () => {
    same((p) => [all(p, p), p])
    same((p) => [any(p, p), p])
  })

  it('absorption: all(p, any(p, q)) and any(p, all(p, q)) are p', () => {
    same((p, q) => [all(p, any(p, q)), p])
    same((p, q) => [any(p, all(p, q)), p])
  })

  it('order and grouping do not matter', () => {
    same((p, q, r) => [all(p, q, r), all(r, all(q, p))])
    same((p, q, r) => [any(p, q, r), any(r, any(q, p))])
  })

  it('each distributes over the other', () => {
    same((p, q, r) => [all(p, any(q, r)), any(all(p, q), all(p, r))])
    same((p, q, r) => [any(p, all(q, r)), all(any(p, q), any(p, r))])
  })

  it('evaluate from left to right, and stop as soon as the result is known', () => {
    const asked: string[] = []
    const saying =
      (name: string, answer: boolean): Test<number> =>
      () =>
        asked.push(name) > 0 && answer
    all(saying('a', true), saying('b', false), saying('c', true))(0)
    any(saying('d', false), saying('e', true), saying('f', true))(0)
    assert.deepEqual(asked, ['a', 'b', 'd', 'e'])
  })

  it('pass on the error of a user function', () => {
    const broken: Test<unknown> = () => {
      throw new Error('broken')
    }
    for (const composed of [all(broken), any(broken), not(broken)]) assert.throws(() => composed(1), /broken/)
  })

  it('reject anything but a test, and name the value', () => {
    const notTest = 3 as unknown as Test<unknown>
    assert.throws(() => all(gt(3), notTest), { name: 'TypeError', message: 'all() expects a test, and got 3' })
    assert.throws(() => any(notTest), { name: 'TypeError', message: 'any() expects a test, and got 3' })
    assert.throws(() => not(notTest), { name: 'TypeError', message: 'not() expects a test, and got 3' })
    assert.throws(() => not(undefined as never), { message: 'not() expects a test, and got undefined' })
  })

  it('read like the code that made them', () => {
    assert.equal(String(all(gt(3), not(eq(5)))), 'all(gt(3), not(eq(5)))')
    assert.equal(String(any()), 'any()')
  })
})
