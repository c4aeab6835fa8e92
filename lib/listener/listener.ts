import { brand, isBranded } from '../core/brand.ts'
import type { Context } from '../core/context.ts'
import { isCount } from '../core/count.ts'
import { defined } from '../core/defined.ts'
import { type Duration, parseDuration } from '../core/duration.ts'
import { describe, quote, TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import { checkName } from '../core/limits.ts'
import { checkOptions } from '../core/options.ts'
import { memoryOf } from './memory/memory-filter.ts'
import type { On, Source } from './on.ts'
import { sourceOf } from './on.ts'

/**
 * What a handler receives besides its value. Its members can be destructured, and costly ones are created when they are
 * first read. `{ ...delivery }` copies none of them.
 */
export interface Delivery<E = StoredEvent> extends Context {
  /** The event that the value came from; of a digest, the one that began it. */
  readonly event: E
  /** The events of a digest, in order of seq; else the one event. */
  readonly events: readonly E[]
  /** The number of the value, from 0, if the pipe makes several values of one event. */
  readonly index: number
  /** A UUID-shaped digest, the same for every attempt: for services that take an idempotency key. */
  readonly key: string
}

/** The options of a listener. */
export interface ListenerOptions<E = StoredEvent> {
  /**
   * Where a listener that is new to the log begins: at the end (`'now'`, the default), at the `'start'`, at the first
   * event accepted at a Date or later, or at a seq.
   */
  readonly from?: 'now' | 'start' | Date | number
  /**
   * Whether the agents on a log in PostgreSQL share its events: those of one key, as `ordered` says, go to one agent at a
   * time. Without a key for each event (`ordered: false`), they go by identity. Default false: one agent handles all.
   */
  readonly shared?: boolean
  /** How many events are handled at a time, from 1; default 1. Of a shared listener: by each agent. */
  readonly concurrency?: number
  /**
   * Which events keep their order: those of one identity (default), all (`true`), none (`false`), or those for which
   * a function returns the same string.
   */
  readonly ordered?: boolean | ((event: E) => string)
  /** How often an event is tried before it is parked, from 1; default 5. */
  readonly attempts?: number
  /** The delay between attempts: jittered, and doubling from `min` to `max`; default 1 s to 10 min. */
  readonly backoff?: {
    /** The delay before the second attempt, in ms or as a duration, from 0. */
    readonly min: Duration
    /** The longest delay, in ms or as a duration; at least `min`. */
    readonly max: Duration
  }
  /** The longest that one delivery may take, in ms or as a duration; default 30 s. Later it has failed. */
  readonly timeout?: Duration
  /** How often the process may die while it handles an event alone before that is parked, from 1; default 5. */
  readonly crashes?: number
  /** The former name, whose cursor, retries, parked events and state this listener takes over; default none. */
  readonly formerly?: string
}

/** Options with their defaults. */
export interface ListenerSettings {
  /** Where it begins if it is new to the log. A number is a seq. */
  readonly from: 'now' | 'start' | Date | number
  /** Whether the agents on a log share its events. */
  readonly shared: boolean
  /** How many events are handled at a time, by each agent. */
  readonly concurrency: number
  /** Which events keep their order; `'identity'`: those of one identity. */
  readonly ordered: boolean | 'identity' | ((event: StoredEvent) => string)
  /** How often an event is tried before it is parked. */
  readonly attempts: number
  /** The delay between attempts. */
  readonly backoff: {
    /** The first delay, in ms. */
    readonly min: number
    /** The longest delay, in ms. */
    readonly max: number
  }
  /** The longest that one delivery may take, in ms. */
  readonly timeout: number
  /** How often the process may die while it handles an event alone before that is parked. */
  readonly crashes: number
  /** The former name; absent if it never had another. */
  readonly formerly?: string
}

/** Handles one value. If it returns a promise or an Observable, that runs to its end. */
export type Handler = (value: unknown, delivery: Delivery) => unknown

/** A named, durable subscriber: event types, a pipe of operators, a handler. Created by `listener(…)`. */
export interface Listener {
  /** Tells listeners from jobs and streams. */
  readonly kind: 'listener'
  /** The name of its cursor in the log. */
  readonly name: string
  /** What it listens on: event types and operators. */
  readonly source: Source
  /** Handles each value that leaves the pipe. */
  readonly handle: Handler
  /** Its options with their defaults. */
  readonly settings: ListenerSettings
}

/**
 * Defines a listener. It hears each matching event at least once, in order within its key, whatever happens to the
 * process in between. A delivery that fails is retried, and then parked.
 *
 * @param name its name in the log: 1 to 256 bytes, unique in its agent
 * @throws TidingsError `TIDINGS_LISTENER_INVALID` naming the invalid argument or option, `TIDINGS_DURATION_INVALID`
 *
 * @example
 * ```ts
 * import { eventType, listener, on } from 'tidings'
 *
 * const greeting = eventType('greeting').of<{ payload: string }>()
 * export const printer = listener('printer', on(greeting), (event) => console.log(event.data.payload))
 * ```
 */
export function listener<E, V>(
  name: string,
  source: On<E, V>,
  handle: (value: V, delivery: Delivery<E>) => unknown,
  options: ListenerOptions<E> = {},
): Listener {
  checkName(name, 'TIDINGS_LISTENER_INVALID', 'the name of a listener')
  const parts = sourceOf(source)
  if (parts === undefined) throw invalid(`listener ${quote(name)} needs on(…) to listen on, got ${describe(source)}`)
  if (typeof handle !== 'function') throw invalid(`listener ${quote(name)} needs a handler, got ${describe(handle)}`)
  const settings = settle(name, options)
  if (settings.shared) checkShared(name, parts, settings)
  return brand('listener', { kind: 'listener', name, source: parts, handle: handle as unknown as Handler, settings })
}

/** Whether `value` is a listener, from this copy of the package or another. */
export function isListener(value: unknown): value is Listener {
  return isBranded('listener', value)
}

const KNOWN: Record<keyof ListenerOptions, true> = {
  from: true,
  shared: true,
  concurrency: true,
  ordered: true,
  attempts: true,
  backoff: true,
  timeout: true,
  crashes: true,
  formerly: true,
}

function settle(name: string, options: ListenerOptions<never>): ListenerSettings {
  const of = `of listener ${quote(name)}`
  checkOptions(options, KNOWN, 'TIDINGS_LISTENER_INVALID', of)
  checkOptions(options.backoff ?? {}, { min: true, max: true }, 'TIDINGS_LISTENER_INVALID', `of backoff ${of}`)
  const {
    from = 'now',
    shared = false,
    concurrency = 1,
    attempts = 5,
    crashes = 5,
    ordered = 'identity',
    formerly,
  } = options
  const { min, max } = options.backoff ?? { min: 1000, max: 600_000 }
  if (from !== 'now' && from !== 'start' && !isInstant(from) && !isCount(from)) {
    throw invalid(`from ${of} must be 'now', 'start', a Date or a seq, got ${describe(from)}`)
  }
  if (typeof shared !== 'boolean') throw invalid(`shared ${of} must be true or false, got ${describe(shared)}`)
  for (const [option, value] of Object.entries({ concurrency, attempts, crashes })) {
    if (!isCount(value, 1)) throw invalid(`${option} ${of} must be a whole number from 1, got ${describe(value)}`)
  }
  if (!['boolean', 'function'].includes(typeof ordered) && ordered !== 'identity') {
    throw invalid(`ordered ${of} must be true, false or a function of the event, got ${describe(ordered)}`)
  }
  if (formerly !== undefined && (typeof formerly !== 'string' || formerly === '')) {
    throw invalid(`formerly ${of} must be a former name, got ${describe(formerly)}`)
  }
  const least = parseDuration(min, `backoff.min ${of}`, { min: 0 })
  const most = parseDuration(max, `backoff.max ${of}`, { min: 0 })
  if (least > most)
    throw invalid(`backoff.min ${of} must not be longer than backoff.max, got ${least} ms and ${most} ms`)
  return {
    from,
    shared,
    concurrency,
    attempts,
    crashes,
    ordered: ordered as ListenerSettings['ordered'],
    backoff: { min: least, max: most },
    timeout: parseDuration(options.timeout ?? 30_000, `timeout ${of}`),
    ...defined({ formerly }),
  }
}

// What needs all events in one place can't be shared, whichever log it runs on.
function checkShared(name: string, { operators }: Source, { ordered }: ListenerSettings): void {
  const title = `listener ${quote(name)} is shared`
  if (ordered === true)
    throw invalid(
      `${title}, and ordered: true gives all its events one key: order them by a function, or share nothing`,
    )
  const memory = operators.map(memoryOf).find((each) => each !== undefined)
  if (memory !== undefined)
    throw invalid(`${title}, and ${memory.code} remembers events that other agents handle: leave one of them out`)
}

function isInstant(value: unknown): boolean {
  return value instanceof Date && !Number.isNaN(value.getTime())
}

function invalid(message: string): TidingsError {
  return new TidingsError('TIDINGS_LISTENER_INVALID', message)
}
