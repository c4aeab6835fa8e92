import { defined } from '../../core/defined.ts'
import type { ErrorInfo } from '../../core/error-info.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { RunStatus } from '../../job/run-report.ts'
import type { Log } from '../../log/port.ts'
import { eventAt } from './event-at.ts'

/** An event, by its place, type and identifier. */
export interface EventRef {
  /** Its place in the log. */
  readonly seq: number
  /** The type of the event. */
  readonly type: string
  /** The identifier of the event. */
  readonly identifier: string
}

/** The run that published an event. */
export interface StoryRun {
  /** The name of the job. */
  readonly job: string
  /** The slot that it ran for, in ISO format. */
  readonly slot: string
  /** The number of the attempt, from 1. */
  readonly attempt: number
  /** How the attempt ended; absent if the log does not remember it, or it has not ended. */
  readonly status?: RunStatus
  /** Its duration, in ms; absent without a status. */
  readonly ms?: number
}

/**
 * What became of an event at a listener:
 *
 * - `handled`: its handler has handled it · `passed`: a filter of the listener let it pass by
 * - `running`: it is being handled · `waiting`: the listener has not come to it, or a filter holds it back
 * - `retrying`: it waits for its next attempt · `parked`: it was set aside after its last attempt
 * - `settled`: the listener is done with it, and the log does not know whether it was handled
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
  /** The number of attempts; for `retrying` and `parked`. */
  readonly attempts?: number
  /** Why the last attempt failed. */
  readonly error?: Omit<ErrorInfo, 'stack'>
  /** When the next attempt is due, in ISO format; for `retrying`. */
  readonly nextAt?: string
}

/** Where an event comes from, and what became of it. */
export interface EventStory {
  /** The event. */
  readonly event: StoredEvent
  /** The run that published it; absent if no job did. */
  readonly run?: StoryRun
  /** The event whose listener published it; absent without one, or if that is pruned. */
  readonly cause?: EventRef
  /** The cause, the cause of the cause, and so on: at most 8. */
  readonly causes: readonly EventRef[]
  /** The events that listeners of this one published, oldest first: at most 100. */
  readonly follows: readonly EventRef[]
  /** Present if there are more of them. */
  readonly more?: true
  /** For versioned types: the seq of the revision before, if it is among the newest 20 000 older events of its type. */
  readonly revisions?: {
    /** The seq of the revision before. */
    readonly before?: number
  }
  /** What became of it at each listener that the log knows, by name: at most 1000. */
  readonly listeners: readonly StoryListener[]
}

/** How far causes are followed: the engine stops listeners that cause each other after as many. */
const MOST_CAUSES = 8

/** The story of the event at a seq; undefined without one. */
export async function storyOf(log: Log, seq: number): Promise<EventStory | undefined> {
  const event = await eventAt(log, seq)
  if (event === undefined) return undefined
  const causes = await causesOf(log, event)
  return { event, ...defined({ cause: causes[0] }), causes, follows: [], listeners: [] }
}

async function causesOf(log: Log, event: StoredEvent): Promise<EventRef[]> {
  const causes: EventRef[] = []
  let { cause } = event
  while (cause !== undefined && causes.length < MOST_CAUSES) {
    const found = await eventAt(log, cause)
    if (found === undefined) break
    causes.push(refOf(found))
    cause = found.cause
  }
  return causes
}

function refOf({ seq, type, identifier }: StoredEvent): EventRef {
  return { seq, type, identifier }
}
