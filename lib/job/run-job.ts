import { concat, defer, ignoreElements, type Observable } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import { isRetry } from '../core/control.ts'
import { defined } from '../core/defined.ts'
import type { Environment } from '../core/environment.ts'
import type { Logger } from '../core/logger.ts'
import { Mutex } from '../core/mutex.ts'
import { Stop, type Stopping } from '../core/stop.ts'
import { DAY, MINUTE } from '../core/time-units.ts'
import type { Tracing } from '../core/tracing.ts'
import type { Claim } from '../log/claim.ts'
import type { Log } from '../log/port.ts'
import { nextSlot } from '../schedule/schedule.ts'
import type { Job } from './job.ts'
import type { JobHost, Trigger } from './job-host.ts'
import type { JobRecord } from './job-record.ts'
import { LogOutlet } from './log-outlet.ts'
import { type ClaimedSlot, runSlot, type SlotHost } from './run-loop.ts'
import { outcomeOf, type RunOutcome, type RunReport } from './run-report.ts'
import { runs$ } from './runs.ts'
import { SlotLedger } from './slot-ledger.ts'
import type { Slot } from './slots.ts'

/** Runs a job on a log. Completes after `stop`, when the last run has ended. */
export function runJob(
  job: Job,
  currentRecord: () => JobRecord,
  triggers$: Observable<Trigger>,
  host: JobHost,
): Observable<never> {
  return new LogRuns(job, currentRecord, host).run(triggers$)
}

/** A smaller delay than this, in ms, is timer inaccuracy and not logged. */
const PUNCTUAL = 1000

/** The runs of one job on a log: claims its slots, and records their attempts and outcomes. */
class LogRuns implements SlotHost {
  readonly clock: Clock
  readonly context: Environment
  readonly abort: Stop
  readonly tracing: Tracing | undefined
  readonly #job: Job
  readonly #currentRecord: () => JobRecord
  readonly #host: JobHost
  readonly #ledger: SlotLedger
  readonly #instants: Instants
  readonly #turns = new Mutex()
  readonly #stop: Stop
  /** How many slots have a run that executes, rather than waits for its retry. */
  #busy = 0
  #succeeded = false
  /** Its schedule has resumed, and waits for the end of a run. */
  #resuming = false

  constructor(job: Job, currentRecord: () => JobRecord, host: JobHost) {
    this.clock = host.clock
    this.context = host.environment
    this.abort = Stop.following(host.abort)
    this.#stop = Stop.following(host.stop)
    this.tracing = host.tracing
    this.#job = job
    this.#currentRecord = currentRecord
    this.#host = host
    this.#ledger = new SlotLedger(job, host)
    this.#instants = new Instants(job, currentRecord)
  }

