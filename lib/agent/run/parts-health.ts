import { defined } from '../../core/defined.ts'
import { heldByJob } from '../../job/held-drafts.ts'
import type { Log } from '../../log/port.ts'
import { type Health, problemsOf } from './health.ts'
import { knownCursors } from './rename-listener.ts'
import type { RunningParts } from './running-parts.ts'
import type { Status } from './status.ts'

type Parts = Pick<RunningParts, 'jobs' | 'listeners' | 'pauseAsStored'>

/** The status of running parts. `running`: false while their agent stops. */
export async function partsStatus(
  { agent, log, running }: { readonly agent: string; readonly log: Log; readonly running: boolean },
  parts: Parts,
): Promise<Status> {
  await readPauses(log, parts)
  const held = await heldIn(log)
  const jobs = parts.jobs.map((job) => ({ ...job.status(), ...held.get(job.job.name) }))
  const listeners = await Promise.all(parts.listeners.map((listener) => listener.status()))
  const last = await log.last().catch(() => undefined)
  const problems = problemsOf({ running, log: { state: log.state }, ...(await partsHealth(log, parts)) })
  return { agent, ...defined({ last }), jobs, listeners, problems }
}

/** The health of running parts. While the log is unreadable, it has only what is in memory. */
export async function partsHealth(log: Log, parts: Parts): Promise<Pick<Health, 'jobs' | 'listeners'>> {
  await readPauses(log, parts)
  const { jobs, listeners } = parts
  const known = await knownCursors(log).catch(() => undefined)
  const healths = listeners.map((each) => each.health(known?.get(each.listener.name)))
  const held = await heldIn(log)
  return {
    jobs: jobs.map((job) => ({ ...job.health(), ...held.get(job.job.name) })),
    listeners: await Promise.all(healths),
  }
}

// What stands by is paused by the agent that does the work.
async function readPauses(log: Log, parts: Parts): Promise<void> {
  if (log.shared) await parts.pauseAsStored(({ standby }) => standby).catch(() => undefined)
}

function heldIn(log: Log): ReturnType<typeof heldByJob> {
  return heldByJob(log).catch(() => new Map())
}
