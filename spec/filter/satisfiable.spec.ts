import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Criteria, matching } from '../../lib/filter/matching.ts'
import { mayHold } from '../../lib/filter/satisfiable.ts'
import {
  after,
  all,
  any,
  at,
  before,
  between,
  contains,
  each,
  endsWith,
  eq,
  exists,
  glob,
  gt,
  gte,
  isEmpty,
  isType,
  lt,
  lte,
  matches,
  ne,
  none,
  not,
  oneOf,
  size,
  some,
  startsWith,
  type Test,
} from '../../lib/filters.ts'
import { test, value } from './arbitraries.ts'

const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer({ min: -1, max: 5 }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom('', 'a', 'A', 'ab', 'b', 'ß', 'SS', '2026-05-01', '2026-07-01'),
    fc.string(),
    fc.constantFrom(null, true, false),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b'), tie('value'), { maxKeys: 2 }),
  ),
})).value

const operand = fc.oneof(fc.integer({ min: -1, max: 5 }), fc.constantFrom('', 'a', 'b', null, true, new Date(3)))
const criterion = fc.oneof(
  fc.tuple(fc.constantFrom('==', '!='), operand),
  fc.tuple(fc.constantFrom('<', '>'), fc.oneof(fc.integer({ min: -1, max: 5 }), fc.constantFrom('a', new Date(3)))),
  fc.tuple(fc.constant('in'), fc.array(operand, { minLength: 1, maxLength: 3 })),
)
const criteria = fc.dictionary(fc.constantFrom('data', 'data.a', 'data.b', 'data.a.b'), criterion, { maxKeys: 3 })
const matchings = criteria.map((given) => matching(given as Criteria))

