import { TidingsError } from '../../core/errors.ts'
import type { Log } from '../../log/port.ts'
import { instant } from '../event-question.ts'
import type { Helm } from '../helm.ts'
import { checkRename, removeListener } from '../rename-listener.ts'
import { knownListener, refuseIfInUse } from './known.ts'
import { type PauseAnswer, pausing } from './pausing.ts'
import { type ListenerRow, listenerRows } from './rows.ts'
import { steerable } from './steerable.ts'

/** Where a listener is to go on. */
export interface Reset {
  /** `start`, `now`, the seq of the first event that it is to hear, a date, or a time ago (`2h`). */
  readonly to: string
  /** Also when it then never hears what lies between. */
  readonly passOver?: boolean
}

/**
 * Where a listener was, and where it goes on: seqs up to which everything is settled. `moved` is false when that is the
 * same, or when it would pass over events and was not told that it may.
 */
export interface ResetAnswer {
  readonly name: string
  readonly before: number
  readonly cursor: number
  readonly moved: boolean
}

/** What can be asked of listeners, and done with them. A name that the log does not know is refused. */
export interface ListenerOperations {
  list(question?: { readonly known?: readonly string[] }): Promise<readonly ListenerRow[]>
  /** It hears nothing until it is resumed, also after a restart; what it misses waits for it. */
  pause(name: string): Promise<PauseAnswer>
  resume(name: string): Promise<PauseAnswer>
  /** It goes on elsewhere; what it heard before and hears again is a replay. What is parked stays so. */
  reset(name: string, reset: Reset): Promise<ResetAnswer>
  /** Its cursor, its state and what is parked go over to a name that the log does not know. */
  rename(name: string, to: string): Promise<{ readonly name: string; readonly formerly: string }>
  /** Forgets a listener that the agent does not have: its cursor, its state, what waits for a retry, what is parked. */
  remove(name: string): Promise<{ readonly name: string }>
}

export function listenerOperations(log: Log, helm?: Helm): ListenerOperations {
  return {
    list: ({ known } = {}) => listenerRows(log, known),
    ...pausing(log, helm, 'listener'),
    reset: async (name, { to, passOver = false }) => {
      const { cursor: before } = await knownListener(log, name)
      const cursor = await placeOf(log, to)
      const moved = cursor < before || (cursor > before && passOver)
      if (moved) await steerable(log, helm, name).move(cursor + 1)
      return { name, before, cursor, moved }
    },
    rename: async (name, to) => {
      await knownListener(log, name)
      await checkRename(log, to)
      await steerable(log, helm, name).rename(to)
      return { name: to, formerly: name }
    },
    remove: async (name) => {
      await knownListener(log, name)
      refuseIfInUse(helm?.listener(name), 'listener', name)
      await removeListener(log, name)
      return { name }
    },
  }
}

// The seq up to which everything counts as settled.
async function placeOf(log: Log, to: string): Promise<number> {
  const last = await log.last()
  if (to === 'now') return last
  if (to === 'start') return 0
  if (/^\d+$/.test(to)) {
    const seq = Number(to)
    if (seq >= 1 && seq <= last + 1) return seq - 1
    throw invalid(`there is no event ${to} to go on from; the newest is ${last}`, 'to')
  }
  for await (const { seq } of log.events({ since: instant(to, 'to', log.clock), limit: 1 })) return seq - 1
  return last
}

function invalid(message: string, path: string): TidingsError {
  return new TidingsError('TIDINGS_LOG_INVALID', message, { details: { path } })
}
