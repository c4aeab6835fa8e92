import { history, type RunRow, type RunStatus } from '../../job/history.ts'
import type { Log } from '../../log/port.ts'
import type { Code } from '../code.ts'
import type { Helm } from '../helm.ts'
import { upcoming } from '../upcoming.ts'
import { type JobRow, jobRows } from './rows.ts'

/**
 * A job with its past and its future, as JSON.
 *
 * - `schedule`, `tags`, `next`, `expectedBy`: known where its agent runs, or its code is at hand; `next`: when it runs
 *   next; `expectedBy`: by when that run has ended, or is abandoned
 * - `running`: whether a run goes on; absent where no agent runs
 * - `last`: its newest run; `recent`: what became of its slots of late, the oldest first
 */
export interface ListedJob extends JobRow {
  readonly schedule?: string
  readonly tags?: readonly string[]
  readonly next?: string
  readonly expectedBy?: string
  readonly running?: boolean
  readonly last?: RunRow
  readonly recent: readonly RunStatus[]
}

/** So much of the past is told of each job in a list. */
const RECENT = 20

/** Every job that the log knows. */
export async function listJobs(log: Log, helm?: Helm, code?: Code): Promise<ListedJob[]> {
  const listed: ListedJob[] = []
  for (const row of await jobRows(log)) {
    const rows = await remembered(log, row.name)
    const last = rows.find(({ attempt }) => attempt > 0)
    const running = helm?.job(row.name)?.status().running
    listed.push({
      ...row,
      ...planOf(row, log.clock.now(), code),
      ...(running === undefined ? {} : { running }),
      ...(last === undefined ? {} : { last }),
      recent: rows
        .slice(0, RECENT)
        .map(({ status }) => status)
        .toReversed(),
    })
  }
  return listed
}

/** What the log remembers of the slots of a job, the newest first. */
export async function remembered(log: Log, job: string, limit?: number): Promise<RunRow[]> {
  const rows: RunRow[] = []
  const newest = { reverse: true, ...(limit === undefined ? {} : { limit }) }
  for await (const row of history(log, job, newest)) rows.push(row)
  return rows
}

type Plan = Pick<ListedJob, 'schedule' | 'tags' | 'next' | 'expectedBy'>

function planOf({ name, firstSeen, paused }: JobRow, now: number, code: Code | undefined): Plan {
  const job = code?.job(name)?.job
  if (job === undefined) return {}
  const { tags } = job.settings
  const { next, expectedBy } = paused === true ? {} : upcoming(job, Date.parse(firstSeen), now)
  return {
    schedule: String(job.schedule),
    ...(tags.length === 0 ? {} : { tags }),
    ...(next === undefined ? {} : { next: next.toISOString() }),
    ...(expectedBy === undefined ? {} : { expectedBy: expectedBy.toISOString() }),
  }
}
