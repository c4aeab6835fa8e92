import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  after,
  all,
  any,
  at,
  before,
  contains,
  each,
  endsWith,
  eq,
  exists,
  glob,
  gt,
  lt,
  matches,
  ne,
  not,
  oneOf,
  some,
  startsWith,
  type Test,
} from '../../lib/filters.ts'

// The assertions of StackStorm's unit tests (st2common/tests/unit/test_operators.py) about rule criteria, applied to
// the equivalent tests here. Left out: pairs of bytes and text, since JSON has no bytes; and operator names in any case,
// since ours are functions.

const NOW = Date.parse('2026-05-01T12:00:00Z')
const ago = (seconds: number): Date => new Date(NOW - seconds * 1000)
const ignoreCase = { ignoreCase: true }

interface Level {
  readonly field_name: string
  readonly to_value: number
}

type Make = (pattern: never) => Test<never>

const letters = (text: string): [string, ...string[]] => Array.from(text) as [string]

/** Their operators in terms of ours. */
const SAID: Record<string, Make> = {
  equals: eq,
  nequals: ne,
  iequals: (p: string) => eq(p, ignoreCase),
  contains,
  icontains: (p: string) => contains(p, ignoreCase),
  ncontains: (p: string) => not(contains(p)),
  incontains: (p: string) => not(contains(p, ignoreCase)),
  startswith: startsWith,
  istartswith: (p: string) => startsWith(p, ignoreCase),
  endswith: endsWith,
  iendswith: (p: string) => endsWith(p, ignoreCase),
  lessthan: lt,
  greaterthan: gt,
  matchwildcard: glob,
  matchregex: (p: string) => matches(new RegExp(`^(?:${p})`, 's')), // anchored at the start, and . matches a line break
  regex: (p: string) => matches(new RegExp(p)),
  iregex: (p: string) => matches(new RegExp(p, 'i')),
  timediff_lt: (p: number) => after(ago(p)), // now - value < p
  timediff_gt: (p: number) => before(ago(p)),
  exists: () => exists,
  nexists: () => not(exists),
  inside: (p: string) => oneOf(...letters(p)),
  ninside: (p: string) => not(oneOf(...letters(p))),
}

