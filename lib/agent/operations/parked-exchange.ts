import type { ErrorInfo } from '../../core/error-info.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { JsonValue } from '../../core/json.ts'
import { listenerNamespace } from '../../dispatch/deliverer.ts'
import type { HandlerCall } from '../../dispatch/handler-calls.ts'
import type { Log } from '../../log/port.ts'
import { SECRET, withoutCredentials } from '../try/fixture-body.ts'

/** A parked event, in full. */
export interface ParkedEvent {
  /** The listener that parked the event. */
  readonly listener: string
  /** How many deliveries were attempted. */
  readonly attempts: number
  /** When the event was parked, in ISO format. */
  readonly at: string
  /** Why the last attempt failed, with the stack. */
  readonly error: ErrorInfo
  /** The event. */
  readonly event: StoredEvent
}

/** A call that a handler made, as far as the log knows it. */
export interface KnownCall extends Omit<HandlerCall, 'ms'> {
  /** Whether a program failed; absent if it did not, and for a request. */
  readonly failed?: true
}

/**
 * What parked an event, as far as the log knows it, without secrets: those that the agent knows, and values whose names are
 * those of credentials, are `[secret]`.
 */
export interface ParkedExchange extends ParkedEvent {
  /** The state of the listener as it is now, by key. */
  readonly state: Readonly<Record<string, JsonValue>>
  /** The calls of `fetch` and `exec` in the last attempt, in order, at most 50. What was sent and answered is not known. */
  readonly calls: readonly KnownCall[]
}

/** How long before a listener parks an event it may have been announced, in ms: the clock may have stepped back. */
const EARLIER = 60_000

/** How many announcements are looked at: they come soon after the event is parked. */
const MOST_READ = 1000

export async function parkedExchange(
  log: Log,
  parked: ParkedEvent,
  scrub: (text: string) => string,
): Promise<ParkedExchange> {
  const state = new Map<string, JsonValue>()
  for await (const { key, value } of log.store(listenerNamespace(parked.listener)).list()) state.set(key, value)
  const calls = await callsOf(log, parked)
  // As entries: a key may be __proto__.
  return withoutSecrets({ ...parked, state: Object.fromEntries(state), calls }, scrub)
}

/** The announcement of a parked event has the calls of its last attempt. */
async function callsOf(log: Log, { listener, event, at, attempts, error }: ParkedEvent): Promise<readonly KnownCall[]> {
  const since = new Date(Date.parse(at) - EARLIER)
  const query = { types: ['tidings.listener.parked'], after: event.seq, since, limit: MOST_READ }
  for await (const { data } of log.events(query)) {
    const of = data as { listener?: unknown; seq?: unknown; attempts?: unknown; calls?: readonly KnownCall[] }
    if (of.listener === listener && of.seq === event.seq && of.attempts === attempts)
      return withFailure(of.calls ?? [], error)
  }
  return []
}

// The announcement does not say which program failed: it was the last one, if that is why the handler failed.
function withFailure(calls: readonly KnownCall[], { code }: ParkedEvent['error']): readonly KnownCall[] {
  const last = calls.findLastIndex(({ method }) => method === 'exec')
  if (code !== 'TIDINGS_EXEC_FAILED') return calls
  return calls.map((call, place) => (place === last ? { ...call, failed: true } : call))
}

/** The names of members whose values are credentials. */
const CREDENTIAL = /token|secret|password|passwd|api_?key|authori[sz]ation|credential|cookie/i

/** Returns the same JSON without secrets. */
export function withoutSecrets<T>(json: T, scrub: (text: string) => string): T {
  const clean = (text: string): string => withoutCredentials(scrub(text))
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return clean(value)
    if (Array.isArray(value)) return value.map(walk)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        clean(name),
        typeof member === 'string' && CREDENTIAL.test(name) ? SECRET : walk(member),
      ]),
    )
  }
  return walk(json) as T
}
