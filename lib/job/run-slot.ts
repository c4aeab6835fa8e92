import { linked } from '../core/within.ts'
import type { Claim } from '../log/claim.ts'
import { outcomeOf } from './history.ts'
import type { Job } from './job.ts'
import type { JobHost, RunReport } from './job-host.ts'
import type { Ledger } from './ledger.ts'
import { oneRun } from './one-run.ts'
import type { JobRecord } from './record.ts'
import type { Slot } from './slots.ts'
import { type Trying, tries } from './tries.ts'

/**
 * What a slot needs to be run. `record`: what is known of the job now; `turn`: lets a run begin when no other goes on;
 * `waits`: hears when the slot waits for its next attempt, and gives back what hears of the end of that
 */
export interface SlotHost extends JobHost {
  readonly ledger: Ledger
  record(): JobRecord
  turn<T>(run: () => Promise<T>): Promise<T>
  waits(): () => void
}

/** A claim outlives the run's timeout by this much, in ms; a run without a timeout claims a day. */
const CLAIM = { spare: 60_000, endless: 86_400_000 }

/** So many instants are tried for a run that was asked for: the log may know of runs at each. */
const INSTANTS = 1000

/**
 * Runs one slot, as often as it takes, and tells the log its fate. Resolves to the last report; undefined when nothing
 * ran: it was done before, and the clock went back; or nothing is to begin any more, and it stays open.
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
    report = await oneRun(job, { slot: given, claim, record, attempt, replaced, abort: host.abort, told }, host)
    host.ended(report)
    return report
  }
  const trying = { clock: host.clock, first: claim.attempt, turn: host.turn, waits: host.waits }
  const settled = await linked([replaced, host.abort, ...ends], (over) =>
    tries(job, given, { ...trying, ...saying(job, { claim, run, replaced }, host), stop: over }),
  )
  await ledger.persist(() => endClaim(claim, { slot: given, report, settled, replaced }, host))
  return report
}

// Undefined would be a log that never answered: null says that there is nothing to run.
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

// The fate of a slot: it has one, or is given back and has one later.
async function endClaim(claim: Claim, { slot, report, settled, replaced }: Ended, host: SlotHost): Promise<void> {
  const { ledger, abort, scrub } = host
  if (report !== undefined && (settled || replaced.aborted)) {
    const { attempt, error } = report
    const end = outcomeOf(report, scrub)
    // A run that the agent's end cut off: after a restart, its slot is run again.
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

// Says how each attempt went, and notes those that others follow.
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

// What says that nothing is to be begun or tried again: the agent's end, and a pause. Who asks for a run of a job that
// is paused means this one. A run that should never end is told so itself.
function endsOf({ byHand }: Slot, { stop, desk }: JobHost): readonly AbortSignal[] {
  const rest = desk?.rest()
  return rest === undefined || (byHand === true && rest.aborted) ? [stop] : [stop, rest]
}
