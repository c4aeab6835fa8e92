import { defined } from '../../core/defined.ts'
import { TidingsError } from '../../core/errors.ts'
import type { Log } from '../../log/port.ts'
import { count } from '../../log/query.ts'
import { shardPlace } from '../../log/shards.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { type DeliveryRow, RECENT_DELIVERIES } from '../run/recent-deliveries.ts'
import { checkRename, removeListener } from '../run/rename-listener.ts'
import { parseInstant } from './event-search.ts'
import { knownListener, refuseIfInUse } from './known.ts'
import { type PauseAnswer, pausing } from './pausing.ts'
import { type ListenerRow, listenerRows } from './rows.ts'
import { steerable } from './steerable.ts'

/** Where a listener is to continue. */
export interface Reset {
  /** `start`, `now`, the seq of the first event to deliver, a date, or a time ago (`2h`). */
  readonly to: string
  /** Allows the reset to skip events that the listener has not handled; default false. */
  readonly passOver?: boolean
}

/** The outcome of a reset. A cursor is a seq: everything up to it is settled. */
export interface ResetAnswer {
  /** The name of the listener. */
  readonly name: string
  /** The cursor before the reset. */
  readonly before: number
  /** The cursor that the reset asks for. */
  readonly cursor: number
  /** False if the cursor is already there, or if the reset would skip events without `passOver`. */
  readonly moved: boolean
}

/** The operations on listeners. They reject a name that the log does not know. */
export interface ListenerOperations {
  /** All listeners that the log knows. */
  list(question?: {
    /** The names of the listeners that the agent has; the others count as orphaned. */
    readonly known?: readonly string[]
  }): Promise<readonly ListenerRow[]>
  /**
   * Its newest deliveries, newest first, since the agent loaded its code: how they ended, and what its handler asked of the
   * world. None without a running agent: they are not stored.
   */
  deliveries(
    name: string,
    question?: {
      /** At most this many, up to 256; default 256. */
      readonly limit?: number
    },
  ): Promise<readonly DeliveryRow[]>
  /**
   * The listener receives nothing until it is resumed, also after a restart; events that arrive meanwhile wait for it.
   */
  pause(name: string): Promise<PauseAnswer>
  /** Resumes a listener from its cursor. */
  resume(name: string): Promise<PauseAnswer>
  /** Moves the listener; an event that it receives again is a replay. Parked events stay parked. */
  reset(name: string, reset: Reset): Promise<ResetAnswer>
  /** Moves its cursor, its state and its parked events to a name that the log does not know. */
  rename(
    name: string,
    to: string,
  ): Promise<{
    /** The new name. */
    readonly name: string
    /** The old name. */
    readonly formerly: string
  }>
  /**
   * Removes a listener that the agent does not have: its cursor, its state, its pending retries and its parked events.
   */
  remove(name: string): Promise<{
    /** The name of the removed listener. */
    readonly name: string
  }>
}

export function listenerOperations(log: Log, agent?: AgentControl): ListenerOperations {
  return {
    list: ({ known } = {}) => listListeners(log, agent, known),
    deliveries: async (name, { limit } = {}) => {
      await knownListener(log, name)
      return agent?.deliveries(name, count(limit, 'limit', RECENT_DELIVERIES)) ?? []
    },
    ...pausing(log, agent, 'listener'),
    reset: async (name, { to, passOver = false }) => {
      const { cursor: before } = await knownListener(log, name)
      const cursor = await settledBefore(log, to)
      // A shard that is further on than the others does not go back with them.
      const isBack = cursor < before && !(passOver && shardPlace(name) !== undefined)
      const moved = isBack || (cursor > before && passOver)
      if (moved) await steerable(log, agent, name).move(cursor + 1, cursor < before)
      return { name, before, cursor, moved }
    },
    rename: async (name, to) => {
      await knownListener(log, name)
      await checkRename(log, to)
      await steerable(log, agent, name).rename(to)
      return { name: to, formerly: name }
    },
    remove: async (name) => {
      await knownListener(log, name)
      refuseIfInUse(agent?.listener(name), 'listener', name)
      await removeListener(log, name)
      return { name }
    },
  }
}

async function listListeners(
  log: Log,
  agent: AgentControl | undefined,
  known?: readonly string[],
): Promise<ListenerRow[]> {
  const rows = await listenerRows(log, known)
  const health = new Map((await agent?.health())?.listeners.map((each) => [each.name, each]))
  return rows.map((row) => {
    const { oldest, stuck } = health.get(row.name) ?? {}
    const { types, rate } = agent?.listener(row.name) ?? {}
    return { ...row, ...defined({ types, oldest, rate, stuck }) }
  })
}

/** The seq up to which everything counts as settled, for a listener that is to continue there. */
export async function settledBefore(log: Log, to: string): Promise<number> {
  const last = await log.last()
  if (to === 'now') return last
  if (to === 'start') return 0
  if (/^\d+$/.test(to)) {
    const seq = Number(to)
    if (seq >= 1 && seq <= last + 1) return seq - 1
    throw invalid(`there is no event ${to} to continue from; the newest is ${last}`, 'to')
  }
  for await (const { seq } of log.events({ since: parseInstant(to, 'to', log.clock), limit: 1 })) return seq - 1
  return last
}

function invalid(message: string, path: string): TidingsError {
  return new TidingsError('TIDINGS_LOG_INVALID', message, { details: { path } })
}
