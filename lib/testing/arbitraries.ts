import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Arbitrary } from 'fast-check'
import { describe, quote, TidingsError } from '../core/errors.ts'
import type { Draft, StoredEvent } from '../core/event.ts'
import { type EventType, isEventType } from '../core/event-type.ts'
import { checkOptions } from '../core/options.ts'
import { fits } from '../core/schema.ts'
import { DAY } from '../core/time-units.ts'
import { fc } from './fast-check.ts'
import { arbitraryOfJsonSchema, Unsupported } from './json-schema-arbitrary.ts'
import { jsonSchemaOf } from './schema-to-json-schema.ts'
import type { AnyArbitrary } from './watched-stream.ts'

/** The parts of the drafts or events to generate. */
export interface ArbitraryParts<Input> {
  /** Generates the data as it is published; default: from the schema of the type, if that tells its structure. */
  readonly data?: AnyArbitrary<Input>
  /** Generates the identifiers; default short texts, among them some that are unusual. */
  readonly identifier?: AnyArbitrary<string>
}

/**
 * Generates drafts of an event type.
 *
 * The data comes from the schema of the type if its library tells the structure: one with Standard JSON Schema (zod 4.2,
 * arktype 2.1.28 and later), one with a `toJSONSchema()`, and valibot. What the structure leaves out, such as a `refine`,
 * sorts out what was generated. For any other type, pass `data`.
 *
 * @throws TidingsError `TIDINGS_TYPE_INVALID` for something other than an event type, an unknown part, and when the schema
 *   does not tell how to make data and `data` is missing; when generating, an Error if the schema refuses nearly all of it
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { eventType } from 'tidings'
 * import { arbDraft } from 'tidings/testing'
 *
 * const order = eventType('order').of<{ cents: number }>()
 * console.log(fc.sample(arbDraft(order, { data: fc.record({ cents: fc.nat() }) }), 1))
 * ```
 */
export function arbDraft<N extends string, T, Input>(
  type: EventType<N, T, Input>,
  parts: ArbitraryParts<NoInfer<Input>> = {},
): Arbitrary<Draft<N, T>> {
  if (!isEventType(type)) {
    throw new TidingsError('TIDINGS_TYPE_INVALID', `arbitraries need an event type, got ${describe(type)}`)
  }
  checkOptions(parts, { data: true, identifier: true }, 'TIDINGS_TYPE_INVALID', `of arbitraries of ${quote(type.type)}`)
  const { schema } = type as { readonly schema?: StandardSchemaV1 }
  const data = (parts.data ?? fromSchema(type.type, schema)) as Arbitrary<Input>
  const identifier = (parts.identifier ?? identifiers) as Arbitrary<string>
  return fc.tuple(identifier, data).map(([name, input]) => type(name, input))
}

/**
 * Generates events of an event type, as `arbDraft` generates drafts: with a place in the log, and a time within a month.
 *
 * @throws as `arbDraft` does
 */
export function arbEvent<N extends string, T, Input>(
  type: EventType<N, T, Input>,
  parts: ArbitraryParts<NoInfer<Input>> = {},
): Arbitrary<StoredEvent<N, T>> {
  const place = fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.nat(30 * DAY))
  return fc.tuple(arbDraft(type, parts), place).map(([draft, [seq, after]]) => {
    const revision = draft.version === undefined ? {} : { revision: 1 }
    return { ...draft, seq, created: BEGINNING + after, ...revision }
  })
}

/** When the first event may have been created, in ms since the epoch. */
const BEGINNING = Date.UTC(2026, 0, 1)

const identifiers: Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z0-9]{1,8}$/) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }) },
)

/** How many values in a row a schema may refuse. */
const MOST_REFUSED = 200

function fromSchema(type: string, schema: StandardSchemaV1 | undefined): Arbitrary<unknown> {
  const advice = `pass data: arbEvent(type, { data: fc.record({ … }) })`
  if (schema === undefined) {
    throw new TidingsError(
      'TIDINGS_TYPE_INVALID',
      `event type ${quote(type)} has no schema to make data from: ${advice}`,
    )
  }
  const { vendor } = schema['~standard']
  const structure = jsonSchemaOf(schema)
  if (structure === undefined) {
    const words = `the schema of event type ${quote(type)}, by ${vendor}, does not tell how to make data: ${advice}`
    throw new TidingsError('TIDINGS_TYPE_INVALID', words)
  }
  try {
    return fitting(type, schema, arbitraryOfJsonSchema(structure))
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error
    const words = `the schema of event type ${quote(type)} has ${error.message}, which data is not made from: ${advice}`
    throw new TidingsError('TIDINGS_TYPE_INVALID', words)
  }
}

/** What JSON Schema cannot say, the schema itself decides. */
function fitting(type: string, schema: StandardSchemaV1, values: Arbitrary<unknown>): Arbitrary<unknown> {
  let refused = 0
  return values.filter((value) => {
    if (fits(schema, value)) {
      refused = 0
      return true
    }
    refused += 1
    if (refused < MOST_REFUSED) return false
    throw new Error(
      `the schema of event type ${quote(type)} refuses nearly all generated data: pass data to arbEvent(…)`,
    )
  })
}
