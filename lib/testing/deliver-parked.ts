import type { Agent } from '../agent/define/agent.ts'
import type { KnownCall } from '../agent/operations/parked-exchange.ts'
import { tryOut } from '../agent/try/try-out.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { defined } from '../core/defined.ts'
import { didYouMean } from '../core/did-you-mean.ts'
import { engineDraft, isEngineType } from '../core/engine-types.ts'
import type { ErrorInfo } from '../core/error-info.ts'
import { quote, TidingsError } from '../core/errors.ts'
import type { Draft, StoredEvent } from '../core/event.ts'
import type { JsonValue } from '../core/json.ts'
import type { World } from '../core/world.ts'
import { listenerNamespace } from '../dispatch/deliverer.ts'
import { memoryLog } from '../level/open-log.ts'
import { MemoryPipe } from '../listener/judge/memory-pipe.ts'
import type { Listener } from '../listener/listener.ts'

/** An event that a listener has parked, as `tidings parked show --as-spec` writes it into a spec. */
export interface ParkedCase {
  /** The name of the listener. */
  readonly listener: string
  /** When it parked the event: an ISO time. The handler's `now()` begins there. */
  readonly at: string
  /** The event; `created` in ms since the epoch. */
  readonly event: Pick<StoredEvent, 'type' | 'identifier' | 'data' | 'version' | 'created' | 'job'>
  /** The state of the listener, by key; default none. */
  readonly state?: Readonly<Record<string, JsonValue>>
  /**
   * What was asked of the world, in order. The same request, by method and host, gets an answer of the same status: a
   * request that had none fails. All others are answered with 200 and `{}`, and programs with nothing.
   */
  readonly calls?: readonly KnownCall[]
  /** Replacements for parts of that world, such as a `fetch` that answers with what the service sends. */
  readonly world?: Partial<World>
}

/**
 * Delivers an event that was parked once more, on a log in memory and in a world that answers as far as it is known.
 * Resolves when the handler has handled it.
 *
 * @throws an error with the words and the stack of the handler's, if it fails; TidingsError `TIDINGS_AGENT_INVALID` for an
 *   agent that has no such listener; an Error if the pipe holds filters that remember, and they let nothing through
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { agent, eventType, listener, on } from 'tidings'
 * import { deliverParked } from 'tidings/testing'
 *
 * const opened = eventType('opened').of<{ labels?: string[] }>()
 * const labels = listener('labels', on(opened), ({ data }) => console.log(data.labels!.join()))
 * const event = { type: 'opened', identifier: '7', data: {}, created: Date.UTC(2026, 0, 1) }
 * const parked = { listener: 'labels', at: '2026-01-01T00:00:31Z', event }
 * await assert.rejects(deliverParked(agent('home', [labels]), parked), /TypeError: Cannot read properties of undefined/)
 * ```
 */
export async function deliverParked(agent: Agent, parked: ParkedCase): Promise<void> {
  const { event, state = {}, world = {} } = parked
  const listener = listenerOf(agent, parked.listener)
  let now = event.created
  const clock: Clock = { now: () => now, timer: systemClock.timer }
  const log = await memoryLog({ clock })
  try {
    await log.accept([draftOf(event)], defined({ job: event.job }))
    const store = log.store(listenerNamespace(listener.name))
    for (const [key, value] of Object.entries(state)) await store.set(key, value)
    now = Date.parse(parked.at)
    const { heard } = await tryOut({ log, listener, again: {}, world: { ...worldOf(parked), ...world } })
    const [{ values, error } = { values: 0, error: undefined }] = heard
    if (error !== undefined) throw failure(listener, error)
    if (values > 0 || !hasMemory(listener)) return
    const words = 'its filters that remember let nothing through, since the log of this spec has nothing else'
    throw new Error(`listener ${quote(listener.name)} was not tried: ${words}`)
  } finally {
    await log.close()
  }
}

function listenerOf(agent: Agent, name: string): Listener {
  const found = agent.listeners.find((each) => each.name === name)
  if (found !== undefined) return found
  const names = agent.listeners.map((each) => each.name)
  const words = `agent ${quote(agent.name)} has no listener ${quote(name)}${didYouMean(name, names)}`
  throw new TidingsError('TIDINGS_AGENT_INVALID', words, { details: { listener: name } })
}

function draftOf({ type, identifier, data, version }: ParkedCase['event']): Draft {
  return isEngineType(type) ? engineDraft(type, identifier, data) : { type, identifier, data, ...defined({ version }) }
}

function hasMemory({ source }: Listener): boolean {
  return MemoryPipe.of(source) !== undefined
}

/** Statuses of answers that have no body. */
const EMPTY = [204, 205, 304]

function worldOf({ calls = [], at }: ParkedCase): World {
  const left = [...calls]
  const take = (method: string, host: string): KnownCall | undefined => {
    const place = left.findIndex((call) => call.method === method && call.host === host)
    return place < 0 ? undefined : left.splice(place, 1)[0]
  }
  return {
    fetch: async (...asked) => {
      const { method, url } = new Request(...asked)
      const known = take(method, new URL(url).host)
      if (known !== undefined && known.status === undefined) throw new TypeError('fetch failed')
      const { status = 200 } = known ?? {}
      return EMPTY.includes(status) ? new Response(null, { status }) : Response.json({}, { status })
    },
    exec: async (file) => {
      const known = take('exec', file)
      if (known?.failed !== true) return { stdout: '', stderr: '' }
      throw new TidingsError('TIDINGS_EXEC_FAILED', `${quote(file)} failed`, { details: { file } })
    },
    secret: (name) => `placeholder-of-${name}`,
    now: () => Date.parse(at),
  }
}

function failure({ name }: Listener, { name: kind, message, code, stack }: ErrorInfo): Error {
  const error = Object.assign(new Error(`listener ${quote(name)} fails: ${kind}: ${message}`), defined({ code }))
  if (stack !== undefined) error.stack = `${error.name}: ${error.message}\n${stack.split('\n').slice(1).join('\n')}`
  return error
}
