import { quote, TidingsError } from '../../core/errors.ts'
import { JOBS, type JobRecord } from '../../job/record.ts'
import type { ConsumerInfo, Log } from '../../log/port.ts'
import type { Pausable } from '../pauses.ts'

/** What the log knows of each listener. */
export async function listenersOf(log: Log): Promise<ReadonlyMap<string, ConsumerInfo>> {
  const all = new Map<string, ConsumerInfo>()
  for await (const info of log.consumers()) all.set(info.name, info)
  return all
}

/**
 * What the log knows of a listener.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` when it knows none of that name; `details.known` has those that it knows
 */
export async function knownListener(log: Log, name: string): Promise<ConsumerInfo> {
  const all = await listenersOf(log)
  return all.get(name) ?? refuse('listener', name, [...all.keys()])
}

/**
 * What the log knows of a job.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` when it knows none of that name; `details.known` has those that it knows,
 *   and `others`
 */
export async function knownJob(log: Log, name: string, others: readonly string[] = []): Promise<JobRecord> {
  const record = await jobRecord(log, name)
  if (record !== undefined) return record
  const known = new Set(others)
  for await (const { key } of log.store(JOBS).list()) known.add(key)
  return refuse('job', name, [...known].sort())
}

/** What the log knows of a job; undefined: nothing. */
export async function jobRecord(log: Log, name: string): Promise<JobRecord | undefined> {
  return (await log.store(JOBS).get<JobRecord>(name))?.value
}

function refuse(kind: Pausable, name: string, known: readonly string[]): never {
  throw new TidingsError('TIDINGS_LOG_INVALID', `the log knows no ${kind} ${quote(name)}`, {
    details: { path: kind, name, known },
  })
}
