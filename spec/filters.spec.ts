import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import * as tests from '../lib/filters.ts'
import { test, value } from './filter/arbitraries.ts'

const {
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
} = tests

/** One value of each kind of JSON and more, by its name in the table below. */
const VALUES: Record<string, unknown> = {
  missing: undefined,
  null: null,
  true: true,
  false: false,
  zero: 0,
  three: 3,
  NaN: Number.NaN,
  noText: '',
  text: 'Abc',
  digits: '3',
  day: '2026-05-01',
  date: new Date('2026-05-01'),
  noDate: new Date(Number.NaN),
  noItems: [],
  items: ['Abc', 3],
  noKeys: {},
  keys: { a: 3, b: ['Abc'] },
  nested: { a: { a: { a: 3 } }, __proto__: null },
  hostile: JSON.parse('{"__proto__":{"a":3},"constructor":3,"toString":3}'),
  instance: new (class Thing {
    a = 3
  })(),
  function: () => 3,
}

/** Exports that are no tests: the filters with a memory have a table in docs/filters.md. */
const others = ['fromJSON', 'changed', 'countWithin', 'crossed', 'digest', 'firstPer', 'settled']

const everything = Object.keys(VALUES).join(' ')

/** A test, and the names of exactly the values for which it holds. */
const TABLE = [
  [all(), everything],
  [all(exists, isEmpty), 'noText noItems noKeys'],
  [any(), ''],
  [any(eq(0), isEmpty as tests.Test<unknown>), 'zero noText noItems noKeys'],
  [not(exists), 'missing null'],
  [eq(3), 'three'],
  [eq('3'), 'digits'],
  [eq(null), 'null'],
  [eq(false), 'false'],
  [eq('abc', { ignoreCase: true }), 'text'],
  [eq(new Date('2026-05-01')), 'date'],
  [ne(3), everything.replace('three ', '')],
  [lt(3), 'zero'],
  [lte(3), 'zero three'],
  [gt(0), 'three'],
  [gte(0), 'zero three'],
  [lt('3'), 'noText day'],
  [gte('3'), 'text digits'],
  [gt(new Date(0)), 'date'],
  [between(0, 3), 'zero three'],
  [between('2', '4'), 'digits day'],
  [oneOf(0, 3), 'zero three'],
  [contains('Ab'), 'text'],
  [contains('Abc'), 'text items'],
  [contains('ABC', { ignoreCase: true }), 'text items'],
  [contains(''), 'noText text digits day'],
  [startsWith('A'), 'text'],
  [endsWith('c'), 'text'],
  [endsWith('C', { ignoreCase: true }), 'text'],
  [glob('?'), 'digits'],
  [glob('*'), 'noText text digits day'],
  [matches(/^\d/), 'digits day'],
  [exists, everything.replace('missing null ', '')],
  [isType('string'), 'noText text digits day'],
  [isType('number'), 'zero three'],
  [isType('boolean'), 'true false'],
  [isType('null'), 'null'],
  [isType('array'), 'noItems items'],
  [isType('object'), 'noKeys keys nested hostile'],
  [isEmpty, 'noText noItems noKeys'],
  [some(eq(3)), 'items'],
  [each(exists), 'noItems items'],
  [each(eq(3)), 'noItems'],
  [none(eq(3)), everything.replace('items ', '')],
  [size(2), 'items keys'],
  [size(lt(2)), 'noText digits noItems noKeys nested'],
  [before('2026-05-02'), 'zero three day date'],
  [after(0), 'three day date'],
  [at('a', eq(3)), 'keys instance'],
  [at('a', not(exists)), everything.replace('keys nested ', '').replace('instance ', '')],
  [at('b.0', eq('Abc')), 'keys'],
  [at('0', exists), 'items'],
  [at('a.a.a', eq(3)), 'nested'],
  [at('__proto__', exists), 'hostile'],
  [at('__proto__.a', eq(3)), 'hostile'],
  [at('constructor', exists), 'hostile'],
  [at('toString', exists), 'hostile'],
  [at('length', exists), 'noItems items'],
] as [tests.Test<unknown>, string][]

describe('every test against every kind of value', () => {
  for (const [made, expected] of TABLE) {
    it(`${String(made)} holds for: ${expected === everything ? 'everything' : expected || 'nothing'}`, () => {
      const names = Object.entries(VALUES)
        .filter(([, v]) => made(v))
        .map(([name]) => name)
      assert.equal(names.join(' '), expected)
    })
  }

  it('covers every test', () => {
    const asked = new Set(
      TABLE.flatMap(([made]) => [...JSON.stringify(made).matchAll(/"(\w+)"/g)].map(([, name]) => name)),
    )
    assert.deepEqual(
      Object.keys(tests).filter((name) => !asked.has(name) && !others.includes(name)),
      [],
    )
  })
})

describe('no test ever throws', () => {
  it('and each returns true or false for any value', () => {
    fc.assert(
      fc.property(value, (v) => {
        for (const [made] of TABLE) assert.equal(typeof made(v), 'boolean', String(made))
      }),
      { numRuns: 1_000 },
    )
  })

  it('however they are composed', () => {
    fc.assert(
      fc.property(test, value, (made, v) => assert.equal(typeof made(v), 'boolean')),
      { numRuns: 2_000 },
    )
  })

  it('and only a negation holds for a missing value', () => {
    const negations = new Set(['not', 'ne', 'none', 'all'])
    for (const [made] of TABLE) {
      if (made(undefined)) assert.ok(negations.has(made.name) || String(made).includes('not('), String(made))
    }
  })
})
