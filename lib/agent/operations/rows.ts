import { defined } from '../../core/defined.ts'
import { memoryNamespace } from '../../dispatch/memory-gate.ts'
import { heldByJob } from '../../job/held-drafts.ts'
import { JOBS, type JobRecord } from '../../job/job-record.ts'
import { CELLS, openWait } from '../../listener/judge/kept.ts'
import type { Lag, Log } from '../../log/port.ts'
import { type Pause, pausedNames } from '../run/pauses.ts'

/** The log's record of a job. */
export interface JobRow {
  /** The name of the job. */
  readonly name: string
  /** When the log first saw the job, in ISO format; absent if it has not run yet. */
  readonly firstSeen?: string
  /** Its newest settled slot, in ISO format; absent before the first. */
  readonly lastSlot?: string
  /** Whether a run has ever succeeded. */
  readonly succeeded: boolean
  /** Present while the job is paused. */
  readonly paused?: true
  /** Why a run cancelled the job; absent if a person paused it. */
  readonly reason?: string
  /** How many drafts are held until a person releases or discards them; absent if none are. */
  readonly held?: number
  /** Since when, in ISO format. */
  readonly heldSince?: string
}

/** The log's record of a listener. */
export interface ListenerRow extends Lag {
  /** The name of the listener. */
  readonly name: string
  /** The seq up to which everything is settled. */
  readonly cursor: number
  /** When the log first saw the listener, in ISO format. */
  readonly created: string
  /** How many events its filters hold back (`digest`, `settled`); absent if none. They do not count as retrying. */
  readonly waiting?: number
  /** When the first of them is decided, in ISO format; absent if that depends on other events. */
  readonly waitingUntil?: string
  /** Present while the listener is paused. */
  readonly paused?: true
  /** The event types that it hears, or patterns; absent if it hears all, and without a running agent. */
  readonly types?: readonly string[]
  /** When its oldest unhandled event was accepted, in ISO format; absent without one, and without a running agent. */
  readonly oldest?: string
  /** How many events it handles a minute, over the last five minutes; absent without a running agent. */
  readonly rate?: number
  /** Present if it has events and makes no progress. */
  readonly stuck?: boolean
  /** Whether the agent no longer has it; absent where the agent's listeners are not given. */
  readonly orphaned?: boolean
}

export async function jobRows(log: Log): Promise<JobRow[]> {
  const paused = await pausedNames(log, 'job')
  const held = await heldByJob(log)
  const rows: JobRow[] = []
  for await (const { key, value } of log.store(JOBS).list<JobRecord>()) {
    const { anchor, slot, succeeded = false } = value
    const settled = (await log.slots(key)).upTo?.getTime() ?? slot ?? 0
    const newest = Math.max(settled, await newestRun(log, key))
    const lastSlot = newest === 0 ? {} : { lastSlot: new Date(newest).toISOString() }
    const firstSeen = new Date(anchor).toISOString()
    rows.push({ name: key, firstSeen, ...lastSlot, succeeded, ...restOf(paused.get(key)), ...held.get(key) })
  }
  return rows
}

async function newestRun(log: Log, job: string): Promise<number> {
  for await (const { slot } of log.runs(job, { reverse: true, limit: 1 })) return slot.getTime()
  return 0
}

/** `known`: the listeners that the agent has. */
export async function listenerRows(log: Log, known?: readonly string[]): Promise<ListenerRow[]> {
  const paused = await pausedNames(log, 'listener')
  const rows: ListenerRow[] = []
  for await (const { name, cursor, created, lag } of log.consumers()) {
    const orphaned = known === undefined ? {} : { orphaned: !known.includes(name) }
    const rests = paused.has(name) ? { paused: true as const } : {}
    const { waits, ...waiting } = await waitingIn(log, name)
    const retrying = Math.max(0, lag.retrying - waits)
    rows.push({
      name,
      cursor,
      created: new Date(created).toISOString(),
      ...lag,
      retrying,
      ...waiting,
      ...rests,
      ...orphaned,
    })
  }
  return rows
}

// Each memory that holds events back has one event in the log that waits, as a retry does.
async function waitingIn(
  log: Log,
  listener: string,
): Promise<Pick<ListenerRow, 'waiting' | 'waitingUntil'> & { readonly waits: number }> {
  let [waits, events, until] = [0, 0, Number.POSITIVE_INFINITY]
  for await (const { value } of log.store(memoryNamespace(listener)).list(CELLS)) {
    const open = openWait(value)
    if (open === undefined) continue
    waits += 1
    events += open.events
    until = Math.min(until, open.until ?? Number.POSITIVE_INFINITY)
  }
  const ends = Number.isFinite(until) ? { waitingUntil: new Date(until).toISOString() } : {}
  return { waits, ...(events === 0 ? {} : { waiting: events, ...ends }) }
}

function restOf(pause: Pause | undefined): Pick<JobRow, 'paused' | 'reason'> {
  if (pause === undefined) return {}
  return { paused: true, ...defined({ reason: pause.reason }) }
}
