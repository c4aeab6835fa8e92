import type { Observable } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import type { Environment } from '../core/environment.ts'
import { errorInfo } from '../core/error-info.ts'
import { asError, quote } from '../core/errors.ts'
import type { Draft } from '../core/event.ts'
import { Publisher } from '../core/publisher.ts'
import { linked, within } from '../core/within.ts'
import type { Log } from '../log/port.ts'
import { StateBuffer } from '../log/state-buffer.ts'
import type { Desk } from './desk.ts'
import { execute } from './execute.ts'
import type { Job, JobContext } from './job.ts'
import { type Counts, JOBS, type JobRecord, jobNamespace, Recorder } from './record.ts'
import { timedOut } from './run-once.ts'
import { runs$ } from './runs.ts'
import type { Slot } from './slots.ts'
import { type Trying, tries } from './tries.ts'

/** How one run went. `error` is there when it failed. */
export interface RunReport extends Counts {
  readonly job: string
  readonly slot: Date
  readonly attempt: number
  /** How long it took, in ms. */
  readonly ms: number
  readonly error?: Error
}

/** A slot that somebody asked for: `ended` hears how it went, or nothing when it did not run. */
export interface Trigger extends Slot {
  readonly ended?: (report: RunReport | undefined) => void
}

/** What jobs need to run on a log. */
export interface JobHost {
  readonly log: Log
  readonly clock: Clock
  readonly environment: Environment
  /** Aborts when no more runs are to begin. */
  readonly stop: AbortSignal
  /** Aborts when the runs that go on are to end. */
  readonly abort: AbortSignal
  /** Takes known secrets out of what is kept. */
  scrub(text: string): string
  began(slot: Slot): void
  ended(report: RunReport): void
  /** Default: nobody steers it. */
  readonly desk?: Desk
}

/** A claim outlives the run's timeout by this much, in ms; a run without a timeout claims a day. */
const CLAIM = { spare: 60_000, endless: 86_400_000 }

/** When a job was first seen, and how far it is; written down if the log has never seen it. */
export async function readJob(log: Log, { name, settings }: Job, now: number): Promise<JobRecord> {
  const jobs = log.store(JOBS)
  const known = (await jobs.get<JobRecord>(name))?.value
  if (known !== undefined) return known
  const older = settings.formerly === undefined ? undefined : (await jobs.get<JobRecord>(settings.formerly))?.value
  if (older !== undefined) await adopt(log, settings.formerly as string, name)
  const record = older ?? { anchor: now }
  await jobs.set(name, record)
  return record
}

async function adopt(log: Log, from: string, to: string): Promise<void> {
  for await (const { key, value } of log.store(jobNamespace(from)).list())
    await log.store(jobNamespace(to)).set(key, value)
}

/** A job at work on a log. Completes after `stop`, when its last run has ended. */
export function runJob(job: Job, record: JobRecord, triggers$: Observable<Trigger>, host: JobHost): Observable<never> {
  const { clock, environment, stop, desk } = host
  const { logger } = environment
  // Slots that nobody scheduled come after every other: else one that is asked for in the same millisecond, or after the
  // clock went back, would be taken for done.
  let newest = record.slot ?? 0
  const later = (slot: Trigger): Trigger => {
    newest = Math.max(slot.at.getTime(), slot.asked === true ? newest + 1 : newest)
    return slot.asked === true ? { ...slot, at: new Date(newest) } : slot
  }
  return runs$(job, {
    clock,
    ticking: {
      anchor: new Date(record.anchor),
      ...(record.slot === undefined ? {} : { after: new Date(record.slot) }),
      ...(desk === undefined ? {} : { waits: desk.waits }),
    },
    ...(desk === undefined ? {} : { paused$: desk.paused$ }),
    triggers$,
    stop,
    runSlot: async (slot: Trigger, replaced) => {
      const taken = later(slot)
      const done = desk?.came(taken)
      const report = await runSlot(job, taken, host, replaced).catch((err: unknown) => {
        logger.error({ job: job.name, slot: slot.at, err }, 'job failed')
        return undefined
      })
      done?.()
      // Once this run has left its place: who triggers the job again at once must not find it taken.
      setImmediate(() => slot.ended?.(report))
    },
    skipped: (slot: Trigger) => {
      logger.warn({ job: job.name, slot: slot.at }, 'run skipped')
      slot.ended?.(undefined)
    },
  })
}