  run(triggers$: Observable<Trigger>): Observable<never> {
    const { clock, stop, control } = this.#host
    const ledger = this.#ledger
    const anchor = new Date(this.#currentRecord().anchor)
    const runs = runs$(this.#job, {
      clock,
      stop,
      triggers$,
      slots: { anchor, decided: (decided) => ledger.decided(decided), ...defined({ nextSlot: control?.nextSlot }) },
      restore: () => ledger.restore(this.#currentRecord().anchor),
      ...(control && {
        paused$: control.paused$,
        failed: (error: Error) => control.scheduleFailed(error),
        delayed: (slot: Slot) => control.slotDelayed(slot),
      }),
      resuming: (how) => {
        if (how === 'paused') void this.#left()
        this.#resuming = how === 'waits'
      },
      runSlot: (slot, replaced) => this.#runSlot(slot, replaced),
      skipped: (slot: Trigger) => {
        ledger.blocked(slot)
        slot.ended?.(undefined)
      },
      replaced: (slot: Trigger) => {
        ledger.replaced(slot)
        slot.ended?.(undefined)
      },
      // A run of `always()` that waits to restart counts as running.
      executing: () => this.#busy > 0 || this.#job.schedule.kind === 'always',
    })
    return concat(runs, defer(() => this.#left()).pipe(ignoreElements()))
  }

  // Slots that passed while the schedule waited are not lost if it is another one, or none, when they are decided about.
  #left(): Promise<unknown> {
    return this.#resuming ? this.#ledger.leave(this.#currentRecord().anchor) : this.#ledger.written()
  }

  async #runSlot(given: Trigger, replaced: Stopping): Promise<void> {
    const slot = given.requested === true ? { ...given, at: this.#instants.own(given.at) } : given
    const done = this.#host.control?.slotStarted(slot)
    this.#busy += 1
    const report = await runSlot(this.#job, slot, this, replaced).catch((err: unknown) => {
      this.context.logger.error({ job: this.#job.name, slot: slot.at, err }, 'job failed')
      return undefined
    })
    this.#busy -= 1
    done?.()
    // Deferred until this run has left its place, so that an immediate new trigger is not skipped.
    const { ended } = given
    if (ended !== undefined) setImmediate(ended, report)
  }

  /** The agent's stop, and a pause. A manual run of a paused job ignores that pause. */
  ends({ byHand }: Slot): readonly Stop[] {
    const paused = this.#host.control?.abortWhenPaused()
    return paused === undefined || (byHand === true && paused.aborted) ? [this.#stop] : [this.#stop, paused]
  }

  abortOnRequest(): Stop | undefined {
    return this.#host.control?.abortOnRequest()
  }

  /** `skip` and `queue` allow one run at a time. A manual run does not wait for a run that waits for its retry. */
  turn<T>(attempt: () => Promise<T>): Promise<T> {
    const { overlap } = this.#job.settings
    return overlap === 'skip' || overlap === 'queue' ? this.#turns.runExclusive(attempt) : attempt()
  }

  waits(): () => void {
    this.#busy -= 1
    return () => void (this.#busy += 1)
  }

  /** Undefined: the slot was done before and the clock went back, or the log is closed and the slot stays open. */
  async claim(slot: Slot, replaced: Stopping): Promise<ClaimedSlot | undefined> {
    const job = this.#job
    const host = this.#host
    const granted = await this.#ledger.inTurn(() => claimInstant(job, slot, host.log))
    if (granted === null) this.#ledger.completed(slot)
    if (granted === undefined || granted === null) return undefined
    const { claim, at } = granted
    const { logger } = this.context
    let stopWatching = (): void => undefined
    let latest: LogOutlet | undefined
    return {
      at,
      attempt: claim.attempt,
      begin: (attempt, late) => {
        host.began(slot)
        logger.info({ job: job.name, slot: at, ...(late < PUNCTUAL ? {} : { late }) }, 'running job')
        const isRecorded = (): Promise<boolean | undefined> => this.#ledger.persist(() => this.#isRecorded(at, attempt))
        const outlet = new LogOutlet(job, { claim, at, attempt, record: () => this.#record(), isRecorded }, host)
        latest = outlet
        if (job.schedule.kind === 'always') stopWatching = watchProgress(outlet, host)
        return outlet
      },
      ended: (report, wait) => {
        stopWatching()
        this.#succeeded ||= report.error === undefined
        host.ended(report)
        logEnd(report, { replaced, wait, attempts: attemptsOf(job, report) }, logger)
      },
      retried: async (report, due) => {
        const outcome = outcomeOf(report, host.scrub)
        await this.#ledger.persist(() => claim.tried(outcome, report.attempt, due))
      },
      end: async (report, over) => {
        // Most runs store nothing beside their success: another write would only repeat it.
        if (over && report?.error === undefined && latest?.isCompleted) return this.#ledger.completed({ ...slot, at })
        await this.#ledger.persist(() => this.#endClaim(claim, { slot: { ...slot, at }, replaced, report, over }))
      },
    }
  }

  #record(): JobRecord {
    return this.#succeeded ? { ...this.#currentRecord(), succeeded: true } : this.#currentRecord()
  }

  async #isRecorded(at: Date, attempt: number): Promise<boolean> {
    const records = this.#host.log.runs(this.#job.name, { reverse: true })
    for await (const each of records)
      if (each.slot.getTime() === at.getTime() && each.attempt === attempt) return each.outcome !== undefined
    return false
  }

  // Writes the outcome of a slot, or releases the claim so that the slot gets one later.
  async #endClaim(claim: Claim, { slot, report, over, replaced }: SlotEnd): Promise<void> {
    if (report !== undefined && (over || replaced.aborted)) {
      const { attempt, error } = report
      const outcome = outcomeOf(report, this.#host.scrub)
      // The agent's stop cut the run off: the slot runs again after a restart.
      if (error !== undefined && this.abort.aborted && !replaced.aborted) {
        await claim.tried(outcome, attempt)
        return claim.release(attempt)
      }
      await claim.done(outcome, attempt)
      return this.#ledger.completed(slot)
    }
    const attempts = report?.attempt ?? claim.attempt - 1
    await claim.release(attempts)
    // Another slot may also take its place while the release is written.
    if (replaced.aborted) this.#ledger.replaced({ ...slot, ...(attempts > 0 ? { begun: true } : {}) })
  }
}

interface SlotEnd {
  readonly slot: Slot
  readonly replaced: Stopping
  readonly report: RunReport | undefined
  /** Whether its attempts are over. */
  readonly over: boolean
}

/** How an attempt stands among others. `wait`: the time until the next, in ms. `attempts`: how many there are at most. */
interface Standing {
  readonly replaced: Stopping
  readonly wait: number | undefined
  readonly attempts: number | undefined
}

// There is no limit where a run is always wanted, or has itself asked for another attempt.
function attemptsOf({ schedule, settings }: Job, { error }: RunReport): number | undefined {
  return schedule.kind === 'always' || isRetry(error) ? undefined : settings.retry + 1
}

function logEnd(report: RunReport, { replaced, wait, attempts }: Standing, logger: Logger): void {
  const { job, slot, error: err, new: fresh, changed, duplicate, held, ms, status, reason } = report
  if (err !== undefined && replaced.aborted) logger.info({ job, slot, err }, 'run replaced')
  else if (err !== undefined)
    logger.error({ job, slot, err, attempt: report.attempt, ...defined({ attempts, wait }) }, 'job failed')
  else logger.info({ job, new: fresh, changed, duplicate, ...defined({ held }), ms }, 'job done')
  if (status === 'cancelled') logger.info({ job, slot, reason }, 'job cancelled')
}

/** A claim outlives the run's timeout by this much, in ms; a run without a timeout claims a day. */
const CLAIM = { spare: MINUTE, endless: DAY }

/** Maximum instants tried for a requested run: the log may already have runs at some. */
const INSTANTS = 1000

// Null means that there is nothing to run; undefined already means that the log never answered.
async function claimInstant(
  job: Job,
  { at, requested }: Slot,
  log: Log,
): Promise<{ readonly claim: Claim; readonly at: Date } | null> {
  const { timeout } = job.settings
  const ttl = timeout === undefined ? CLAIM.endless : timeout + CLAIM.spare
  const noted = requested === true ? await notedInstants(job, log) : new Set<number>()
  for (let instant = 0; instant < (requested === true ? INSTANTS : 1); instant++) {
    const own = new Date(at.getTime() + instant)
    if (noted.has(own.getTime())) continue
    const claim = await log.claim(job.name, own, ttl, { aside: requested === true })
    if (claim !== undefined) return { claim, at: own }
  }
  return null
}

/** When slots are noted that never ran, also those of an earlier schedule: the first and the last of each series. */
async function notedInstants({ name }: Job, log: Log): Promise<ReadonlySet<number>> {
  const noted = new Set<number>()
  for await (const { slot, attempt, outcome } of log.runs(name)) {
    if (attempt > 0) continue
    const { until } = outcome as Pick<RunOutcome, 'until'>
    noted.add(slot.getTime()).add(until === undefined ? slot.getTime() : Date.parse(until))
  }
  return noted
}

/** How often a run of `always()` is checked for new events, in ms. */
const CHECK_EVERY = MINUTE

// Reports the new events of a run of `always()`, every minute and when it ends.
function watchProgress(outlet: LogOutlet, { clock, progressed }: JobHost): () => void {
  const began = clock.now()
  let before: number | undefined
  let cancel = (): void => undefined
  const check = (): void => {
    const at = outlet.lastAcceptedAt
    progressed?.({ elapsed: clock.now() - began, ...defined({ lastAcceptedAt: at === before ? undefined : at }) })
    before = at
  }
  const wait = (): void => {
    cancel = clock.timer(() => {
      check()
      wait()
    }, CHECK_EVERY)
  }
  wait()
  return () => {
    cancel()
    check()
  }
}

/** Instants for requested runs: each is unique and none is a scheduled slot. */
class Instants {
  readonly #job: Job
  readonly #currentRecord: () => JobRecord
  #newest = 0

  constructor(job: Job, currentRecord: () => JobRecord) {
    this.#job = job
    this.#currentRecord = currentRecord
  }

  own(now: Date): Date {
    let at = now.getTime() === this.#newest ? this.#newest + 1 : now.getTime()
    if (this.#isNamed(at)) at += 1
    this.#newest = at
    return new Date(at)
  }

  #isNamed(at: number): boolean {
    try {
      return nextSlot(this.#job.schedule, new Date(at - 1), new Date(this.#currentRecord().anchor))?.getTime() === at
    } catch {
      // `slots$` reports a failed schedule.
      return false
    }
  }
}
