import { JOBS } from '../../job/job-record.ts'
import { history, type RunRow, type RunStatus } from '../../job/run-report.ts'
import type { Log } from '../../log/port.ts'
import { count } from '../../log/query.ts'
import { parseInstant } from './event-search.ts'
import { MOST_READ } from './most-read.ts'

/** A slot of a job among those of all jobs, as JSON. */
export interface TimelineRow extends Partial<Omit<RunRow, 'slot' | 'attempt' | 'status'>> {
  /** The name of the job. */
  readonly job: string
  /** The slot, as an ISO 8601 instant. Of a series, the first. */
  readonly slot: string
  /** The number of the attempt, from 1; 0 if nothing ran. */
  readonly attempt: number
  /** What became of it; `running`: its run has not ended. */
  readonly status: RunStatus | 'running'
}

/** Which slots a timeline shows. */
export interface TimelineQuestion {
  /** Only slots from this time on, in the form of `EventQuestion.since`; default all that the log remembers. */
  readonly since?: string
  /** Only slots up to this time; default now. */
  readonly until?: string
  /** At most this many, up to 1000; default 1000. */
  readonly limit?: number
}

/** The most rows of a timeline. */
const MOST = 1000

/** The most slots that the log remembers of a job. */
const MOST_OF_A_JOB = 100

/** The slots of all jobs, newest first. */
export async function timeline(log: Log, { since, until, limit }: TimelineQuestion = {}): Promise<TimelineRow[]> {
  const from = since === undefined ? Number.NEGATIVE_INFINITY : parseInstant(since, 'since', log.clock)
  const to = until === undefined ? Number.POSITIVE_INFINITY : parseInstant(until, 'until', log.clock)
  const most = Math.min(count(limit, 'limit', MOST), MOST)
  const jobs: string[] = []
  for await (const { key } of log.store(JOBS).list()) jobs.push(key)
  const each = Math.max(1, Math.min(MOST_OF_A_JOB, Math.floor(MOST_READ / Math.max(1, jobs.length))))
  const rows: TimelineRow[] = []
  for (const job of jobs) rows.push(...(await runningOf(log, job)), ...(await endedOf(log, job, each)))
  return rows
    .filter(({ slot, until = slot }) => Date.parse(until) >= from && Date.parse(slot) <= to)
    .sort((a, b) => (a.slot === b.slot ? b.attempt - a.attempt || (a.job < b.job ? -1 : 1) : a.slot < b.slot ? 1 : -1))
    .slice(0, most)
}

async function endedOf(log: Log, job: string, limit: number): Promise<TimelineRow[]> {
  const rows: TimelineRow[] = []
  for await (const row of history(log, job, { reverse: true, limit })) rows.push({ job, ...row })
  return rows
}

// The slots whose attempt has begun in the process that holds the log. A run by hand is listed once it has ended.
async function runningOf(log: Log, job: string): Promise<TimelineRow[]> {
  const { open } = await log.slots(job)
  return open
    .filter(({ held, ended }) => held && !ended)
    .map(({ slot, attempts }) => ({ job, slot: slot.toISOString(), attempt: attempts, status: 'running' }))
}
