import { NEVER, Observable, type Subscriber } from 'rxjs'
import { type Clock, systemClock } from '../core/clock.ts'
import { isCancel } from '../core/control.ts'
import type { Draft } from '../core/event.ts'
import { guarded, standardErrorLogger } from '../core/logger.ts'
import { withLinkedSignal } from '../core/time-limit.ts'
import type { Job } from './job.ts'
import { MemoryState } from './memory-state.ts'
import { dueAt, retryLoop } from './retry-loop.ts'
import { type ContextParts, runWith, unheard } from './run-once.ts'
import { runs$ } from './runs.ts'
import type { Slot } from './slots.ts'

/**
 * The drafts of a job, run after run on its schedule: cold and endless. Each subscriber gets its own runs, starting
 * with the first slot after it subscribes. A failed run is logged to the context's logger (default: standard error)
 * and never ends the stream; a run that cancels its job completes it. Drafts are not deduplicated: see
 * `distinctByIdentifier`.
 *
 * @param options `clock`: the time source; `context`: replaces parts of the runs' context
 *
 * @example
 * ```ts
 * import { take } from 'rxjs'
 * import { distinctByIdentifier, drafts, eventType, every, job, memoryLog, where } from 'tidings'
 *
 * const greeting = eventType('greeting').of<{ payload: string }>()
 * const hello = job('hello', every('20ms'), () => greeting('123', { payload: 'hello' }))
 * drafts(hello)
 *   .pipe(take(3), distinctByIdentifier(await memoryLog()), where((event) => event.data !== undefined))
 *   .subscribe((event) => console.log(event.seq))
 * ```
 */
export function drafts(
  job: Job,
  {
    clock = systemClock,
    context = {},
  }: { readonly clock?: Clock; readonly context?: Omit<ContextParts, 'clock'> } = {},
): Observable<Draft> {
  return new Observable((subscriber) => {
    const stop = new AbortController()
    const kept = new MemoryState()
    const logger = guarded(context.logger ?? standardErrorLogger)
    const outer = context.signal === undefined ? [stop.signal] : [stop.signal, context.signal]
    const runSlot = (slot: Slot, replaced: AbortSignal): Promise<unknown> =>
      withLinkedSignal([...outer, replaced], (signal) =>
        retryLoop(job, slot, {
          clock,
          stop: signal,
          run: (attempt) => {
            const late = Math.max(0, clock.now() - dueAt(job, slot))
            const run$ = runWith(job, { slot: slot.at, late, attempt, ...context, clock, signal }, kept)
            return runInto(subscriber, run$)
          },
          // Unsubscribing aborts the run; that is not a failure.
          failed: (err) => {
            if (!signal.aborted) logger.error({ job: job.name, slot: slot.at, err }, 'job failed')
          },
        }),
      )
    // Added first, so that the current run is aborted with this reason.
    subscriber.add(() => stop.abort(unheard(job)))
    const runs = runs$(job, {
      clock,
      ticking: {
        anchor: new Date(clock.now()),
        decided: ({ passed }) => {
          if (passed !== undefined) logger.info({ job: job.name, ...passed }, 'slots missed')
        },
      },
      triggers$: NEVER,
      stop: stop.signal,
      runSlot,
      skipped: ({ at }) => logger.warn({ job: job.name, slot: at }, 'run skipped'),
    }).subscribe({ error: (error) => subscriber.error(error) })
    subscriber.add(runs)
  })
}

// A run that cancels its job completes the stream.
async function runInto(subscriber: Subscriber<Draft>, run$: Observable<Draft>): Promise<void> {
  try {
    await run$.forEach((draft) => subscriber.next(draft))
  } catch (error) {
    if (!isCancel(error)) throw error
    subscriber.complete()
  }
}