/** Operator, value, pattern, StackStorm's result. */
const AGREED: [keyof typeof SAID, unknown, unknown, boolean][] = [
  ['equals', 1, 1, true],
  ['equals', '1', '1', true],
  ['equals', '', '', true],
  ['equals', '1', '2', false],
  ['nequals', 'foo', 'bar', true],
  ['nequals', 'foo', 'foo1', true],
  ['nequals', 'foo', 'FOO', true],
  ['nequals', 'True', true, true],
  ['nequals', 'None', null, true],
  ['nequals', 'True', 'True', false],
  ['nequals', null, null, false],
  ['iequals', 'ABC', 'ABC', true],
  ['iequals', 'ABC', 'abc', true],
  ['iequals', 'AbC', 'aBc', true],
  ['iequals', 'ABC', 'BCA', false],
  ['contains', 'hasystack needle haystack', 'needle', true],
  ['contains', 'needle', 'needle', true],
  ['contains', 'needlehaystack', 'needle', true],
  ['contains', 'haystackneedle', 'needle', true],
  ['contains', 'hasystack needl haystack', 'needle', false],
  ['contains', 'needla', 'needle', false],
  ['icontains', 'hasystack nEEdle haystack', 'needle', true],
  ['icontains', 'neeDle', 'NeedlE', true],
  ['icontains', 'haystackNEEDLE', 'needle', true],
  ['icontains', 'haystack needle', 'NEEDLE', true],
  ['icontains', 'needla', 'needle', false],
  ['ncontains', 'hasystack needle haystack', 'foo', true],
  ['ncontains', 'needlehaystack', 'needlex', true],
  ['ncontains', 'hasystack needle haystack', 'needle', false],
  ['ncontains', 'needla', 'needla', false],
  ['incontains', 'hasystack needle haystack', 'FOO', true],
  ['incontains', 'needle haystack', 'needlex', true],
  ['incontains', 'hasystack needle haystack', 'nEeDle', false],
  ['incontains', 'needlA', 'needlA', false],
  ['startswith', 'hasystack needle haystack', 'hasystack', true],
  ['startswith', 'a hasystack needle haystack', 'a ', true],
  ['startswith', 'hasystack needle haystack', 'needle', false],
  ['startswith', 'a hasystack needle haystack', 'haystack', false],
  ['istartswith', 'haystack needle haystack', 'HAYstack', true],
  ['istartswith', 'HAYSTACK needle haystack', 'haystack', true],
  ['istartswith', 'hasystack needle haystack', 'NEEDLE', false],
  ['istartswith', 'a hasystack needle haystack', 'haystack', false],
  ['endswith', 'hasystack needle haystackend', 'haystackend', true],
  ['endswith', 'a hasystack needle haystack b', 'b', true],
  ['endswith', 'hasystack needle haystackend', 'haystack', false],
  ['endswith', 'a hasystack needle haystack', 'a', false],
  ['iendswith', 'haystack needle haystackEND', 'HAYstackend', true],
  ['iendswith', 'HAYSTACK needle haystackend', 'haystackEND', true],
  ['iendswith', 'hasystack needle haystack', 'NEEDLE', false],
  ['iendswith', 'a hasystack needle haystack', 'a ', false],
  ['lessthan', 1, 2, true],
  ['lessthan', 'a', 'b', true],
  ['lessthan', 'aba', 'bcb', true],
  ['lessthan', 1, 1, false],
  ['greaterthan', 2, 1, true],
  ['greaterthan', 2, 3, false],
  ['matchwildcard', 'v1', 'v1', true],
  ['matchwildcard', 'test foo test', 'foo', false],
  ['matchwildcard', 'test foo test', '*foo*', true],
  ['matchwildcard', 'bar', 'b*r', true],
  ['matchwildcard', 'bar', 'b?r', true],
  ['matchregex', 'v1', 'v1$', true],
  ['matchregex', 'ponies\nmoar\nfoo\nbar\nyeah!\n', '.*bar.*', true],
  ['matchregex', 'foo\r\nponies\nbar\nfooooo', '.*ponies.*', true],
  ['matchregex', 'v1_foo', 'v1$', false],
  ['regex', 'v1', 'v1$', true],
  ['regex', 'fooponiesbarfooooo', 'ponies', true],
  ['regex', 'apple ponies oranges', '(ponies|unicorns)', true],
  ['regex', 'apple unicorns oranges', '(ponies|unicorns)', true],
  ['regex', 'apple unicorns oranges', '(pikachu|snorlax|charmander)', false],
  ['regex', 'v1_foo', 'v1$', false],
  ['regex', 'fooPONIESbarfooooo', 'ponies', false],
  ['iregex', 'V1', 'v1$', true],
  ['iregex', 'fooPONIESbarfooooo', 'ponies', true],
  ['iregex', 'V1_foo', 'v1$', false],
  ['timediff_lt', '2026-05-01T12:00:00', 10, true],
  ['timediff_lt', '2014-07-01T00:01:01.000000', 10, false],
  ['timediff_gt', '2014-07-01T00:01:01.000000', 1, true],
  ['timediff_gt', '2026-05-01T12:00:00', 10, false],
  ['exists', false, null, true],
  ['exists', 1, null, true],
  ['exists', 'foo', null, true],
  ['exists', null, null, false],
  ['nexists', false, null, false],
  ['nexists', 1, null, false],
  ['nexists', 'foo', null, false],
  ['nexists', null, null, true],
  ['inside', 'a', 'bcd', false],
  ['inside', 'a', 'abc', true],
  ['ninside', 'a', 'abc', false],
  ['ninside', 'a', 'bcd', true],
]

