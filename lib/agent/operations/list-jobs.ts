import { defined } from '../../core/defined.ts'
import type { Job } from '../../job/job.ts'
import { formerNames } from '../../job/job-record.ts'
import { history, type RunRow, type RunStatus } from '../../job/run-report.ts'
import type { Log } from '../../log/port.ts'
import { scheduleWords } from '../../schedule/schedule.ts'
import type { AgentControl } from '../run/agent-control.ts'
import type { Code } from '../run/job-code.ts'
import { type NextRun, nextRun } from '../run/next-run.ts'
import { jobRecord, settledOf } from './known.ts'
import { type JobRow, jobRows } from './rows.ts'

/** A job with its past and its future, as JSON. */
export interface ListedJob extends JobRow {
  /** The schedule, in words; absent without a running agent or the job's code. */
  readonly schedule?: string
  /** Its tags; absent if it has none, and without a running agent or the job's code. */
  readonly tags?: readonly string[]
  /** When it runs next, in ISO format; absent if it does not, and without a running agent or the job's code. */
  readonly next?: string
  /** By when that run has ended or is abandoned, in ISO format; absent where `next` is. */
  readonly expectedBy?: string
  /** Whether a run is in progress; absent if no agent runs. */
  readonly running?: boolean
  /** Its newest run; absent before the first. */
  readonly last?: RunRow
  /** The outcomes of its newest twenty slots, oldest first. */
  readonly recent: readonly RunStatus[]
}

/** How many past slots the list has for each job. */
const RECENT = 20

/** Every job that the log or the code knows. */
export async function listJobs(log: Log, agent?: AgentControl, code?: Code): Promise<ListedJob[]> {
  const listed: ListedJob[] = []
  for (const row of await allRows(log, code)) {
    const rows = await remembered(log, row.name)
    const last = rows.find(({ attempt }) => attempt > 0)
    const running = agent?.job(row.name)?.status().running
    listed.push({
      ...row,
      ...(await planOf(log, row, code)),
      ...defined({ running, last }),
      recent: rows
        .slice(0, RECENT)
        .map(({ status }) => status)
        .toReversed(),
    })
  }
  return listed
}

async function allRows(log: Log, code: Code | undefined): Promise<JobRow[]> {
  const rows = new Map((await jobRows(log)).map((row) => [row.name, row]))
  for (const { name } of code?.jobs() ?? []) if (!rows.has(name)) rows.set(name, { name, succeeded: false })
  return [...rows.keys()].sort().map((name) => rows.get(name) as JobRow)
}

/** What the log remembers of a job's slots, newest first, including those under its former names. */
export async function remembered(log: Log, job: string, limit?: number): Promise<RunRow[]> {
  const rows: RunRow[] = []
  const newest = { reverse: true, ...defined({ limit }) }
  const names = new Set([job])
  // A name that an older version of this code took over still records its former name.
  for (const name of names) {
    for await (const row of history(log, name, newest)) rows.push(row)
    for (const before of formerNames((await jobRecord(log, name)) ?? { anchor: 0 })) names.add(before)
  }
  return rows.slice(0, limit)
}

type Plan = Pick<ListedJob, 'schedule' | 'tags' | 'next' | 'expectedBy'>

async function planOf(log: Log, { name, paused }: JobRow, code: Code | undefined): Promise<Plan> {
  const job = code?.job(name)?.job
  if (job === undefined) return {}
  const { tags } = job.settings
  const { next, expectedBy } = paused === true ? {} : await nextRunOf(log, job)
  return {
    schedule: scheduleWords(job.schedule),
    ...(tags.length === 0 ? {} : { tags }),
    ...(next === undefined ? {} : { next: next.toISOString() }),
    ...(expectedBy === undefined ? {} : { expectedBy: expectedBy.toISOString() }),
  }
}

async function nextRunOf(log: Log, job: Job): Promise<NextRun> {
  return nextRun(job, await settledOf(log, job), log.clock.now())
}
