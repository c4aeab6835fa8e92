import type { Arbitrary } from 'fast-check'
import { describe } from '../core/errors.ts'
import { fc } from './fast-check.ts'

/** A JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** A part of a JSON Schema from which no values are made. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported'
}

/** How deep a schema may refer to itself before only its smallest values are made. */
const DEEPEST = 3

/**
 * Generates values of a JSON Schema, draft 7 or 2020-12, as schema libraries export it.
 *
 * @throws Unsupported for a keyword that it does not know
 */
export function arbitraryOfJsonSchema(root: JsonSchema): Arbitrary<unknown> {
  return new Maker(root).of(root, 0)
}

class Maker {
  readonly #root: JsonSchema

  constructor(root: JsonSchema) {
    this.#root = root
  }

  of(given: unknown, depth: number): Arbitrary<unknown> {
    if (given === true || given === undefined) return fc.jsonValue({ maxDepth: 1 })
    const schema = given as JsonSchema
    if (given === false || 'not' in schema || 'if' in schema) throw new Unsupported(`"not", "if" or false`)
    if (typeof schema['$ref'] === 'string') return this.#referred(schema['$ref'], depth)
    if ('const' in schema) return fc.constant(schema['const'])
    if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as readonly unknown[]))
    const choices = (schema['anyOf'] ?? schema['oneOf']) as readonly JsonSchema[] | undefined
    if (choices !== undefined)
      return this.#oneOf(
        choices.map((each) => ({ ...without(schema), ...each })),
        depth,
      )
    const all = schema['allOf'] as readonly JsonSchema[] | undefined
    if (all !== undefined) return this.of(merged([without(schema), ...all.map((each) => this.#resolved(each))]), depth)
    const { type } = schema
    if (Array.isArray(type))
      return this.#oneOf(
        type.map((each: unknown) => ({ ...schema, type: each })),
        depth,
      )
    return this.#typed(schema, type, depth)
  }

  #typed(schema: JsonSchema, type: unknown, depth: number): Arbitrary<unknown> {
    switch (type) {
      case 'null':
        return fc.constant(null)
      case 'boolean':
        return fc.boolean()
      case 'integer':
        return integers(schema)
      case 'number':
        return numbers(schema)
      case 'string':
        return strings(schema)
      case 'array':
        return this.#array(schema, depth)
      case 'object':
        return this.#object(schema, depth)
      case undefined:
        return 'properties' in schema ? this.#object(schema, depth) : this.of(true, depth)
      default:
        throw new Unsupported(`the type ${describe(type)}`)
    }
  }

  #array(schema: JsonSchema, depth: number): Arbitrary<unknown> {
    const first = (schema['prefixItems'] ??
      (Array.isArray(schema['items']) ? schema['items'] : [])) as readonly unknown[]
    const isOpen = schema['items'] !== false && !Array.isArray(schema['items'])
    const head = fc.tuple(...first.map((each) => this.of(each, depth)))
    if (first.length > 0 && schema['items'] === undefined) return head
    const { minItems = 0, maxItems } = schema as { readonly minItems?: number; readonly maxItems?: number }
    const least = Math.max(0, minItems - first.length)
    const most = Math.max(least, Math.min(maxItems ?? Number.POSITIVE_INFINITY, least + (depth >= DEEPEST ? 0 : 5)))
    if (!isOpen || most === 0) return head
    const items = this.of(schema['items'], depth)
    const rest =
      schema['uniqueItems'] === true
        ? fc.uniqueArray(items, { minLength: least, maxLength: most, selector: (item) => JSON.stringify(item) })
        : fc.array(items, { minLength: least, maxLength: most })
    return fc.tuple(head, rest).map(([before, after]) => [...before, ...after])
  }

  #object(schema: JsonSchema, depth: number): Arbitrary<unknown> {
    const properties = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, unknown>>)
    const required = new Set((schema['required'] ?? []) as readonly string[])
    const made = properties
      .filter(([name]) => depth < DEEPEST || required.has(name))
      .map(([name, each]) => [name, this.of(each, depth)] as const)
    const requiredKeys = made.map(([name]) => name).filter((name) => required.has(name))
    const known = fc.record(Object.fromEntries(made), { requiredKeys, noNullPrototype: true })
    const more = schema['additionalProperties'] ?? schema['patternProperties']
    // Keys beyond the known ones only where they are the point: a record.
    if (properties.length > 0 || more === false || more === undefined || depth >= DEEPEST) return known
    const names =
      schema['propertyNames'] === undefined
        ? fc.string({ minLength: 1, maxLength: 8 })
        : this.of(schema['propertyNames'], depth)
    return fc.dictionary(names as Arbitrary<string>, this.of(more, depth), { maxKeys: 4, noNullPrototype: true })
  }

  #oneOf(choices: readonly JsonSchema[], depth: number): Arbitrary<unknown> {
    // Deep down, a choice that does not refer further ends it.
    const flat = choices.filter((each) => !('$ref' in each) && each['type'] !== 'object' && each['type'] !== 'array')
    const chosen = depth >= DEEPEST && flat.length > 0 ? flat : choices
    return fc.oneof(...chosen.map((each) => this.of(each, depth)))
  }

  #referred(reference: string, depth: number): Arbitrary<unknown> {
    if (depth > 2 * DEEPEST) throw new Unsupported('a part that contains itself without an end')
    return this.of(this.#lookUp(reference), depth + 1)
  }

  #resolved(schema: JsonSchema): JsonSchema {
    return typeof schema['$ref'] === 'string' ? this.#lookUp(schema['$ref']) : schema
  }

  #lookUp(reference: string): JsonSchema {
    let found: unknown = this.#root
    for (const step of reference.split('/').slice(1)) {
      found = (found as Readonly<Record<string, unknown>> | undefined)?.[
        step.replaceAll('~1', '/').replaceAll('~0', '~')
      ]
    }
    if (!reference.startsWith('#') || found === undefined) throw new Unsupported(`the reference ${reference}`)
    return found as JsonSchema
  }
}