describe('StackStorm’s criteria operators', () => {
  for (const [operator, make] of Object.entries(SAID)) {
    const rows = AGREED.filter(([name]) => name === operator)
    it(`${operator}: ${rows.length} published assertions hold here`, () => {
      assert.ok(rows.length > 0)
      for (const [, value, pattern, expected] of rows) {
        assert.equal(
          make(pattern as never)(value as never),
          expected,
          `${String(value)} ${operator} ${String(pattern)}`,
        )
      }
    })
  }

  const tickets = [
    { field_name: 'Status', to_value: 'Approved' },
    { field_name: 'Assigned to', to_value: 'Stanley' },
  ]
  const denied = [
    { field_name: 'Status', to_value: 'Denied' },
    { field_name: 'Assigned to', to_value: 'Stanley' },
  ]
  const signed = [
    { field_name: 'Status', to_value: 'Approved' },
    { field_name: 'Signed off by', to_value: 'Approved' },
  ]
  const isApproved = all(at('field_name', eq('Status')), at('to_value', eq('Approved')))
  const levels = (...heights: number[]): Level[] => heights.map((to_value) => ({ field_name: 'waterLevel', to_value }))
  const level = (test: Test<number>): Test<Level> => at('to_value', test)

  it('search, any item that fits all patterns: some(all(…))', () => {
    assert.equal(some(isApproved)(tickets), true)
    assert.equal(some(isApproved)(denied), false)
    assert.equal(some(level(all(gt(40), lt(50), eq(46))))(levels(45, 20)), false)
    assert.equal(some(level(all(gt(40), lt(50), eq(46))))(levels(46, 20)), true)
    assert.equal(some(level(all(gt(40), lt(50))))(levels(45, 20)), true)
  })

  it('search, all items that fit all patterns: each(all(…))', () => {
    assert.equal(each(isApproved)(tickets), false)
    assert.equal(each(all(at('field_name', startsWith('S')), at('to_value', eq('Approved'))))(signed), true)
    assert.equal(each(level(all(gt(40), lt(50))))(levels(45, 46)), true)
    assert.equal(each(level(all(gt(40), lt(50))))(levels(30, 46)), false)
    assert.equal(each(level(all(gt(40), lt(50), eq(46))))(levels(45, 46)), false)
  })

  it('search, any2any and all2any: some(any(…)) and each(any(…))', () => {
    assert.equal(some(level(any(lt(40), gt(50))))(levels(30, 45)), true)
    assert.equal(some(level(any(lt(40), gt(50))))(levels(44, 45)), false)
    assert.equal(each(level(any(gt(40), lt(50), eq(46))))(levels(45, 20)), true)
    assert.equal(each(level(any(gt(40), gt(50), eq(46))))(levels(45, 20)), false)
  })
})

describe('where we differ from StackStorm, on purpose', () => {
  it('a pattern of None makes a criterion false for ever there; here the definition is rejected', () => {
    for (const make of [contains, startsWith, endsWith, glob, matches, lt, gt, before, after] as Make[]) {
      assert.throws(() => make(null as never), TypeError, make.name)
    }
  })

  it('equals None is false for None there; here null is a value like others, and equals itself', () => {
    assert.equal(eq(null)('1'), false)
    assert.equal(eq(null)(null), true)
    assert.equal(eq('1')(null), false)
  })

  it('a number of seconds as text, as their web page sends it, is not an instant: use Number(…)', () => {
    assert.throws(() => after('10'), TypeError)
  })

  it('inside searches a text for a part there; here oneOf takes a list, and contains searches a text', () => {
    assert.equal(oneOf('abc')('a'), false)
    assert.equal(contains('a')('abc'), true)
  })

  it('search treats an object as a list of one there; here it is not a list: test its fields', () => {
    const payload = { field_name: 'waterLevel', to_value: 45 }
    const isNormal = at('to_value', all(gt(40), lt(50)))
    assert.equal((each(isNormal) as Test<unknown>)(payload), false)
    assert.equal(isNormal(payload), true)
    assert.equal(isNormal({ ...payload, to_value: 30 }), false)
  })

  it('an unknown condition of search raises at run time there; here it is a function that does not exist', () => {
    assert.equal('weird' in SAID, false)
  })
})
