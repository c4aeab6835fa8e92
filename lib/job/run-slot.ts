import { asError } from '../core/errors.ts'
import { linked } from '../core/within.ts'
import type { Claim } from '../log/claim.ts'
import { outcomeOf } from './history.ts'
import type { Job } from './job.ts'
import type { JobHost, RunReport } from './job-host.ts'
import { oneRun } from './one-run.ts'
import type { Passing } from './passing.ts'
import { JOBS, type JobRecord } from './record.ts'
import type { Slot } from './slots.ts'
import { type Trying, tries } from './tries.ts'

/** What a slot needs to be run. */
export interface SlotHost extends JobHost {
  readonly passing: Passing
}

/** A claim outlives the run's timeout by this much, in ms; a run without a timeout claims a day. */
const CLAIM = { spare: 60_000, endless: 86_400_000 }

/**
 * Runs one slot, as often as it takes. Resolves to the last report; undefined when it was done before, and the clock
 * went back. Rejects when the log fails.
 */
export async function runSlot(
  job: Job,
  slot: Slot,
  host: SlotHost,
  replaced: AbortSignal,
): Promise<RunReport | undefined> {
  const { log } = host
  if (host.stop.aborted) return undefined
  const ttl = job.settings.timeout === undefined ? CLAIM.endless : job.settings.timeout + CLAIM.spare
  const claim = await log.claim(job.name, slot.at, ttl)
  if (claim === undefined) return undefined
  const stored = await host.passing.known()
  const record = (): JobRecord => {
    const upTo = host.passing.upTo(slot)
    const known = { anchor: slot.at.getTime(), ...stored, slot: Math.max(upTo, stored?.slot ?? 0) }
    return succeeded ? { ...known, succeeded } : known
  }
  let succeeded = false
  let report: RunReport | undefined
  const run = async (attempt: number): Promise<RunReport> => {
    host.began(slot)
    const given = { slot, record, attempt: claim.attempt + attempt - 1, ends: [replaced, host.abort] }
    report = await oneRun(job, { ...given, told: job.schedule.kind === 'always' ? told(job, host) : [] }, host)
    host.ended(report)
    succeeded ||= report.error === undefined
    return report
  }
  const trying = { clock: host.clock, ...saying(job, { claim, run, replaced }, host) }
  const settled = await linked([replaced, host.abort, ...told(job, host)], (stop) =>
    tries(job, slot, { ...trying, stop }),
  )
  if (report === undefined || !settled) await claim.release(report?.attempt ?? claim.attempt - 1)
  else await endClaim(claim, report, record(), host)
  return report
}

// A run that the agent's end cut off, like one that was to be tried again: after a restart, its slot is run again.
async function endClaim(claim: Claim, report: RunReport, record: JobRecord, host: SlotHost): Promise<void> {
  const { log, abort, scrub } = host
  const { job, attempt, error } = report
  const end = outcomeOf(report, scrub)
  if (error !== undefined && abort.aborted) {
    await claim.tried(end, attempt)
    return claim.release(attempt)
  }
  if (error !== undefined) await log.store(JOBS).set(job, record)
  await claim.done(end, attempt)
}

/** `run`: makes one attempt; `replaced`: aborts when another slot takes its place. */
interface Attempts {
  readonly claim: Claim
  readonly replaced: AbortSignal
  run(attempt: number): Promise<RunReport>
}

// Says how each attempt went, and notes those that others follow.
function saying(job: Job, { claim, run, replaced }: Attempts, host: JobHost): Pick<Trying, 'run' | 'failed' | 'again'> {
  const { logger } = host.environment
  let last: RunReport | undefined
  return {
    run: async (attempt) => {
      last = await run(attempt)
      if (last.error !== undefined) throw last.error
      const { slot, new: fresh, changed, duplicate, ms, status, reason } = last
      logger.info({ job: job.name, new: fresh, changed, duplicate, ms }, 'job done')
      if (status === 'cancelled') logger.info({ job: job.name, slot, reason }, 'job cancelled')
    },
    failed: (err) => {
      const fields = { job: job.name, slot: last?.slot, err }
      if (replaced.aborted) logger.info(fields, 'run replaced')
      else logger.error(fields, 'job failed')
    },
    again: async () => {
      if (last === undefined) return
      const { slot, attempt } = last
      await claim.tried(outcomeOf(last, host.scrub), attempt).catch((error: unknown) => {
        logger.warn({ job: job.name, slot, err: asError(error) }, 'a run could not be noted')
      })
    },
  }
}

// What says that nothing is to be tried again. A run that should never end is told so itself.
function told({ schedule }: Job, { stop, desk }: JobHost): readonly AbortSignal[] {
  return schedule.kind === 'always' && desk !== undefined ? [stop, desk.rest()] : [stop]
}
