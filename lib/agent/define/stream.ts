import type { StandardSchemaV1 } from '@standard-schema/spec'
import { brand, isBranded } from '../../core/brand.ts'
import { describe, quote, TidingsError } from '../../core/errors.ts'
import type { AnyEventType } from '../../core/event-type.ts'
import { checkOptions } from '../../core/options.ts'
import { mismatches, runSchema } from '../../core/schema.ts'
import { isJob, type Job } from '../../job/job.ts'
import { isListener, type Listener } from '../../listener/listener.ts'

/** One use of a stream definition: a part of an agent. Its jobs and listeners are named `<stream>.<job>`. */
export interface Stream {
  /** Discriminates a stream from the other parts. */
  readonly kind: 'stream'
  /** The name of this use: `as`, or the definition's name. */
  readonly name: string
  /** Its jobs, under their full names. */
  readonly jobs: readonly Job[]
  /** Its listeners, under their full names. */
  readonly listeners: readonly Listener[]
  /** The event types that it publishes: those of its definition, and those that its jobs name. */
  readonly eventTypes: readonly AnyEventType[]
}

/** The options that every stream has, besides its own. */
export interface StreamUse {
  /** Names this use of the stream, if an agent has several: letters, digits, `-`, `_`; default the stream's name. */
  readonly as?: string
}

/** Makes a stream from its options. */
export type StreamFactory<O> = {} extends O ? (options?: O & StreamUse) => Stream : (options: O & StreamUse) => Stream

/** The definition of a stream: everything about one outside service. */
export interface StreamDefinition<Events, O> {
  /** The name of the stream, which begins the names of its jobs and listeners: letters, digits, `-`, `_`. */
  readonly name: string
  /** One sentence: what the stream publishes. */
  readonly summary: string
  /** The event types that the stream publishes. */
  readonly events: Events
  /** Creates the stream's jobs from its options. `use`: the name of this use, which is `as`, or the stream's name. */
  readonly jobs: (options: O, events: Events, use: string) => readonly Job[]
  /** Creates the stream's listeners from its options; default none. */
  readonly listeners?: (options: O, events: Events) => readonly Listener[]
}

/** The part of a stream definition that checks the options of each use. */
export interface OptionsSchema<S> {
  /** A Standard Schema: it validates the options and fills in their defaults. Without it, options are not checked. */
  readonly options: S
}

/**
 * Defines a stream: event types and jobs (and listeners) for one outside service. Call the result with the stream's
 * options to get a part of an agent; it also carries the stream's event types: `on(git.commit)`.
 *
 * @param definition with `options`, a Standard Schema, it validates the options and fills in their defaults
 * @throws TidingsError `TIDINGS_STREAM_INVALID` for a wrong definition; when called, for options that don't fit
 *
 * @example
 * ```ts
 * import { agent, defineStream, every, eventType, job, listener, on } from 'tidings'
 *
 * const shop = defineStream({
 *   name: 'shop',
 *   summary: 'New items in a shop.',
 *   events: { item: eventType('shop.item').of<{ sku: number }>() },
 *   jobs: ({ url }: { url: string }, { item }) => [
 *     job('items', every('10m'), async ({ fetch }) => {
 *       const items = (await (await fetch(url)).json()) as { sku: number }[]
 *       return items.map((each) => item(String(each.sku), each))
 *     }),
 *   ],
 * })
 * const hear = listener('hear', on(shop.item), (event) => console.log(event.data.sku))
 * export default agent('home', [shop({ url: 'https://shop.example/items' }), hear])
 * ```
 */
export function defineStream<const Events extends Record<string, AnyEventType>, S extends StandardSchemaV1>(
  definition: StreamDefinition<Events, StandardSchemaV1.InferOutput<S>> & OptionsSchema<S>,
): StreamFactory<StandardSchemaV1.InferInput<S>> & Events
export function defineStream<const Events extends Record<string, AnyEventType>, O = {}>(
  definition: StreamDefinition<Events, O>,
): StreamFactory<O> & Events
export function defineStream(
  definition: StreamDefinition<Record<string, AnyEventType>, unknown> & Partial<OptionsSchema<StandardSchemaV1>>,
): unknown {
  const { name, events } = definition
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw invalid(`the name of a stream must be letters, digits and - (it begins names of jobs), got ${describe(name)}`)
  }
  checkOptions(definition, KNOWN, 'TIDINGS_STREAM_INVALID', `of stream ${quote(name)}`)
  if (typeof definition.jobs !== 'function')
    throw invalid(`stream ${quote(name)} needs jobs, got ${describe(definition.jobs)}`)
  const factory = (given: StreamUse = {}): Stream => {
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      throw invalid(`the options of stream ${quote(name)} must be an object, got ${describe(given)}`)
    const { as = name, ...rest } = given
    if (typeof as !== 'string' || !NAME.test(as))
      throw invalid(`as of stream ${quote(name)} must be letters, digits and -, got ${describe(as)}`)
    const options = definition.options === undefined ? rest : checked(name, definition.options, rest)
    const jobs = parts(name, 'jobs', definition.jobs(options, events, as), isJob)
    const listeners = parts(name, 'listeners', definition.listeners?.(options, events) ?? [], isListener)
    const prefixed = <P extends Named>(kind: string, part: P): P => {
      const { formerly } = part.settings
      // The stream gave its part the former name, too.
      const settings = formerly === undefined ? part.settings : { ...part.settings, formerly: `${as}.${formerly}` }
      return brand(kind, { ...part, name: `${as}.${part.name}`, settings })
    }
    return brand('stream', {
      kind: 'stream',
      name: as,
      jobs: jobs.map((job) => prefixed('job', job)),
      listeners: listeners.map((listener) => prefixed('listener', listener)),
      eventTypes: [...new Set([...Object.values(events), ...jobs.flatMap(({ settings }) => settings.publishes)])],
    })
  }
  // Defined, not assigned: an event may be called `name`, which is a read-only property of functions.
  const carried = Object.entries(events).map(([key, value]) => [key, { value, enumerable: true }] as const)
  return brand('stream-factory', Object.defineProperties(factory, Object.fromEntries<PropertyDescriptor>(carried)))
}

/** Whether `value` is a stream, of this copy of the package or another. */
export function isStream(value: unknown): value is Stream {
  return isBranded('stream', value)
}

/** The current and the former name of a stream's part. */
interface Named {
  readonly name: string
  readonly settings: { readonly formerly?: string | undefined }
}

const KNOWN = { name: true, summary: true, events: true, options: true, jobs: true, listeners: true } as const

const NAME = /^[\p{L}\p{N}_-]+$/u

function checked(name: string, schema: StandardSchemaV1, options: unknown): unknown {
  const result = runSchema(schema, options, `the options of stream ${quote(name)}`)
  if (result.issues === undefined) return result.value
  const issues = mismatches(result)
  const what = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; ')
  throw new TidingsError('TIDINGS_STREAM_INVALID', `the options of stream ${quote(name)} don't fit: ${what}`, {
    details: { stream: name, path: issues[0]?.path ?? '', issues },
  })
}

function parts<P>(name: string, what: string, given: unknown, is: (value: unknown) => value is P): readonly P[] {
  if (Array.isArray(given) && given.every(is)) return given
  const wrong: unknown = Array.isArray(given) ? given.find((each) => !is(each)) : given
  throw invalid(`${what} of stream ${quote(name)} must give an array of ${what}, got ${describe(wrong)}`)
}

function invalid(message: string): TidingsError {
  return new TidingsError('TIDINGS_STREAM_INVALID', message)
}
