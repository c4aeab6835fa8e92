import { defined } from '../../core/defined.ts'
import { heldByJob } from '../../job/held-drafts.ts'
import type { Log } from '../../log/port.ts'
import { type Health, problemsOf } from './health.ts'
import { knownCursors } from './rename-listener.ts'
import type { RunningParts } from './running-parts.ts'
import type { Status } from './status.ts'

type Parts = Pick<RunningParts, 'jobs' | 'listeners'>

/** The status of running parts. `running`: false while their agent stops. */
export async function partsStatus(
  { agent, log, running }: { readonly agent: string; readonly log: Log; readonly running: boolean },
  parts: Parts,
): Promise<Status> {
  const held = await heldIn(log)
  const jobs = parts.jobs.map((job) => ({ ...job.status(), ...held.get(job.job.name) }))
  const listeners = await Promise.all(parts.listeners.map((listener) => listener.status()))
  const last = await log.last().catch(() => undefined)
  const problems = problemsOf({ running, log: { state: log.state }, ...(await partsHealth(log, parts)) })
  return { agent, ...defined({ last }), jobs, listeners, problems }
}

/** The health of running parts. While the log is unreadable, it has only what is in memory. */
export async function partsHealth(log: Log, { jobs, listeners }: Parts): Promise<Pick<Health, 'jobs' | 'listeners'>> {
  const known = await knownCursors(log).catch(() => undefined)
  const healths = listeners.map((each) => each.health(known?.get(each.listener.name)))
  const held = await heldIn(log)
  return {
    jobs: jobs.map((job) => ({ ...job.health(), ...held.get(job.job.name) })),
    listeners: await Promise.all(healths),
  }
}

function heldIn(log: Log): ReturnType<typeof heldByJob> {
  return heldByJob(log).catch(() => new Map())
}
