import { defined } from '../../core/defined.ts'
import type { ErrorInfo } from '../../core/error-info.ts'
import type { EventPlace, Log, Stored } from '../../log/port.ts'
import { typeTest } from '../../log/type-names.ts'
import type { AgentControl } from '../run/agent-control.ts'
import type { DeliveryRow } from '../run/recent-deliveries.ts'
import { MOST_READ } from './most-read.ts'
import { memoryOf, openBatch } from './why-memory.ts'

/**
 * What became of an event at a listener:
 *
 * - `handled`: its handler has taken it · `passed`: no value of it came through the filters
 * - `running`: it is being handled · `waiting`: the listener has not come to it, or a filter holds it back
 * - `retrying`: it waits for its next attempt · `parked`: it was set aside after its last attempt
 * - `settled`: the listener is done with it, and it is not known how: that is not kept on disk
 * - `not heard`: the listener does not hear its type, began later, or the event was stored without telling it
 */
export type StoryOutcome =
  | 'handled'
  | 'passed'
  | 'running'
  | 'waiting'
  | 'retrying'
  | 'parked'
  | 'settled'
  | 'not heard'

/** What became of an event at one listener. */
export interface StoryListener {
  /** The name of the listener. */
  readonly listener: string
  /** What became of the event there. */
  readonly outcome: StoryOutcome
  /** Its deliveries among the newest 256 of the listener, newest first; none on a resting log. */
  readonly deliveries: readonly DeliveryRow[]
  /** The number of attempts; for `retrying` and `parked`. */
  readonly attempts?: number
  /** Why the last attempt failed; for `retrying` and `parked`. */
  readonly error?: Omit<ErrorInfo, 'stack'>
  /** When the next attempt is due, in ISO format; for `retrying`. */
  readonly nextAt?: string
  /** When it was parked, in ISO format; for `parked`. */
  readonly parkedAt?: string
  /** The seqs of the batch that it was handed out in; absent for an event that was handed out alone. */
  readonly batch?: readonly number[]
}

/** How many listeners are asked. */
const MOST_LISTENERS = 1000

/** What became of an event at each listener of the log, by name. */
export async function storyListeners(
  log: Log,
  agent: AgentControl | undefined,
  stored: Stored,
): Promise<StoryListener[]> {
  const names: string[] = []
  for await (const { name } of log.consumers()) if (names.push(name) === MOST_LISTENERS) break
  const cells = Math.ceil(MOST_READ / Math.max(1, names.length))
  const told: StoryListener[] = []
  for (const name of names) told.push(await storyAt(log, agent, stored, name, cells))
  return told
}

// `cells`: how many records of its memory may be read.
async function storyAt(
  log: Log,
  agent: AgentControl | undefined,
  { event, told }: Stored,
  listener: string,
  cells: number,
): Promise<StoryListener> {
  const { seq } = event
  const { memory, batch } = await memoryOf(log, listener, seq)
  const handed = batch?.by ?? seq
  const place = (await log.place(listener, handed)) ?? { state: 'settled' }
  const deliveries = agent?.deliveries(listener, undefined, handed) ?? []
  const isHeldBack =
    memory !== undefined && (memory.verdict === 'waiting' || (await openBatch(log, listener, seq, cells)) !== undefined)
  const isHeard = told && place.state !== 'skipped' && typeTest(agent?.listener(listener)?.types)(event.type)
  const settled = deliveries[0]?.outcome ?? (memory?.verdict === 'filtered' ? 'passed' : undefined)
  const outcome = isHeldBack ? 'waiting' : outcomeOf(place, isHeard, settled)
  const { error: { stack: _, ...error } = { name: '', message: '' } } = place
  const at = place.at === undefined ? undefined : new Date(place.at).toISOString()
  return {
    listener,
    outcome,
    deliveries,
    ...defined({ attempts: place.attempts, error: place.error && error, batch: batch?.seqs }),
    ...defined({ [place.state === 'parked' ? 'parkedAt' : 'nextAt']: at }),
  }
}

function outcomeOf({ state }: EventPlace, isHeard: boolean, last: DeliveryRow['outcome'] | undefined): StoryOutcome {
  if (state === 'running' || state === 'retrying' || state === 'parked') return state
  // A replay hands out what the listener has not heard.
  if (last === 'handled' || last === 'passed') return last
  if (!isHeard) return 'not heard'
  return state === 'unread' ? 'waiting' : 'settled'
}
