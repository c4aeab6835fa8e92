import type { StandardSchemaV1 } from '@standard-schema/spec'
import { brand, isBranded } from './brand.ts'
import { defined } from './defined.ts'
import { describe, quote, TidingsError } from './errors.ts'
import type { Draft, StoredEvent } from './event.ts'
import { hash } from './hash.ts'
import { canonicalJson, toJson } from './json.ts'
import { checkOptions } from './options.ts'
import { fits, validate } from './schema.ts'

/**
 * A named kind of event, with the type of its data. `N` is the literal name, `T` the data as stored, `Input` the data as
 * published: a schema may convert one to the other.
 */
export interface EventType<N extends string = string, T = unknown, Input = T> {
  /** The name of the type. */
  readonly type: N
  /**
   * Creates a draft.
   *
   * @throws TidingsError `TIDINGS_SCHEMA_FAILED` or `TIDINGS_SCHEMA_ASYNC` when the type has a schema that rejects the data;
   *   `TIDINGS_DATA_INVALID` when the type is versioned, and the part that makes the version is not JSON
   */
  (identifier: string, data: Input): Draft<N, T>
  /** Whether an event has this type; narrows the type of its data. */
  match(event: StoredEvent): event is StoredEvent<N, T>
}

/** Any event type, whatever its data. */
// biome-ignore lint/suspicious/noExplicitAny: EventType is invariant in its data, so only `any` stands for every one
export type AnyEventType = EventType<any, any, any>

/** The event that belongs to an event type, or to the name of one. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export type EventOf<X> =
  X extends EventType<infer N, infer T, any> ? StoredEvent<N, T> : X extends string ? StoredEvent<X> : never

// Data that would not survive JSON does not compile.
type Json<T> = T extends string | number | boolean | null | undefined
  ? T
  : // biome-ignore lint/suspicious/noExplicitAny: every function, whatever it takes
    T extends bigint | symbol | ((...a: any) => any) | Date | Map<any, any> | Set<any>
    ? never
    : T extends object
      ? { [K in keyof T]: Json<T[K]> }
      : unknown extends T
        ? T
        : never
type JsonSafe<T> = [T] extends [Json<T>]
  ? unknown
  : {
      /** The words of the compiler's error for data that JSON would change. */
      readonly 'event data must be JSON': never
    }

/** Options of an event type. */
export interface TypeOptions<T> {
  /**
   * Makes the type versioned: an event is told again whenever its data (`true`), or the part that the function returns,
   * differs from what was told last for the same identifier. Decision 0007.
   */
  readonly changed?: true | ((data: T) => unknown)
}

/** An event type without a schema: the type of its data is unknown until `of<T>()` declares it. */
export interface UntypedEventType<N extends string> extends EventType<N> {
  /**
   * Declares the type of the data for the compiler; it is not checked when the program runs. The options make the type
   * versioned.
   */
  of<T>(...check: unknown extends JsonSafe<T> ? [options?: TypeOptions<T>] : [JsonSafe<T>]): EventType<N, T>
}

/**
 * Defines a kind of event. The type of its data comes from `of<T>()` or from a schema (any Standard Schema, such as
 * valibot's or zod's); without either it is unknown. The log stores the output of the schema.
 *
 * @throws TidingsError `TIDINGS_TYPE_INVALID` when the name is not a non-empty string, or the schema or an option is invalid
 *
 * @example
 * ```ts
 * import { eventType } from 'tidings'
 *
 * const greeting = eventType('greeting').of<{ payload: string }>()
 * const weather = eventType('weather').of<{ celsius: number }>({ changed: (data) => Math.round(data.celsius) })
 * console.log(greeting('123', { payload: 'hello' }), weather('Utrecht', { celsius: 18.2 }))
 * ```
 */
export function eventType<const N extends string, S extends StandardSchemaV1>(
  name: N,
  schema: S,
  options?: TypeOptions<StandardSchemaV1.InferOutput<S>>,
): EventType<N, StandardSchemaV1.InferOutput<S>, StandardSchemaV1.InferInput<S>>
export function eventType<const N extends string>(name: N): UntypedEventType<N>
export function eventType(name: string, schema?: StandardSchemaV1, options?: TypeOptions<never>): unknown {
  if (typeof name !== 'string' || name === '') {
    throw new TidingsError('TIDINGS_TYPE_INVALID', `the name of an event type must be a string, got ${describe(name)}`)
  }
  if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function') {
    throw new TidingsError(
      'TIDINGS_TYPE_INVALID',
      `the second argument of eventType(${quote(name)}) must be a Standard Schema, got ${describe(schema)}`,
    )
  }
  if (schema !== undefined) return define(name, schema, options)
  return Object.assign(define(name, undefined, options), {
    of: (given = options) => define(name, undefined, given),
  })
}

function define(name: string, schema: StandardSchemaV1 | undefined, options: TypeOptions<never> | undefined) {
  const of = `of event type ${quote(name)}`
  checkOptions(options ?? {}, { changed: true }, 'TIDINGS_TYPE_INVALID', of)
  const changed = options?.changed as true | ((data: unknown) => unknown) | undefined
  if (changed !== undefined && changed !== true && typeof changed !== 'function') {
    const words = `changed ${of} must be true or a function of the data, got ${describe(changed)}`
    throw new TidingsError('TIDINGS_TYPE_INVALID', words)
  }
  const draft = (identifier: string, input: unknown): Draft => {
    const data = schema === undefined ? input : validate(schema, input, { type: name, identifier })
    const version =
      changed === undefined ? undefined : versionOf(name, identifier, changed === true ? data : changed(data))
    const transformed = schema === undefined || fits(schema, data) ? undefined : (true as const)
    return { type: name, identifier, data, ...defined({ version, transformed }) }
  }
  const match = (event: StoredEvent): boolean => event.type === name
  return brand('event-type', Object.assign(draft, { type: name, match, ...defined({ schema }) }))
}

/** Whether `value` is an event type, of this copy of the package or another. */
export function isEventType(value: unknown): value is AnyEventType & { readonly schema?: StandardSchemaV1 } {
  return isBranded('event-type', value)
}

// 128 bits of a digest tell versions apart as well as the text does, and have one length however large the data is.
function versionOf(type: string, identifier: string, chosen: unknown): string {
  try {
    const text = chosen === undefined ? '' : canonicalJson(toJson(chosen))
    return hash(text).toString('base64url').slice(0, 22)
  } catch (error) {
    throw errorOfDraft(error, type, identifier)
  }
}

/** Returns the same error with a message and details that name the draft. */
export function errorOfDraft(error: unknown, type: string, identifier: string): unknown {
  if (!(error instanceof TidingsError)) return error
  return new TidingsError(error.code, `${quote(type)} ${quote(identifier)}: ${error.message}`, {
    details: { type, identifier, ...error.details },
    ...('cause' in error ? { cause: error.cause } : {}),
  })
}