// The last report of a slot; undefined when it was done before, and the clock went back. Rejects when the log fails.
async function runSlot(job: Job, slot: Slot, host: JobHost, replaced: AbortSignal): Promise<RunReport | undefined> {
  const { log, clock, environment } = host
  if (host.stop.aborted) return undefined
  const ttl = job.settings.timeout === undefined ? CLAIM.endless : job.settings.timeout + CLAIM.spare
  const claim = await log.claim(job.name, slot.at, ttl)
  if (claim === undefined) return undefined
  const stored = (await log.store(JOBS).get<JobRecord>(job.name))?.value
  const record = { anchor: slot.at.getTime(), ...stored, slot: Math.max(slot.at.getTime(), stored?.slot ?? 0) }
  const ends = [replaced, host.abort]
  let report: RunReport | undefined
  const trying: Omit<Trying, 'stop'> = {
    clock,
    run: async (tried) => {
      host.began(slot)
      report = await oneRun(job, slot, { record, attempt: claim.attempt + tried - 1, ends }, host)
      host.ended(report)
      if (report.error !== undefined) throw report.error
      const { job: name, new: fresh, changed, duplicate, ms } = report
      environment.logger.info({ job: name, new: fresh, changed, duplicate, ms }, 'job done')
    },
    failed: (err) => {
      const fields = { job: job.name, slot: slot.at, err }
      if (replaced.aborted) environment.logger.info(fields, 'run replaced')
      else environment.logger.error(fields, 'job failed')
    },
  }
  const settled = await linked([...ends, ...told(job, host)], (stop) => tries(job, slot, { ...trying, stop }))
  // Cut off, or stopped before it was tried again: after a restart, the slot is run again.
  if (report === undefined || !settled || host.abort.aborted) return report
  if (report.error !== undefined) await log.store(JOBS).set(job.name, record)
  await claim.done(outcome(report, host.scrub))
  return report
}

// What says that nothing is to be tried again. A run that should never end is told so itself.
function told({ schedule }: Job, { stop, desk }: JobHost): readonly AbortSignal[] {
  return schedule.kind === 'always' && desk !== undefined ? [stop, desk.rest()] : [stop]
}

function outcome({ ms, attempt, error, ...counts }: RunReport, scrub: JobHost['scrub']): object {
  const { new: fresh, changed, duplicate } = counts
  return {
    ms,
    attempt,
    new: fresh,
    changed,
    duplicate,
    ...(error === undefined ? {} : { error: errorInfo(error, scrub) }),
  }
}

/** `record`: what is known of the job once the slot is done; `ends`: what cuts the run off. */
interface Attempt {
  readonly record: JobRecord
  readonly attempt: number
  readonly ends: readonly AbortSignal[]
}

async function oneRun(job: Job, slot: Slot, { record, attempt, ends }: Attempt, host: JobHost): Promise<RunReport> {
  const { log, clock, environment } = host
  const { name, settings } = job
  const { logger } = environment
  const began = clock.now()
  logger.info({ job: name, slot: slot.at }, 'running job')
  const origin = { job: name, run: `${slot.at.toISOString()}#${attempt}` }
  const recorder = new Recorder(log, logger, origin, record.succeeded === true ? 'tell' : settings.first)
  const publisher = new Publisher((draft) => recorder.offer(draft))
  const state = new StateBuffer(log.store(jobNamespace(name)), jobNamespace(name))
  const report = (error?: Error): RunReport => {
    const counts = { job: name, slot: slot.at, attempt, ms: clock.now() - began, ...recorder.counts }
    return error === undefined ? counts : { ...counts, error }
  }
  try {
    const limit = { clock, timeout: settings.timeout, signals: ends, late: () => timedOut(job) }
    const endless = job.schedule.kind === 'always'
    await within(limit, (over) => {
      over.addEventListener('abort', () => publisher.end(`the run of job ${quote(name)}`), { once: true })
      return linked([over, ...(endless ? told(job, host) : [])], (signal) => {
        const { publish } = publisher
        const context: JobContext = { ...environment, slot: slot.at, attempt, state, publish, signal }
        const succeeded = { namespace: JOBS, key: name, value: { ...record, succeeded: true } }
        const finish = (last?: Draft): Promise<void> => recorder.finish(last, [...state.writes(), succeeded])
        return execute({ job, context, over, publisher, finish })
      })
    })
    return report()
  } catch (error) {
    return report(asError(error))
  }
}
