import type { JsonSchema } from './json-schema-arbitrary.ts'

/** A schema of valibot: an object that tells its own structure. */
interface Valibot {
  readonly kind: 'schema'
  readonly type: string
  readonly entries?: Readonly<Record<string, Valibot>>
  readonly item?: Valibot
  readonly items?: readonly Valibot[]
  readonly options?: readonly unknown[]
  readonly wrapped?: Valibot
  readonly literal?: unknown
  readonly enum?: Readonly<Record<string, unknown>>
  readonly key?: Valibot
  readonly value?: Valibot
  readonly pipe?: readonly (Valibot | Action)[]
}

/** A step of a pipe of valibot that is not a schema. */
interface Action {
  readonly kind: 'validation' | 'transformation' | 'metadata'
  readonly type: string
  readonly requirement?: unknown
}

/** The structure of a schema of valibot, which has no export of its own; undefined for another, or an unknown part. */
export function jsonSchemaOfValibot(schema: unknown): JsonSchema | undefined {
  const { kind, '~standard': standard } = schema as { kind?: unknown; '~standard'?: { vendor?: unknown } }
  if (kind !== 'schema' || standard?.vendor !== 'valibot') return undefined
  return structure(schema as Valibot)
}

function structure(schema: Valibot): JsonSchema {
  const [first, ...steps] = schema.pipe ?? [schema]
  const base = plain(first as Valibot)
  const constraints = steps.map((step) => (step.kind === 'validation' ? constraint(step, base) : {}))
  return constraints.reduce((whole, each) => ({ ...whole, ...each }), base)
}

function plain(schema: Valibot): JsonSchema {
  const { type, entries = {}, options = [] } = schema
  switch (type) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return { type }
    case 'unknown':
    case 'any':
      return {}
    case 'literal':
      return { const: schema.literal }
    case 'picklist':
      return { enum: options }
    case 'enum':
      return { enum: options.length > 0 ? options : Object.values(schema.enum ?? {}) }
    case 'object':
    case 'loose_object':
    case 'strict_object':
      return object(entries)
    case 'array':
      return { type: 'array', items: structure(schema.item as Valibot) }
    case 'tuple':
    case 'strict_tuple':
      return { type: 'array', prefixItems: (schema.items ?? []).map(structure), items: false }
    case 'record':
      return {
        type: 'object',
        propertyNames: structure(schema.key as Valibot),
        additionalProperties: structure(schema.value as Valibot),
      }
    case 'union':
    case 'variant':
      return { anyOf: (options as readonly Valibot[]).map(structure) }
    case 'nullable':
    case 'nullish':
      return { anyOf: [structure(schema.wrapped as Valibot), { type: 'null' }] }
    case 'optional':
    case 'exact_optional':
    case 'non_optional':
    case 'readonly':
      return structure(schema.wrapped as Valibot)
    default:
      throw new Error(`valibot's ${type}`)
  }
}

function object(entries: Readonly<Record<string, Valibot>>): JsonSchema {
  const names = Object.keys(entries)
  const isOptional = (name: string): boolean =>
    ['optional', 'nullish', 'exact_optional'].includes((entries[name] as Valibot).type)
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, structure(entries[name] as Valibot)])),
    required: names.filter((name) => !isOptional(name)),
  }
}

/** What a step of a pipe demands. An unknown one sorts out what was generated. */
function constraint({ type, requirement }: Action, base: JsonSchema): JsonSchema {
  const isArray = base['type'] === 'array'
  switch (type) {
    case 'integer':
    case 'safe_integer':
      return { type: 'integer' }
    case 'min_value':
      return { minimum: requirement }
    case 'max_value':
      return { maximum: requirement }
    case 'gt_value':
      return { exclusiveMinimum: requirement }
    case 'lt_value':
      return { exclusiveMaximum: requirement }
    case 'multiple_of':
      return { multipleOf: requirement }
    case 'non_empty':
      return isArray ? { minItems: 1 } : { minLength: 1 }
    case 'min_length':
      return isArray ? { minItems: requirement } : { minLength: requirement }
    case 'max_length':
      return isArray ? { maxItems: requirement } : { maxLength: requirement }
    case 'length':
      return isArray
        ? { minItems: requirement, maxItems: requirement }
        : { minLength: requirement, maxLength: requirement }
    case 'regex':
      return (requirement as RegExp).flags === '' ? { pattern: (requirement as RegExp).source } : {}
    default:
      return type in FORMATS ? { format: FORMATS[type] } : {}
  }
}

const FORMATS: Readonly<Record<string, string>> = {
  email: 'email',
  ipv4: 'ipv4',
  ipv6: 'ipv6',
  iso_date: 'date',
  iso_timestamp: 'date-time',
  iso_time_second: 'time',
  url: 'uri',
  uuid: 'uuid',
}
