import { quote, TidingsError } from '../../core/errors.ts'
import type { Job } from '../../job/job.ts'
import { JOBS, type JobRecord } from '../../job/job-record.ts'
import type { ConsumerInfo, Log } from '../../log/port.ts'
import { wholeOf } from '../../log/shards.ts'
import { scheduleWords } from '../../schedule/schedule.ts'
import type { SettledSlots } from '../run/next-run.ts'
import type { Pausable } from '../run/pauses.ts'

/** The log's record of each listener. */
async function listenersOf(log: Log): Promise<ReadonlyMap<string, ConsumerInfo>> {
  const all = new Map<string, ConsumerInfo>()
  for await (const info of log.consumers()) all.set(info.name, info)
  return all
}

/**
 * The log's record of a listener, or of a shard.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` when the log knows none of that name; `details.known` lists the known
 *   names
 */
export async function knownListener(log: Log, name: string): Promise<ConsumerInfo> {
  const all = await listenersOf(log)
  const whole = all.get(wholeOf(name))
  return (
    (name === whole?.name ? whole : whole?.shards?.find((each) => each.name === name)) ??
    refuse('listener', name, [...all.keys()])
  )
}

/**
 * The log's record of a job.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` when the log knows none of that name; `details.known` lists the known
 *   names, and `others`
 */
export async function knownJob(log: Log, name: string, others: readonly string[] = []): Promise<JobRecord> {
  const record = await jobRecord(log, name)
  if (record !== undefined) return record
  const known = new Set(others)
  for await (const { key } of log.store(JOBS).list()) known.add(key)
  return refuse('job', name, [...known].sort())
}

/** The log's record of a job; undefined without one. */
export async function jobRecord(log: Log, name: string): Promise<JobRecord | undefined> {
  return (await log.store(JOBS).get<JobRecord>(name))?.value
}

/** The settled slots of a job in the log. A job that is new, or has another schedule, begins now. */
export async function settledOf(log: Log, job: Job): Promise<SettledSlots> {
  const record = await jobRecord(log, job.name)
  const text = scheduleWords(job.schedule)
  const changed = record?.schedule !== undefined && record.schedule !== text
  if (record === undefined || changed) return { anchor: log.clock.now() }
  const { upTo } = await log.slots(job.name)
  return { anchor: record.anchor, upTo: upTo?.getTime() ?? record.slot }
}

/**
 * Rejects the removal of a part that a running agent still has.
 *
 * @throws TidingsError `TIDINGS_AGENT_INVALID`
 */
export function refuseIfInUse(part: unknown, kind: Pausable, name: string): void {
  if (part === undefined) return
  const message = `the agent has a ${kind} ${quote(name)}: remove it from the code, and stop the agent, first`
  throw new TidingsError('TIDINGS_AGENT_INVALID', message, { details: { [kind]: name } })
}

function refuse(kind: Pausable, name: string, known: readonly string[]): never {
  throw new TidingsError('TIDINGS_LOG_INVALID', `the log knows no ${kind} ${quote(name)}`, {
    details: { path: kind, name, known },
  })
}
