import type { Cancel } from '../core/control.ts'
import { asError, quote } from '../core/errors.ts'
import type { Draft, StoredEvent } from '../core/event.ts'
import { guardSignal } from '../core/guard-signal.ts'
import { Publisher } from '../core/publisher.ts'
import { withLinkedSignal, withTimeLimit } from '../core/time-limit.ts'
import type { Claim, Completion } from '../log/claim.ts'
import type { Query, Write, Writes } from '../log/port.ts'
import { StateBuffer } from '../log/state-buffer.ts'
import { execute } from './execute.ts'
import type { Job, JobContext } from './job.ts'
import type { JobHost, RunReport } from './job-host.ts'
import { watchProgress } from './progress-watch.ts'
import { JOBS, type JobRecord, jobNamespace, PAUSED_JOBS, Recorder } from './record.ts'
import { dueAt } from './retry-loop.ts'
import { execOf, timedOut } from './run-once.ts'
import type { Slot } from './slots.ts'

/**
 * One attempt at a slot.
 *
 * - `replaced`, `abort`: cut the run off, for another slot or the agent's stop; `told`: ask it to end
 */
export interface RunAttempt {
  readonly slot: Slot
  /** The claim on the slot, which completes in one step with the last write of the run. */
  readonly claim: Claim
  readonly attempt: number
  readonly replaced: AbortSignal
  readonly abort: AbortSignal
  readonly told: readonly AbortSignal[]
  /** The current record of the job. */
  record(): JobRecord
}

/** A smaller delay than this, in ms, is timer inaccuracy and not logged. */
const PUNCTUAL = 1000

/** Runs a job for a slot; never rejects. */
export async function runAttempt(job: Job, given: RunAttempt, host: JobHost): Promise<RunReport> {
  const { log, clock, environment } = host
  const { slot, attempt, replaced, abort } = given
  const ends = [replaced, abort]
  const { name, settings } = job
  const began = clock.now()
  const late = Math.max(0, began - dueAt(job, slot))
  environment.logger.info({ job: name, slot: slot.at, ...(late < PUNCTUAL ? {} : { late }) }, 'running job')
  const origin = { job: name, run: `${slot.at.toISOString()}#${attempt}` }
  const first = given.record().succeeded === true ? 'tell' : settings.first
  const recorder = new Recorder(log, environment.logger, origin, first)
  const ended = (): Omit<RunReport, 'status'> => {
    const times = { began: new Date(began), late, ms: clock.now() - began }
    return { job: name, slot: slot.at, attempt, ...times, ...recorder.counts }
  }
  const over =
    job.schedule.kind === 'always' ? watchProgress(recorder, clock, (look) => host.progressed?.(look)) : undefined
  let timeUp = false
  const tooLate = (): Error => {
    timeUp = true
    return timedOut(job)
  }
  try {
    const limit = { clock, timeout: settings.timeout, signals: ends, late: tooLate }
    const cancel = await withTimeLimit(limit, (over) => perform(job, { ...given, began, late, over }, recorder, host))
    if (cancel === undefined) return { ...ended(), status: 'done' }
    return { ...ended(), status: 'cancelled', reason: cancel.message }
  } catch (error) {
    const cutOff = timeUp || abort.aborted
    const status = replaced.aborted ? 'replaced' : cutOff ? 'abandoned' : 'failed'
    return { ...ended(), status, error: asError(error) }
  } finally {
    over?.()
  }
}

/** `over`: aborts when the run is cut off. */
interface Performance extends RunAttempt {
  readonly began: number
  readonly late: number
  readonly over: AbortSignal
}

function perform(job: Job, given: Performance, recorder: Recorder, host: JobHost): Promise<Cancel | undefined> {
  const { slot, late, attempt, over, told, record } = given
  const { log, clock, environment, scrub } = host
  const namespace = jobNamespace(job.name)
  const publisher = new Publisher((draft) => recorder.offer(draft))
  const save = (writes: Writes): Promise<void> => publisher.save(() => recorder.save(writes))
  const state = new StateBuffer(log.store(namespace), namespace, save)
  over.addEventListener('abort', () => publisher.end(`the run of job ${quote(job.name)}`), { once: true })
  return withLinkedSignal([over, ...told], (linkedSignal) => {
    const { publish } = publisher
    const signal = guardSignal(linkedSignal, (err) => {
      environment.logger.error({ job: job.name, slot: slot.at, err }, 'abort listener failed')
    })
    const exec = execOf(job, environment, [over, linkedSignal])
    const events = (query?: Query): AsyncIterable<StoredEvent> => log.events(query)
    const context: JobContext = { ...environment, exec, events, slot: slot.at, late, attempt, state, publish, signal }
    const finish = (last: Draft | undefined, cancel: Cancel | undefined): Promise<void> => {
      const known = record()
      const succeeded =
        known.succeeded === true ? [] : [{ namespace: JOBS, key: job.name, value: { ...known, succeeded: true } }]
      const rests = cancel === undefined ? [] : [restOf(job, clock.now(), scrub(cancel.message))]
      return recorder.finish(
        last,
        [...state.writes(), ...succeeded, ...rests],
        completionOf(given, recorder, host, cancel),
      )
    }
    return execute({ job, context, over, publisher, finish })
  })
}

// Written in one step with the last drafts, so it does not know their receipts yet; `claim.done` records them.
function completionOf(
  { claim, attempt, began, late }: Performance,
  { counts }: Recorder,
  { clock, scrub }: JobHost,
  cancel: Cancel | undefined,
): Completion {
  const times = { began: new Date(began).toISOString(), late, ms: clock.now() - began }
  const end = cancel === undefined ? { status: 'done' } : { status: 'cancelled', reason: scrub(cancel.message) }
  return { claim, attempt, outcome: { ...times, ...counts, ...end } }
}

// Written in one step with the run's end: a job that cancelled itself never runs again, even after a crash.
function restOf({ name }: Job, since: number, reason: string): Write {
  return { namespace: PAUSED_JOBS, key: name, value: { since, reason } }
}
