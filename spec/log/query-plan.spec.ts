import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { matching } from '../../lib/filter/matching.ts'
import { parseWhere } from '../../lib/filter/parse-where.ts'
import { after, all, any, at, before, between, eq, gt, lte, ne, not, oneOf, startsWith } from '../../lib/filters.ts'
import { planOf, type QueryPlan } from '../../lib/log/query-plan.ts'
import { commonTypes, typeTest } from '../../lib/log/type-names.ts'
import { drafts, eventFilters } from '../filter/event-filters.ts'

const ANY = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }
const NONE = { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY }
const DAY = Date.parse('2026-05-01')

/** Tests, and the bounds of where they can hold; a bound that is left out is open. */
const TABLE: readonly [test: unknown, plan: Partial<QueryPlan>][] = [
  [parseWhere('type = "a"'), { types: ['a'] }],
  [parseWhere('type in ("a", "b") and type != "b"'), { types: ['a', 'b'] }],
  [parseWhere('type ~ "git.*" and data.n > 3'), { types: ['git.*'] }],
  [parseWhere('type ~ "git?b*"'), { types: ['git*'] }],
  [parseWhere('type startsWith "git."'), { types: ['git.*'] }],
  [parseWhere('type ~ "*"'), { types: ['*'] }],
  [parseWhere('type = "a" and type = "b"'), { types: [] }],
  [parseWhere('type = "a.b" and type ~ "a.*"'), { types: ['a.b'] }],
  [parseWhere('type = "a" or type = "b"'), { types: ['a', 'b'] }],
  [parseWhere('type = "a" or data.n = 1'), {}],
  [parseWhere('not type = "a"'), {}],
  [parseWhere('identifier = "7" and type = "a"'), { types: ['a'], identifiers: ['7'] }],
  [parseWhere('identifier in ("7", "8") and identifier in ("8", "9")'), { identifiers: ['8'] }],
  [parseWhere('identifier ~ "7*"'), {}],
  [parseWhere('created >= 2026-05-01'), { created: { ...ANY, low: DAY - 1 } }],
  [parseWhere('created > 5 and created < 9'), { created: { low: 5, high: 9 } }],
  [parseWhere('created = 2026-05-01'), { created: { low: DAY - 1, high: DAY + 1 } }],
  [
    parseWhere('(created > 5 and type = "a") or (created > 3 and type = "b")'),
    { types: ['a', 'b'], created: { ...ANY, low: 3 } },
  ],
  [parseWhere('seq > 5 and seq <= 9'), { seq: { low: 5, high: 9 } }],
  [parseWhere('seq in (9, 5)'), { seq: { low: 5, high: 9 } }],
  [parseWhere('data.type = "a" and data some (type = "b")'), {}],
  [at('created', all(gt(3), lte(5))), { created: { low: 3, high: 5 } }],
  [at('created', any(eq(3), between(5, 9))), { created: { low: 3, high: 9 } }],
  [at('created', gt(new Date(0))), { created: NONE }],
  [at('created', after(new Date(DAY))), { created: { ...ANY, low: DAY } }],
  [at('created', before('2026-05-01')), { created: { ...ANY, high: DAY } }],
  [at('created', not(gt(5))), {}],
  [at('type', eq('A', { ignoreCase: true })), {}],
  [at('type', startsWith('A', { ignoreCase: true })), {}],
  [at('type', oneOf<string | null>('a', null)), { types: ['a'] }],
  [at('type', ne('a')), {}],
  [at('type', any()), { types: [] }],
  [all(), {}],
  [any(), { types: [], identifiers: [], created: NONE, seq: NONE }],
  [
    matching({ type: ['in', ['a', 'b']], created: ['>', new Date(DAY)] }),
    { types: ['a', 'b'], created: { ...ANY, low: DAY } },
  ],
  [matching({ event_type: ['==', 'a'], identifier: ['==', 'x'] }), { types: ['a'], identifiers: ['x'] }],
  [
    matching({ seq: ['<', 9], created: ['in', [new Date(3), 5]] }),
    { seq: { ...ANY, high: 9 }, created: { low: 3, high: 5 } },
  ],
  [matching({ type: ['!=', 'a'] }), {}],
  [all(matching({ type: ['==', 'a'] }), (event: { data: unknown }) => event.data === 1), { types: ['a'] }],
]

describe('planOf', () => {
  for (const [test, plan] of TABLE) {
    it(`finds the bounds of ${String(test)}`, () => {
      assert.deepEqual(planOf(test), { created: ANY, seq: ANY, ...plan })
    })
  }

  it('finds none in a function of your own, whatever its name', () => {
    const forged = Object.assign(() => true, { operands: ['type', eq('a')] })
    Object.defineProperty(forged, 'name', { value: 'at' })
    assert.deepEqual(planOf(forged), { created: ANY, seq: ANY })
    assert.deepEqual(planOf(undefined), { created: ANY, seq: ANY })
  })
})

describe('a plan', () => {
  it('has room for every event for which the test holds', () => {
    let held = 0
    fc.assert(
      fc.property(eventFilters, fc.array(drafts, { minLength: 20, maxLength: 20 }), ({ test }, published) => {
        const { types, identifiers, created, seq } = planOf(test)
        const isOfType = typeTest(types?.filter((type) => type !== ''))
        for (const [i, draft] of published.entries()) {
          const event = { ...draft, seq: i + 1 }
          if (!test(event)) continue
          held += 1
          assert.ok(isOfType(event.type), `types ${types?.join()}: ${String(test)}`)
          assert.ok(identifiers?.includes(event.identifier) ?? true, `identifiers: ${String(test)}`)
          assert.ok(event.created >= created.low && event.created <= created.high, `created: ${String(test)}`)
          assert.ok(event.seq >= seq.low && event.seq <= seq.high, `seq: ${String(test)}`)
        }
      }),
      { numRuns: 5000 },
    )
    assert.ok(held > 5000, `${held} events held`)
  })
})

describe('commonTypes', () => {
  it('has every type that both lists match', () => {
    assert.deepEqual(commonTypes(['a', 'b'], ['b', 'c']), ['b'])
    assert.deepEqual(commonTypes(['a.*'], ['a.b', 'b']), ['a.b'])
    assert.deepEqual(commonTypes(['a.b', 'b'], ['a.*', '*c']), ['a.b'])
    assert.deepEqual(commonTypes(['a.*'], ['*.b']), ['a.*'])
    assert.deepEqual(commonTypes(undefined, ['a']), ['a'])
    assert.deepEqual(commonTypes([], undefined), [])
    assert.deepEqual(commonTypes(['*'], ['']), [''])
  })
})
