import { setMaxListeners } from 'node:events'
import { BehaviorSubject, lastValueFrom, Subject } from 'rxjs'
import { defined } from '../../core/defined.ts'
import { asError, quote, TidingsError } from '../../core/errors.ts'
import { isTransient, keepTrying } from '../../core/keep-trying.ts'
import { Stop } from '../../core/stop.ts'
import { withLinkedSignal } from '../../core/time-limit.ts'
import type { Job } from '../../job/job.ts'
import type { JobControl, JobHost } from '../../job/job-host.ts'
import type { JobRecord } from '../../job/job-record.ts'
import { readJob, resetJob, seenJob } from '../../job/job-record.ts'
import { runJob } from '../../job/run-job.ts'
import type { RunReport } from '../../job/run-report.ts'
import { runRow } from '../../job/run-report.ts'
import type { Slot } from '../../job/slots.ts'
import type { Hold } from '../../log/port.ts'
import { scheduleWords } from '../../schedule/schedule.ts'
import type { RunningJob } from './agent-control.ts'
import type { EngineEvents } from './engine-events.ts'
import type { JobHealth } from './health.ts'
import { workWhileHeld } from './held-work.ts'
import { expectedBy, nextRun, overdueSlot, restsUntil, slotAfter } from './next-run.ts'
import type { PartMeters } from './part-meters.ts'
import { isPaused } from './pauses.ts'
import type { JobStatus } from './status.ts'
import { Triggers } from './triggers.ts'

/** What a running job needs from its agent. */
export interface JobRunnerHost extends Omit<JobHost, 'began' | 'ended' | 'unrun' | 'progressed' | 'control'> {
  /** Receives how each run ended, and how each run of `always()` progresses. */
  readonly engineEvents: Pick<EngineEvents, 'runEnded' | 'runProgressed'>
  /** Counts its runs. */
  readonly meters: Pick<PartMeters, 'job'>
  /** Whether it runs only when it is triggered, and its schedule waits for the next start. Default false. */
  readonly byHand?: boolean
}

/**
 * A running job: it can be triggered and paused, and reports its status and health.
 * Of the agents on a log, one drives a job; the others stand by (`workWhileHeld`).
 */
export class JobRunner implements RunningJob {
  readonly job: Job
  #record: JobRecord
  /** The hold with which it was opened, until the work begins. */
  #opened: Hold | undefined
  readonly #host: JobRunnerHost
  readonly #paused$: BehaviorSubject<boolean>
  readonly #triggers = new Triggers()
  /** Emits whenever `status()` may have changed. */
  readonly changes$ = new Subject<void>()
  /** Aborts when the job is paused or reset. */
  #pausing = new Stop()
  /** Aborts when a person ends the attempts that run. */
  #aborting = new Stop()
  /** When the runs in progress began. */
  readonly #running: number[] = []
  /** Whether another agent drives the job. */
  standby = false
  /** Whether this agent drives the job. */
  holds = false
  #last: RunReport | undefined
  /** The slot that the schedule waits for. */
  #awaited: Date | undefined
  /** The slots that have come, and whose runs have not started. */
  readonly #due = new Set<Slot>()
  /** Those whose jitter is not over. */
  readonly #delayed = new Set<Slot>()
  #failure: Error | undefined
  /** Called when a run has ended, and when another agent should drive the job. */
  #whenWanted: () => void = () => undefined

  /** Opens a job on the log, and takes it unless another agent drives it. */
  static async open(job: Job, host: JobRunnerHost): Promise<JobRunner> {
    const hold = await host.log.hold(holdOf(job), AbortSignal.abort())
    try {
      const now = host.clock.now()
      const { logger } = host.environment
      const record = await (hold === undefined
        ? seenJob(host.log, job, now)
        : readJob(hold.log ?? host.log, job, now, logger))
      return new JobRunner(job, record, hold, host, await isPaused(host.log, 'job', job.name))
    } catch (error) {
      await hold?.release()
      throw error
    }
  }

  private constructor(job: Job, record: JobRecord, hold: Hold | undefined, host: JobRunnerHost, paused: boolean) {
    this.job = job
    this.#record = record
    this.#opened = hold
    this.#host = host
    this.#paused$ = new BehaviorSubject(paused)
    if (paused) this.#pausing.abort()
  }

