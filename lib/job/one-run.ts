import type { Cancel } from '../core/control.ts'
import { asError, quote } from '../core/errors.ts'
import type { Draft } from '../core/event.ts'
import { guardSignal } from '../core/guard-signal.ts'
import { Publisher } from '../core/publisher.ts'
import { linked, within } from '../core/within.ts'
import type { Write, Writes } from '../log/port.ts'
import { StateBuffer } from '../log/state-buffer.ts'
import { execute } from './execute.ts'
import type { Job, JobContext } from './job.ts'
import type { JobHost, RunReport } from './job-host.ts'
import { lookOut } from './look-out.ts'
import { JOBS, type JobRecord, jobNamespace, PAUSED_JOBS, Recorder } from './record.ts'
import { execOf, timedOut } from './run-once.ts'
import type { Slot } from './slots.ts'
import { dueAt } from './tries.ts'

/**
 * One attempt at a slot.
 *
 * - `record`: what is known of the job once the slot is done
 * - `ends`: what cuts the run off; `told`: what tells it to end
 */
export interface Attempt {
  readonly slot: Slot
  readonly attempt: number
  readonly ends: readonly AbortSignal[]
  readonly told: readonly AbortSignal[]
  record(): JobRecord
}

/** A run that began after its slot by less than this, in ms, is as punctual as timers are. */
const PUNCTUAL = 1000

/** Runs a job for a slot; never rejects. */
export async function oneRun(job: Job, given: Attempt, host: JobHost): Promise<RunReport> {
  const { log, clock, environment } = host
  const { slot, attempt, ends } = given
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
  const over = job.schedule.kind === 'always' ? lookOut(recorder, clock, (look) => host.goesOn?.(look)) : undefined
  let timeUp = false
  const tooLate = (): Error => {
    timeUp = true
    return timedOut(job)
  }
  try {
    const limit = { clock, timeout: settings.timeout, signals: ends, late: tooLate }
    const cancel = await within(limit, (over) => perform(job, { ...given, late, over }, recorder, host))
    if (cancel === undefined) return { ...ended(), status: 'done' }
    return { ...ended(), status: 'cancelled', reason: cancel.message }
  } catch (error) {
    const cutOff = timeUp || ends.some(({ aborted }) => aborted)
    return { ...ended(), status: cutOff ? 'abandoned' : 'failed', error: asError(error) }
  } finally {
    over?.()
  }
}

/** `over`: aborts when the run is cut off. */
interface Performance extends Attempt {
  readonly late: number
  readonly over: AbortSignal
}

function perform(
  job: Job,
  { slot, late, attempt, over, told, record }: Performance,
  recorder: Recorder,
  { log, clock, environment, scrub }: JobHost,
): Promise<Cancel | undefined> {
  const namespace = jobNamespace(job.name)
  const publisher = new Publisher((draft) => recorder.offer(draft))
  const save = (writes: Writes): Promise<void> => publisher.save(() => recorder.save(writes))
  const state = new StateBuffer(log.store(namespace), namespace, save)
  over.addEventListener('abort', () => publisher.end(`the run of job ${quote(job.name)}`), { once: true })
  return linked([over, ...told], (linkedSignal) => {
    const { publish } = publisher
    const signal = guardSignal(linkedSignal, (err) => {
      environment.logger.error({ job: job.name, slot: slot.at, err }, 'abort listener failed')
    })
    const exec = execOf(job, environment, [over, linkedSignal])
    const context: JobContext = { ...environment, exec, slot: slot.at, late, attempt, state, publish, signal }
    const finish = (last: Draft | undefined, cancel: Cancel | undefined): Promise<void> => {
      const succeeded = { namespace: JOBS, key: job.name, value: { ...record(), succeeded: true } }
      const rests = cancel === undefined ? [] : [restOf(job, clock.now(), scrub(cancel.message))]
      return recorder.finish(last, [...state.writes(), succeeded, ...rests])
    }
    return execute({ job, context, over, publisher, finish })
  })
}

// In one step with what the run did: a job that cancelled itself does not run again, whatever happens then.
function restOf({ name }: Job, since: number, reason: string): Write {
  return { namespace: PAUSED_JOBS, key: name, value: { since, reason } }
}