function without({ anyOf: _, oneOf: __, allOf: ___, ...rest }: JsonSchema): JsonSchema {
  return rest
}

/** Objects that must fit all of these fit one that has the properties of all. */
function merged(parts: readonly JsonSchema[]): JsonSchema {
  const of = (key: string): object[] => parts.flatMap((part) => (part[key] as object | undefined) ?? [])
  const properties = Object.assign({}, ...of('properties')) as object
  const required = [...new Set(of('required').flat())]
  const whole = Object.assign({}, ...parts) as JsonSchema
  return Object.keys(properties).length === 0 ? whole : { ...whole, properties, required }
}

interface Range {
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly multipleOf?: number
}

function integers(schema: Range): Arbitrary<unknown> {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf: step = 1 } = schema
  if (!Number.isSafeInteger(step)) throw new Unsupported(`an integer in steps of ${step}`)
  const low = Math.max(
    minimum ?? -Infinity,
    exclusiveMinimum === undefined ? -Infinity : Math.floor(exclusiveMinimum) + 1,
  )
  const high = Math.min(
    maximum ?? Infinity,
    exclusiveMaximum === undefined ? Infinity : Math.ceil(exclusiveMaximum) - 1,
  )
  const least = Math.ceil((Number.isFinite(low) ? low : Math.min(-1e9, high)) / step)
  const most = Math.floor((Number.isFinite(high) ? high : Math.max(1e9, low)) / step)
  return fc.integer({ min: Math.max(least, MIN), max: Math.min(most, MAX) }).map((value) => value * step)
}

const MIN = Number.MIN_SAFE_INTEGER
const MAX = Number.MAX_SAFE_INTEGER

function numbers(schema: Range): Arbitrary<unknown> {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema
  if (multipleOf !== undefined && Number.isSafeInteger(multipleOf)) return integers(schema)
  const min = Math.max(minimum ?? -1e12, exclusiveMinimum ?? -1e12)
  const max = Math.min(maximum ?? 1e12, exclusiveMaximum ?? 1e12)
  const values = fc.double({
    min,
    max: Math.max(min, max),
    noNaN: true,
    minExcluded: exclusiveMinimum === min,
    maxExcluded: exclusiveMaximum === max,
  })
  // JSON has no -0.
  const plain = values.map((value) => (Object.is(value, -0) ? 0 : value))
  if (multipleOf === undefined) return plain
  return plain.map((value) => Math.round(value / multipleOf) * multipleOf)
}

function strings(schema: JsonSchema): Arbitrary<unknown> {
  const {
    minLength = 0,
    maxLength,
    pattern,
    format,
  } = schema as {
    readonly minLength?: number
    readonly maxLength?: number
    readonly pattern?: string
    readonly format?: string
  }
  const made = format === undefined ? undefined : formats[format]
  if (made !== undefined) return made()
  if (pattern !== undefined) return matching(new RegExp(pattern))
  const most = Math.max(minLength, Math.min(maxLength ?? minLength + 20, minLength + 20))
  return fc.string({ minLength, maxLength: most })
}

/** How many samples tell whether usual texts match a pattern. */
const SAMPLES = 20

// fast-check reads no pattern with a lookahead. Most of those are about usual texts, such as dates.
function matching(pattern: RegExp): Arbitrary<string> {
  try {
    return fc.stringMatching(pattern)
  } catch {
    const matches = (text: string): boolean => pattern.test(text)
    const usual = [...Object.values(formats).map((make) => make()), fc.integer().map(String)]
    const fitting = usual.filter((each) => {
      const fit = fc.sample(each, { numRuns: SAMPLES, seed: 1 }).filter(matches).length
      return fit >= SAMPLES / 2
    })
    if (fitting.length === 0) throw new Unsupported(`the pattern ${pattern}`)
    return fc.oneof(...fitting).filter(matches)
  }
}

const date = (): Arbitrary<Date> =>
  fc.date({ min: new Date('1971-01-01T00:00:00Z'), max: new Date('2099-12-31T00:00:00Z'), noInvalidDate: true })

const formats: Readonly<Record<string, () => Arbitrary<string>>> = {
  date: () => date().map((at) => at.toISOString().slice(0, 10)),
  'date-time': () => date().map((at) => at.toISOString()),
  email: () => fc.stringMatching(/^[a-z][a-z0-9]{0,8}(\.[a-z0-9]{1,5})?@[a-z]{1,8}\.(com|org|example)$/),
  hostname: () => fc.domain(),
  ipv4: () => fc.ipV4(),
  ipv6: () => fc.ipV6(),
  time: () => date().map((at) => at.toISOString().slice(11, 19)),
  uri: () => fc.webUrl(),
  url: () => fc.webUrl(),
  uuid: () => fc.uuid(),
}