  /** Resolves when the agent has stopped and the last run has ended; rejects when the job can't continue. */
  async work(): Promise<void> {
    const { log, stop, abort, environment } = this.#host
    try {
      await workWhileHeld({
        log,
        stop,
        abort,
        take: (signal) => this.#take(signal),
        standsBy: (isStandby) => {
          const words = isStandby ? 'another agent drives it: standing by' : 'this agent drives it now'
          if (isStandby !== this.standby) environment.logger.info({ job: this.job.name }, words)
          this.standby = isStandby
          this.holds = !isStandby
          if (isStandby) this.#triggers.refuse(this.#drivenElsewhere())
          this.changes$.next()
        },
        work: (under, { wanted }) => this.#drive({ ...this.#host, ...under }, wanted),
        isFree: () => true,
      })
    } catch (error) {
      this.#failure = asError(error)
      throw error
    } finally {
      this.holds = false
      this.#triggers.end()
    }
  }

  /** Lets another agent drive the job that was only opened. */
  async release(): Promise<void> {
    await this.#opened?.release()
  }

  // Takes the job, and reads what the agent that drove it before has left.
  #take(signal: AbortSignal): Promise<Hold | undefined> {
    const opened = this.#opened
    this.#opened = undefined
    if (opened !== undefined) return Promise.resolve(opened)
    const { job } = this
    const { log, stop, clock, environment } = this.#host
    const take = async (): Promise<Hold | undefined> => {
      const hold = await log.hold(holdOf(job), signal)
      if (hold === undefined) return undefined
      try {
        this.#record = await readJob(hold.log ?? log, job, clock.now(), environment.logger)
        this.pause(await isPaused(log, 'job', job.name))
        return hold
      } catch (error) {
        await hold.release()
        throw error
      }
    }
    return keepTrying(take, { clock, stop, shouldRetry: isTransient })
  }

  // Runs the job. When another agent should drive it, ends once no run is in progress.
  async #drive(host: JobRunnerHost, wanted: AbortSignal): Promise<void> {
    const over = new AbortController()
    this.#whenWanted = () => {
      if (wanted.aborted && (this.#running.length === 0 || this.job.schedule.kind === 'always')) over.abort()
    }
    wanted.addEventListener('abort', this.#whenWanted, { once: true })
    this.#whenWanted()
    await withLinkedSignal([host.stop, over.signal], (stop) => {
      setMaxListeners(0, stop)
      return this.#run({ ...host, stop, giveUp: host.stop })
    })
    wanted.removeEventListener('abort', this.#whenWanted)
    // What it waited for is for the agent that drives the job next.
    this.#awaited = undefined
    this.#due.clear()
    this.#delayed.clear()
  }

  async #run(host: JobRunnerHost): Promise<void> {
    const meter = host.meters.job(this.job.name)
    const runs = runJob(this.#driven, () => this.#record, this.#triggers.asked$, {
      ...host,
      control: this.#control(),
      began: (slot) => {
        this.#running.push(host.clock.now())
        this.#due.delete(slot)
        this.changes$.next()
      },
      ended: (report) => {
        this.#running.shift()
        this.#last = report
        if (report.status === 'cancelled') this.pause(true)
        const published = this.job.schedule.kind !== 'always' && report.new + report.changed > 0
        host.engineEvents.runEnded(report, published)
        meter.ended(report)
        this.changes$.next()
        this.#whenWanted()
      },
      unrun: (status, slots) => (meter.runs[status] += slots),
      progressed: (progress) => host.engineEvents.runProgressed(this.job.name, progress),
    })
    await lastValueFrom(runs, { defaultValue: undefined })
  }

  /** The job as it runs. The log knows it with its schedule, also while that waits. */
  get #driven(): Job {
    return this.#host.byHand === true ? { ...this.job, settings: { ...this.job.settings, enabled: false } } : this.job
  }

  #control(): JobControl {
    return {
      paused$: this.#paused$,
      abortWhenPaused: () => this.#pausing,
      abortOnRequest: () => this.#aborting,
      scheduleFailed: (error) => {
        this.#failure = error
        this.changes$.next()
        this.#host.environment.logger.error({ job: this.job.name, err: error }, 'stopped working')
      },
      slotDelayed: (slot) => {
        this.#delayed.add(slot)
        return () => void this.#delayed.delete(slot)
      },
      nextSlot: (slot) => {
        this.#awaited = slot
        this.changes$.next()
      },
      slotStarted: (slot) => {
        this.#due.add(slot)
        return () => void this.#due.delete(slot)
      },
    }
  }

  /** For how long a run has been in progress, in ms; undefined: none is. */
  get ongoing(): { readonly ms: number } | undefined {
    const [first] = this.#running
    return first === undefined ? undefined : { ms: this.#host.clock.now() - first }
  }

  /**
   * Runs the job now. Resolves to the report; undefined if it did not run.
   *
   * @throws TidingsError `TIDINGS_LOG_LOCKED` while another agent drives the job
   */
  async trigger(): Promise<RunReport | undefined> {
    if (this.standby) throw this.#drivenElsewhere()
    return this.#triggers.ask(new Date(this.#host.clock.now()))
  }

  #drivenElsewhere(): TidingsError {
    const { name } = this.job
    return new TidingsError('TIDINGS_LOG_LOCKED', `another agent drives job ${quote(name)} now`, {
      details: { job: name },
    })
  }

  /** Aborts the attempts that run now. Returns false if none does. */
  abort(): boolean {
    if (this.#running.length === 0) return false
    const aborting = this.#aborting
    this.#aborting = new Stop()
    const { name } = this.job
    const message = `the run of job ${quote(name)} was aborted on request`
    aborting.abort(new TidingsError('TIDINGS_RUN_ABORTED', message, { details: { job: name } }))
    return true
  }

  /** Pauses or resumes the schedule. Pausing stops retries, and ends a run of `always()`. */
  pause(paused: boolean): void {
    if (paused === this.#paused$.value) return
    if (paused) this.#pausing.abort()
    else this.#pausing = new Stop()
    this.#paused$.next(paused)
    this.changes$.next()
  }

  /**
   * Restarts the schedule now: neither settled nor open slots hold it up, and no earlier slot belongs to it. A run in
   * progress may finish.
   */
  async reset(): Promise<void> {
    const { log, clock } = this.#host
    const now = clock.now()
    this.#pausing.abort()
    this.#pausing = new Stop()
    if (this.#paused$.value) this.#pausing.abort()
    this.#record = (await resetJob(log, this.job.name, now)) ?? this.#record
    this.#failure = undefined
    this.#paused$.next(this.#paused$.value)
    this.changes$.next()
  }

  status(): JobStatus {
    const { name, schedule } = this.job
    const paused = this.#paused$.value
    return {
      name,
      schedule: scheduleWords(schedule),
      running: this.#running.length > 0,
      ...(paused ? { paused } : this.#next()),
      ...(this.standby ? { standby: true } : {}),
      ...defined({ last: this.#last }),
    }
  }

  // The slot that the schedule waits for, or an earlier one whose jitter is not over.
  #next(): Pick<JobStatus, 'next' | 'expectedBy'> {
    const coming = [this.#awaited, ...[...this.#delayed].map(({ at }) => at)].filter((at) => at !== undefined)
    if (coming.length === 0) {
      if (this.#failure !== undefined) return {}
      return nextRun(this.#driven, this.#record, this.#host.clock.now())
    }
    const next = coming.reduce((first, at) => (at < first ? at : first))
    return { next, ...expectedBy(this.job.settings, next) }
  }

  // Set when the job rests for longer than until its next slot, and by more than clocks differ: a clock that was ahead
  // settled its slots up to there.
  #restsUntil(): Date | undefined {
    const awaited = this.#awaited
    if (this.#paused$.value || awaited === undefined) return undefined
    const now = this.#host.clock.now()
    const usual = slotAfter(this.job.schedule, now, Math.min(this.#record.anchor, now))
    if (usual === undefined || usual >= awaited) return undefined
    return restsUntil(this.job, { anchor: this.#record.anchor, upTo: awaited.getTime() - 1 }, now)
  }

  health(): JobHealth {
    const { next, expectedBy, last, ...status } = this.status()
    const overdue = overdueSlot(this.job, this.#record.anchor, this.#host.clock.now(), {
      due: this.#due,
      awaited: this.#awaited,
    })
    const rests = this.#restsUntil()
    return {
      ...status,
      ...(next === undefined ? {} : { next: next.toISOString() }),
      ...(expectedBy === undefined ? {} : { expectedBy: expectedBy.toISOString() }),
      ...(last === undefined ? {} : { last: runRow(last, this.#host.scrub) }),
      ...(overdue === undefined ? {} : { overdue: overdue.toISOString() }),
      ...(rests === undefined ? {} : { restsUntil: rests.toISOString() }),
      ...(this.#failure === undefined ? {} : { failure: this.#host.scrub(this.#failure.message) }),
    }
  }
}

/** What an agent holds while it drives a job. */
function holdOf({ name }: Job): string {
  return `job/${name}`
}
