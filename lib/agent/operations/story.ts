import { defined } from '../../core/defined.ts'
import type { StoredEvent } from '../../core/event.ts'
import { history, type RunStatus } from '../../job/run-report.ts'
import type { Log, Stored } from '../../log/port.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { newestFirst } from './newest-first.ts'
import { type StoryListener, storyListeners } from './story-listeners.ts'

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

/** Where an event comes from, and what became of it. */
export interface EventStory {
  /** The event. */
  readonly event: StoredEvent
  /** Present if it was stored without telling it to listeners. */
  readonly untold?: true
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
  /**
   * How many events of the log `follows` does not know yet, since an older version of Tidings has stored them. Each call
   * reads 20 000 of them. Absent once it knows all.
   */
  readonly unindexed?: number
  /** For a revision that is not the first. */
  readonly revisions?: {
    /** The seq of the one before; absent if that is pruned, or not among the 5000 events of its type before this one. */
    readonly before?: number
  }
  /** What became of it at each listener that the log knows, by name: at most 1000. */
  readonly listeners: readonly StoryListener[]
}

/** How far causes are followed: the engine stops listeners that cause each other after as many. */
const MOST_CAUSES = 8

/** How many events are listed that follow. */
const MOST_FOLLOWS = 100

/** How many older events of its type are read to find the revision before. */
const MOST_OLDER = 5000

/** The story of the event at a seq; undefined without one. */
export async function storyOf(log: Log, agent: AgentControl | undefined, seq: number): Promise<EventStory | undefined> {
  const stored = await log.stored(seq)
  if (stored === undefined) return undefined
  const { event, told } = stored
  const unindexed = await log.index()
  const causes = await causesOf(log, event)
  return {
    event,
    ...(told ? {} : { untold: true }),
    ...defined({ run: await runOf(log, stored), cause: causes[0] }),
    causes,
    ...(await followsOf(log, seq)),
    ...(unindexed === 0 ? {} : { unindexed }),
    ...((event.revision ?? 1) > 1 ? { revisions: defined({ before: await revisionBefore(log, event) }) } : {}),
    listeners: await storyListeners(log, agent, stored),
  }
}

async function runOf(log: Log, { event: { job }, run = '' }: Stored): Promise<StoryRun | undefined> {
  const [, slot, attempt] = RUN.exec(run) ?? []
  if (job === undefined || slot === undefined) return undefined
  const named = { job, slot, attempt: Number(attempt) }
  for await (const row of history(log, job, { reverse: true })) {
    if (row.slot !== slot || row.attempt !== named.attempt) continue
    const { status, ms } = row
    return { ...named, status, ms }
  }
  return named
}

/** A run as `log-outlet.ts` names it. */
const RUN = /^(.+)#(\d+)$/

async function causesOf(log: Log, event: StoredEvent): Promise<EventRef[]> {
  const causes: EventRef[] = []
  let { cause } = event
  while (cause !== undefined && causes.length < MOST_CAUSES) {
    const found = (await log.stored(cause))?.event
    if (found === undefined) break
    causes.push(refOf(found))
    cause = found.cause
  }
  return causes
}

async function followsOf(log: Log, seq: number): Promise<Pick<EventStory, 'follows' | 'more'>> {
  const follows: EventRef[] = []
  for await (const event of log.causedBy(seq)) {
    if (follows.length === MOST_FOLLOWS) return { follows, more: true }
    follows.push(refOf(event))
  }
  return { follows }
}

async function revisionBefore(log: Log, { type, identifier, seq }: StoredEvent): Promise<number | undefined> {
  const fits = (event: StoredEvent): boolean => event.identifier === identifier
  const walk = { query: { types: [type], before: seq }, most: MOST_OLDER, scanned: 0, fits }
  for await (const event of newestFirst(log, walk)) if (fits(event)) return event.seq
  return undefined
}

function refOf({ seq, type, identifier }: StoredEvent): EventRef {
  return { seq, type, identifier }
}
