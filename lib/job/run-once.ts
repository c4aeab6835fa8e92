import { catchError, defer, EMPTY, Observable, throwError } from 'rxjs'
import { type Clock, systemClock } from '../core/clock.ts'
import { type Cancel, isCancel } from '../core/control.ts'
import { realEnvironment } from '../core/environment.ts'
import { quote, TidingsError } from '../core/errors.ts'
import type { Draft, StoredEvent } from '../core/event.ts'
import { type ExecOwner, execWithin } from '../core/exec.ts'
import { guardSignal } from '../core/guard-signal.ts'
import { guarded, type Logger } from '../core/logger.ts'
import { Publisher } from '../core/publisher.ts'
import { withTimeLimit } from '../core/time-limit.ts'
import { checkDraft } from '../log/limits.ts'
import { StateBuffer } from '../log/state-buffer.ts'
import { execute } from './execute.ts'
import type { Job, JobContext } from './job.ts'
import { MemoryState } from './memory-state.ts'

/** Replacements for parts of a run's context. */
export type ContextParts = Partial<Omit<JobContext, 'logger'>> & { readonly logger?: Logger; readonly clock?: Clock }

const NONE: AsyncIterable<StoredEvent> = {
  [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }),
}

/**
 * Runs a job once, now, and emits its drafts as they are published or returned. Completes when the run ends well;
 * errors with what it threw, with a refused publish, or with `TIDINGS_RUN_TIMEOUT`. Unsubscribing aborts its signal.
 * Drafts are not deduplicated: `publish` resolves to the status `offered`.
 *
 * @example
 * ```ts
 * import { eventType, job, manual, runOnce } from 'tidings'
 *
 * const greeting = eventType('greeting').of<{ payload: string }>()
 * const hello = job('hello', manual(), () => greeting('123', { payload: 'hello' }))
 * runOnce(hello).subscribe((draft) => console.log(draft.identifier))
 * ```
 */
export function runOnce(job: Job, context: ContextParts = {}): Observable<Draft> {
  return defer(() => runWith(job, context, new MemoryState())).pipe(
    catchError((error: unknown) => (isCancel(error) ? EMPTY : throwError(() => error))),
  )
}

/** Like `runOnce`, with state that outlives the run. A run that cancels its job errors with the `Cancel`. */
export function runWith(job: Job, context: ContextParts, kept: MemoryState): Observable<Draft> {
  return new Observable((subscriber) => {
    const stop = new AbortController()
    offer(job, context, stop.signal, (draft) => subscriber.next(draft), kept).then(
      (cancel) => (cancel === undefined ? subscriber.complete() : subscriber.error(cancel)),
      (error) => subscriber.error(error),
    )
    return () => stop.abort(unheard(job))
  })
}

async function offer(
  job: Job,
  parts: ContextParts,
  stop: AbortSignal,
  emit: (draft: Draft) => void,
  kept: MemoryState,
): Promise<Cancel | undefined> {
  const { clock = systemClock, ...given } = parts
  const publisher = new Publisher(async (draft) => {
    emit(checkDraft(draft))
    return { status: 'offered', seq: 0 }
  })
  const state = new StateBuffer(kept, job.name, (writes) => publisher.save(async () => kept.keep(writes)))
  const signals = given.signal === undefined ? [stop] : [stop, given.signal]
  return withTimeLimit({ clock, timeout: job.settings.timeout, signals, late: () => timedOut(job) }, (over) => {
    over.addEventListener('abort', () => publisher.end(`the run of job ${quote(job.name)}`), { once: true })
    const world = { ...realEnvironment(clock), ...given }
    const logger = guarded(world.logger)
    const context: JobContext = {
      slot: new Date(clock.now()),
      late: 0,
      attempt: 1,
      state,
      publish: publisher.publish,
      events: () => NONE,
      ...world,
      logger,
      exec: execOf(job, { exec: world.exec, logger }, [over]),
      signal: guardSignal(over, (err) => logger.error({ job: job.name, err }, 'abort listener failed')),
    }
    const finish = async (last: Draft | undefined): Promise<void> => {
      if (last !== undefined) emit(checkDraft(last))
      kept.keep(state.writes())
    }
    return execute({ job, context, publisher, finish })
  })
}

/** The `exec` of one run: its programs end with the run. `signals`: the first aborts once the run is over. */
export function execOf(
  { name }: Job,
  { exec, logger }: Pick<JobContext, 'exec' | 'logger'>,
  signals: ExecOwner['signals'],
): JobContext['exec'] {
  return execWithin(exec, { title: `the run of job ${quote(name)}`, fields: { job: name }, logger, signals })
}

/** The abort reason of a run whose drafts have no subscriber left. */
export function unheard(job: Job): TidingsError {
  return new TidingsError('TIDINGS_RUN_ENDED', `nobody listens to job ${quote(job.name)} any more`)
}

/** The error of a run that exceeded its timeout. */
export function timedOut(job: Job): TidingsError {
  const { name, settings } = job
  return new TidingsError(
    'TIDINGS_RUN_TIMEOUT',
    `job ${quote(name)} took longer than its timeout of ${settings.timeout} ms, and was abandoned`,
    {
      details: { job: name, timeout: settings.timeout },
    },
  )
}
