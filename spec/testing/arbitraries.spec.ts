import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import fc from 'fast-check'
import * as v from 'valibot'
import { eventType, memoryLog } from '../../lib/index.ts'
import { arbDraft, arbEvent } from '../../lib/testing/index.ts'

/** A schema of a library that tells its structure as JSON Schema, and accepts anything that `fits`. */
function schemaOf<T>(jsonSchema: object, fits: (value: unknown) => boolean = () => true): StandardSchemaV1<T> {
  const validate: StandardSchemaV1<T>['~standard']['validate'] = (value) =>
    fits(value) ? { value: value as T } : { issues: [{ message: 'it does not fit' }] }
  const standard = { version: 1 as const, vendor: 'telling', validate, jsonSchema: { input: () => jsonSchema } }
  return { '~standard': standard }
}

const everything = v.object({
  id: v.pipe(v.string(), v.uuid()),
  mail: v.pipe(v.string(), v.email()),
  at: v.pipe(v.string(), v.isoTimestamp()),
  name: v.pipe(v.string(), v.minLength(2), v.maxLength(5)),
  code: v.pipe(v.string(), v.regex(/^[A-Z]{2}-\d{3}$/)),
  count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(9)),
  share: v.pipe(v.number(), v.gtValue(0), v.ltValue(1)),
  state: v.picklist(['open', 'closed']),
  kind: v.literal('issue'),
  labels: v.pipe(v.array(v.object({ name: v.string() })), v.maxLength(3)),
  pair: v.tuple([v.boolean(), v.null()]),
  scores: v.record(v.string(), v.number()),
  by: v.union([v.string(), v.object({ login: v.string() })]),
  due: v.nullable(v.string()),
  note: v.optional(v.string()),
  even: v.pipe(
    v.number(),
    v.integer(),
    v.check((value) => value % 2 === 0),
  ),
  anything: v.unknown(),
})

const refusal = (message: RegExp) => ({ code: 'TIDINGS_TYPE_INVALID', message })

const sample = <T>(values: fc.Arbitrary<T>): readonly T[] => fc.sample(values, { numRuns: 200, seed: 7 })

describe('arbEvent', () => {
  it('makes data that fits a schema of valibot, with and without what is optional', () => {
    const events = sample(arbEvent(eventType('issue', everything)))
    for (const { data } of events) assert.ok(v.is(everything, data))
    assert.ok(events.some(({ data }) => 'note' in data) && events.some(({ data }) => !('note' in data)))
    assert.ok(events.some(({ data }) => data.due === null) && events.some(({ data }) => data.due !== null))
  })

  it('makes texts for a pattern that looks ahead, if usual texts match it, and else refuses the schema', () => {
    const texts = (pattern: string) => schemaOf({ type: 'string', pattern })
    const iso = '^\\d{4}(?!\\d)(-\\d\\d){2}(T.*)?$'
    for (const { data } of sample(arbEvent(eventType('day', texts(iso))))) assert.match(String(data), new RegExp(iso))
    const numeric = '^(?!-0$)-?\\d+$'
    for (const { data } of sample(arbEvent(eventType('count', texts(numeric)))))
      assert.match(String(data), new RegExp(numeric))
    assert.throws(() => arbEvent(eventType('odd', texts('^(?=a)[ab]{30}$'))), refusal(/the pattern \/\^\(\?=a\)/))
  })

  it('makes data of any schema that tells JSON Schema, with references, choices and bounds', () => {
    const tree = {
      $ref: '#/$defs/node',
      $defs: {
        node: {
          type: 'object',
          properties: {
            size: { type: 'integer', exclusiveMinimum: 0, maximum: 20, multipleOf: 5 },
            price: { type: ['number', 'null'], minimum: 0.5, maximum: 2 },
            children: { type: 'array', items: { $ref: '#/$defs/node' }, maxItems: 2 },
            tags: { type: 'array', items: { enum: ['a', 'b', 'c'] }, uniqueItems: true },
            both: {
              allOf: [
                { type: 'object', properties: { a: { const: 1 } }, required: ['a'] },
                { type: 'object', properties: { b: { const: 2 } }, required: ['b'] },
              ],
            },
          },
          required: ['size', 'tags', 'both'],
          additionalProperties: false,
        },
      },
    }
    interface Node {
      readonly size: number
      readonly price?: number | null
      readonly tags: readonly string[]
      readonly both: object
      readonly children?: readonly Node[]
    }
    const nodes = sample(arbEvent(eventType('tree', schemaOf<Node>(tree)))).map(({ data }) => data)
    const check = ({ size, price, tags, both, children = [] }: Node): void => {
      assert.ok([5, 10, 15, 20].includes(size), String(size))
      assert.ok(price === undefined || price === null || (price >= 0.5 && price <= 2), String(price))
      assert.equal(new Set(tags).size, tags.length)
      assert.deepEqual(both, { a: 1, b: 2 })
      assert.ok(children.length <= 2)
      children.forEach(check)
    }
    nodes.forEach(check)
    assert.ok(nodes.some(({ children }) => children?.some((child) => child.children !== undefined)))
  })

  it('makes what a log accepts, with the revision of a versioned type', async () => {
    const state = eventType('state').of<string>({ changed: true })
    const log = await memoryLog()
    for (const event of sample(arbEvent(state, { data: fc.string() })).slice(0, 20)) {
      const { seq, created, revision, ...draft } = event
      assert.ok(seq > 0 && created > Date.UTC(2025, 0) && revision === 1)
      await log.accept([draft])
    }
    await log.close()
  })

  it('takes a given arbitrary before a schema, and a given identifier', () => {
    const order = eventType('order', schemaOf<{ cents: number }>({ type: 'object' }))
    const draft = arbDraft(order, { data: fc.constant({ cents: 5 }), identifier: fc.constant('7') })
    assert.deepEqual(sample(draft)[0], { type: 'order', identifier: '7', data: { cents: 5 } })
    // @ts-expect-error the data of an order has cents
    arbDraft(order, { data: fc.constant({ dollars: 5 }) })
  })

  it('says why it cannot make data, and what to do', () => {
    assert.throws(
      () => arbEvent(eventType('x')),
      refusal(/^event type "x" has no schema to make data from: pass data: arbEvent\(type, \{ data: /),
    )
    const silent = { '~standard': { version: 1 as const, vendor: 'silent', validate: (value: unknown) => ({ value }) } }
    assert.throws(
      () => arbEvent(eventType('x', silent)),
      refusal(/the schema of event type "x", by silent, does not tell how to make data/),
    )
    assert.throws(
      () => arbEvent(eventType('x', schemaOf({ not: {} }))),
      refusal(/has "not", "if" or false, which data is not made from/),
    )
    const strange = eventType('x', v.map(v.string(), v.string()) as unknown as StandardSchemaV1<string>)
    assert.throws(() => arbEvent(strange), refusal(/by valibot, does not tell/))
    assert.throws(() => arbEvent('x' as never), refusal(/arbitraries need an event type, got "x"/))
  })

  it('gives up when a schema refuses nearly everything', () => {
    const rare = eventType(
      'rare',
      schemaOf<string>({ type: 'string' }, (value) => value === 'the one'),
    )
    assert.throws(() => sample(arbEvent(rare)), /the schema of event type "rare" refuses nearly all generated data/)
  })
})
