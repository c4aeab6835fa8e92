import { withLinkedSignal } from '../core/time-limit.ts'
import type { Claim } from '../log/claim.ts'
import { runAttempt } from './attempt.ts'
import { outcomeOf } from './history.ts'
import type { Job } from './job.ts'
import type { JobHost, RunReport } from './job-host.ts'
import type { JobRecord } from './record.ts'
import { retryLoop, type Trying } from './retry-loop.ts'
import type { SlotLedger } from './slot-ledger.ts'
import type { Slot } from './slots.ts'

/**
 * What a slot needs to run. `record`: the current record of the job; `turn`: starts a run when no other is running;
 * `waits`: called when the slot starts to wait for its next attempt, returns a function to call when the wait ends
 */
export interface SlotHost extends JobHost {
  readonly ledger: SlotLedger
  record(): JobRecord
  turn<T>(run: () => Promise<T>): Promise<T>
  waits(): () => void
}

/** A claim outlives the run's timeout by this much, in ms; a run without a timeout claims a day. */
const CLAIM = { spare: 60_000, endless: 86_400_000 }

/** Maximum instants tried for a requested run: the log may already have runs at some. */
const INSTANTS = 1000

/**
 * Runs one slot with its retries and writes the outcome to the log. Resolves to the last report. Undefined when nothing
 * ran: the slot was done before and the clock went back, or no more runs may begin and the slot stays open.
 */
export async function runSlot(
  job: Job,
  slot: Slot,
  host: SlotHost,
  replaced: AbortSignal,
): Promise<RunReport | undefined> {
  const { ledger, stop } = host
  const ends = endsOf(slot, host)
  if (stop.aborted || ends.some(({ aborted }) => aborted)) return undefined
  const taken = await ledger.inTurn(() => claimOf(job, slot, host))
  if (taken === undefined || taken === null) {
    if (taken === null) ledger.settled(slot)
    return undefined
  }
  const { claim, at } = taken
  const given = { ...slot, at }
  let report: RunReport | undefined
  const run = async (attempt: number): Promise<RunReport> => {
    host.began(slot)
    const told = job.schedule.kind === 'always' ? ends : []
    const { record } = host
    report = await runAttempt(job, { slot: given, claim, record, attempt, replaced, abort: host.abort, told }, host)
    host.ended(report)
    return report
  }
  const trying = { clock: host.clock, first: claim.attempt, turn: host.turn, waits: host.waits }
  const settled = await withLinkedSignal([replaced, host.abort, ...ends], (over) =>
    retryLoop(job, given, { ...trying, ...saying(job, { claim, run, replaced }, host), stop: over }),
  )
  await ledger.persist(() => endClaim(claim, { slot: given, report, settled, replaced }, host))
  return report
}

// Null means that there is nothing to run; undefined already means that the log never answered.
async function claimOf(
  job: Job,
  { at, asked }: Slot,
  { log }: SlotHost,
): Promise<{ readonly claim: Claim; readonly at: Date } | null> {
  const { timeout } = job.settings
  const ttl = timeout === undefined ? CLAIM.endless : timeout + CLAIM.spare
  for (let instant = 0; instant < (asked === true ? INSTANTS : 1); instant++) {
    const own = new Date(at.getTime() + instant)
    const claim = await log.claim(job.name, own, ttl, { aside: asked === true })
    if (claim !== undefined) return { claim, at: own }
  }
  return null
}

interface Ended {
  readonly slot: Slot
  readonly report: RunReport | undefined
  /** Whether its attempts are over. */
  readonly settled: boolean
  readonly replaced: AbortSignal
}

// Writes the outcome of a slot, or releases the claim so that it gets one later.
async function endClaim(claim: Claim, { slot, report, settled, replaced }: Ended, host: SlotHost): Promise<void> {
  const { ledger, abort, scrub } = host
  if (report !== undefined && (settled || replaced.aborted)) {
    const { attempt, error } = report
    const end = outcomeOf(report, scrub)
    // The agent's stop cut the run off: the slot runs again after a restart.
    if (error !== undefined && abort.aborted && !replaced.aborted) {
      await claim.tried(end, attempt)
      return claim.release(attempt)
    }
    await claim.done(end, attempt)
    return ledger.settled(slot)
  }
  await claim.release(report?.attempt ?? claim.attempt - 1)
  if (replaced.aborted) ledger.replaced({ ...slot, ...(claim.attempt > 1 ? { begun: true } : {}) })
}

/** `run`: makes one attempt; `replaced`: aborts when another slot takes its place. */
interface Attempts {
  readonly claim: Claim
  readonly replaced: AbortSignal
  run(attempt: number): Promise<RunReport>
}

// Logs how each attempt ended, and records those that are retried.
function saying(
  job: Job,
  { claim, run, replaced }: Attempts,
  host: SlotHost,
): Pick<Trying, 'run' | 'failed' | 'again'> {
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
    again: async (at) => {
      if (last === undefined) return
      const { attempt } = last
      const outcome = outcomeOf(last, host.scrub)
      await host.ledger.persist(() => claim.tried(outcome, attempt, at))
    },
  }
}

// The signals that prevent runs and retries: the agent's stop, and a pause. A manual run of a paused job ignores that
// pause. A run of `always()` receives these signals itself.
function endsOf({ byHand }: Slot, { stop, control: desk }: JobHost): readonly AbortSignal[] {
  const rest = desk?.abortWhenPaused()
  return rest === undefined || (byHand === true && rest.aborted) ? [stop] : [stop, rest]
}
