import { brand, isBranded } from '../core/brand.ts'
import type { Context } from '../core/context.ts'
import { type Duration, parseDuration } from '../core/duration.ts'
import { describe, quote, TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import { checkName } from '../core/limits.ts'
import { checkOptions } from '../core/options.ts'
import type { On, Source } from './on.ts'
import { sourceOf } from './on.ts'

/** What a handler is given beside its value. */
export interface Delivery<E = StoredEvent> extends Context {
  /** The event that the value came from. */
  readonly event: E
  /** 0, 1, 2 … when the pipe makes several values of one event. */
  readonly index: number
  /** A UUID-shaped digest, the same for every attempt: for services that take an idempotency key. */
  readonly key: string
}

export interface ListenerOptions<E = StoredEvent> {
  /** Where a listener that was never seen before begins; default `'now'`. A number is a seq. */
  readonly from?: 'now' | 'start' | Date | number
  /** How many events are handled at a time; default 1. */
  readonly concurrency?: number
  /**
   * Which events keep their order: by identity (default), all (`true`), none (`false`), or those for which a function
   * gives the same string.
   */
  readonly ordered?: boolean | ((event: E) => string)
  /** How often an event is tried before it is parked; default 5. */
  readonly attempts?: number
  /** How long to wait between attempts, jittered, doubling from `min` to `max`; default 1 s … 10 min. */
  readonly backoff?: { readonly min: Duration; readonly max: Duration }
  /** How long one delivery may take; default 30 s. */
  readonly timeout?: Duration
  /** How often the process may die over an event alone before it is parked; default 5. */
  readonly crashes?: number
  /** The older name whose cursor, retries and parked events this listener takes over. */
  readonly formerly?: string
}

/** Options with their defaults, durations in ms. */
export interface ListenerSettings {
  readonly from: 'now' | 'start' | Date | number
  readonly concurrency: number
  readonly ordered: boolean | 'identity' | ((event: StoredEvent) => string)
  readonly attempts: number
  readonly backoff: { readonly min: number; readonly max: number }
  readonly timeout: number
  readonly crashes: number
  readonly formerly?: string
}

/** What handles a value. A promise or Observable that it returns is run to its end. */
export type Handler = (value: unknown, delivery: Delivery) => unknown

/** A named, durable subscriber: event types, a pipe of operators, a handler. Made by `listener(…)`. */
export interface Listener {
  readonly kind: 'listener'
  readonly name: string
  readonly source: Source
  readonly handle: Handler
  readonly settings: ListenerSettings
}

/**
 * Defines a listener. It hears each matching event at least once, in order within its key, whatever happens to the
 * process in between; a delivery that fails is tried again, then parked.
 *
 * @throws TidingsError `TIDINGS_LISTENER_INVALID`, naming the argument or option that is wrong
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
  return brand('listener', { kind: 'listener', name, source: parts, handle: handle as unknown as Handler, settings })
}

/** Whether `value` is a listener, of this copy of the package or another. */
export function isListener(value: unknown): value is Listener {
  return isBranded('listener', value)
}

const KNOWN: Record<keyof ListenerOptions, true> = {
  from: true,
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
  const { from = 'now', concurrency = 1, attempts = 5, crashes = 5, ordered = 'identity', formerly } = options
  const { min, max } = options.backoff ?? { min: 1000, max: 600_000 }
  if (from !== 'now' && from !== 'start' && !isInstant(from) && !isCount(from, 0)) {
    throw invalid(`from ${of} must be 'now', 'start', a Date or a seq, got ${describe(from)}`)
  }
  for (const [option, value] of Object.entries({ concurrency, attempts, crashes })) {
    if (!isCount(value, 1)) throw invalid(`${option} ${of} must be a whole number from 1, got ${describe(value)}`)
  }
  if (!['boolean', 'function'].includes(typeof ordered) && ordered !== 'identity') {
    throw invalid(`ordered ${of} must be true, false or a function of the event, got ${describe(ordered)}`)
  }
  if (formerly !== undefined && (typeof formerly !== 'string' || formerly === '')) {
    throw invalid(`formerly ${of} must be an older name, got ${describe(formerly)}`)
  }
  const least = parseDuration(min, `backoff.min ${of}`, { min: 0 })
  const most = parseDuration(max, `backoff.max ${of}`, { min: 0 })
  if (least > most)
    throw invalid(`backoff.min ${of} must not be longer than backoff.max, got ${least} ms and ${most} ms`)
  return {
    from,
    concurrency,
    attempts,
    crashes,
    ordered: ordered as ListenerSettings['ordered'],
    backoff: { min: least, max: most },
    timeout: parseDuration(options.timeout ?? 30_000, `timeout ${of}`),
    ...(formerly === undefined ? {} : { formerly }),
  }
}

function isCount(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least
}

function isInstant(value: unknown): boolean {
  return value instanceof Date && !Number.isNaN(value.getTime())
}

function invalid(message: string): TidingsError {
  return new TidingsError('TIDINGS_LISTENER_INVALID', message)
}