describe('mayHold', () => {
  it('never rules out a test that holds for some value of an event', () => {
    fc.assert(
      fc.property(
        fc.array(test, { minLength: 1, maxLength: 4 }),
        fc.array(fc.option(json, { nil: undefined }), { minLength: 9 }),
        (tests, values) => {
          const passes = values.some((each) => tests.every((one) => one(each)))
          assert.ok(!passes || mayHold(tests, 'json'), tests.join(' and '))
        },
      ),
      { numRuns: 5000 },
    )
  })

  it('never rules out a test that holds for any value of JavaScript', () => {
    fc.assert(
      fc.property(
        fc.array(test, { minLength: 1, maxLength: 3 }),
        fc.array(value, { minLength: 9 }),
        (tests, values) => {
          const passes = values.some((each) => tests.every((one) => one(each)))
          assert.ok(!passes || mayHold(tests, 'any'), tests.join(' and '))
        },
      ),
      { numRuns: 3000 },
    )
  })

  it('never rules out criteria that hold for some event, or do not', () => {
    const tests = fc.array(fc.oneof(matchings, matchings.map(not)), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(tests, fc.array(json, { minLength: 9 }), (given, values) => {
        const passes = values.some((data) => given.every((one) => one({ data })))
        assert.ok(!passes || mayHold(given, 'json'), given.join(' and '))
      }),
      { numRuns: 5000 },
    )
  })

  it('is exact about numbers: it knows each end of a range', () => {
    const bound = fc.integer({ min: 0, max: 3 })
    const one = fc.oneof(
      fc.tuple(fc.constantFrom(lt, lte, gt, gte, eq, ne), bound).map(([make, at]) => make(at) as Test<unknown>),
      fc.tuple(bound, bound).map(([a, b]) => between(Math.min(a, b), Math.max(a, b)) as Test<unknown>),
    )
    const tests = fc.array(fc.oneof(one, one.map(not)), { minLength: 1, maxLength: 5 })
    const halves = Array.from({ length: 12 }, (_, i) => i / 2 - 1)
    fc.assert(
      fc.property(tests, (given) => {
        const passes = halves.some((each) => given.every((test) => test(each)))
        assert.equal(mayHold([isType('number'), ...given], 'json'), passes, given.join(' and '))
      }),
      { numRuns: 2000 },
    )
  })

  it('never rules out a text at the end of a range', () => {
    const bound = fc.constantFrom('', 'a', 'ab', 'b')
    const one = fc.tuple(fc.constantFrom(lt, lte, gt, gte, eq, startsWith, endsWith, contains), bound)
    const made = one.map(([make, at]) => (make as (at: string) => Test<unknown>)(at))
    const tests = fc.array(fc.oneof(made, made.map(not)), { minLength: 1, maxLength: 5 })
    const texts = ['', 'a', 'a\u0000', 'aa', 'ab', 'ab\u0000', 'abb', 'b', 'ba', 'bab', 'c']
    fc.assert(
      fc.property(tests, (given) => {
        const passes = texts.some((each) => given.every((test) => test(each)))
        assert.ok(!passes || mayHold(given, 'json'), given.join(' and '))
      }),
      { numRuns: 2000 },
    )
  })

  it('finds nothing wrong with a test of its own: what it is unsure about may hold', () => {
    const odd = (n: unknown): boolean => (n as number) % 2 === 1
    assert.ok(mayHold([all<unknown>(odd, not(odd))], 'json'))
  })

  const never: readonly unknown[] = [
    all(eq('a'), eq('b')),
    all(eq('a'), ne('a')),
    all(eq('a', { ignoreCase: true }), eq('b')),
    all(eq('a', { ignoreCase: true }), startsWith('B', { ignoreCase: true })),
    all(oneOf('a', 'b'), oneOf('c', 'd')),
    all(oneOf('a', 'b'), not(oneOf('a', 'b'))),
    all<unknown>(eq(1) as Test<unknown>, eq('1') as Test<unknown>),
    all(gt(5), lt(3)),
    all(gt(3), lte(3)),
    all(gte('b'), lt('b')),
    lt(''),
    all(between(1, 3), between(4, 5)),
    all(between(3, 3), ne(3)),
    all(gt(3), not(gt(3))),
    all(isType('string'), gt(3)),
    all(isType('number'), isType('string')),
    not(any(isType('number'), not(isType('number')))),
    all(exists, not(exists)),
    all<unknown>(exists, eq(null)),
    any(),
    size(lt(0)),
    size(all(gt(1), lt(2))),
    all(size(2), isEmpty),
    all(size(2), size(3)),
    all(size(1), startsWith('ab')),
    all(startsWith('a'), startsWith('b')),
    all(startsWith('ab'), not(startsWith('a'))),
    all(endsWith('a'), endsWith('ba'), endsWith('ca')),
    all(startsWith('b'), lt('b')),
    all(startsWith('a'), gt('b')),
    all(contains('ab'), not(contains('a')), isType('string')),
    all(eq('main'), glob('release-*')),
    all(eq('main'), matches(/^v/)),
    all(matches(/^v/), not(matches(/^v/))),
    all(before('2026-01-01'), after('2026-01-01')),
    all(eq('2027-05-01'), before('2026-01-01')),
    some(all(gt(3), lt(2))),
    all(some(eq('a')), none(eq('a'))),
    all(some(gt(3)), each(lt(2))),
    all(each(gt(3)), size(2), each(lt(2))),
    all(some(exists), isEmpty),
    all<unknown>(contains('a') as Test<unknown>, isType('array'), none(eq('a')) as Test<unknown>),
    at('a.b', all(eq(1), eq(2))),
    all(at('a', eq(1)), at('a', eq(2))),
    all(at('a.b.c', eq(1)), at('a.b.c', eq(2))),
    all(at('a.b', eq(1)), at('a', isType('string'))),
    eq(new Date(0)),
    eq(Number.POSITIVE_INFINITY),
  ]
  for (const one of never) {
    it(`finds that ${String(one)} never holds for JSON`, () => assert.equal(mayHold([one], 'json'), false))
  }

  it('finds criteria that contradict each other, or a filter beside them', () => {
    const one = matching({ 'data.a': ['==', 1], type: ['in', ['x', 'y']] })
    assert.ok(mayHold([one], 'json'))
    assert.ok(!mayHold([one, matching({ 'data.a': ['>', 1] })], 'json'))
    assert.ok(!mayHold([one, matching({ 'data.a': ['!=', 1] })], 'json'))
    assert.ok(!mayHold([one, at('type', eq('z'))], 'json'))
    assert.ok(!mayHold([one, matching({ 'data.a.b': ['==', 1] })], 'json'))
    const dates = { created: ['<', new Date(5)] } as const
    assert.ok(!mayHold([matching(dates), matching({ created: ['>', new Date(6)] })], 'json'))
  })

  it('knows that values after a map may be Dates', () => {
    assert.ok(mayHold([eq(new Date(0))], 'any'))
    assert.ok(!mayHold([all(eq(new Date(0)), eq(new Date(1)))], 'any'))
  })

  it('answers quickly for tests with thousands of operands', () => {
    const many = (from: number): string[] => Array.from({ length: 3000 }, (_, i) => String(from + i))
    const [first, ...rest] = many(0)
    assert.ok(
      mayHold([oneOf(first as string, ...rest), not(oneOf('0', ...many(1))), not(oneOf('x', ...many(9)))], 'json'),
    )
  })
})
