import { NEVER, Observable } from 'rxjs'
import { type Clock, systemClock } from '../core/clock.ts'
import type { Draft } from '../core/event.ts'
import { checkOptions } from '../core/options.ts'
import { withLinkedSignal } from '../core/time-limit.ts'
import type { Job } from './job.ts'
import { runSlot, type SlotHost } from './run-loop.ts'
import { type ContextParts, checkContext, contextOf, emitting, MemoryOutlet, MemoryState, unheard } from './run-once.ts'
import { runs$ } from './runs.ts'

/**
 * The drafts of a job, run after run on its schedule: cold and endless. Each subscriber gets its own runs, starting
 * with the first slot after it subscribes. A failed run is logged to the context's logger (default: standard error)
 * and never ends the stream; a run that cancels its job completes it. Drafts are not deduplicated: see
 * `distinctByIdentifier`.
 *
 * @throws TidingsError `TIDINGS_JOB_INVALID` for an unknown option, or a misspelt part of the context
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
  options: {
    /** The time source. Default: the clock of this machine. */
    readonly clock?: Clock
    /** Replaces parts of the runs' context. Its signal ends the runs. Default: none. */
    readonly context?: Omit<ContextParts, 'clock'>
  } = {},
): Observable<Draft> {
  checkOptions(options, { clock: true, context: true }, 'TIDINGS_JOB_INVALID', 'of drafts()')
  const { clock = systemClock, context = {} } = options
  checkContext(context, 'of the context of drafts()')
  return new Observable((subscriber) => {
    const { signal, ...parts } = context
    const environment = contextOf(clock, parts)
    const { logger } = environment
    const stop = new AbortController()
    const outer = signal === undefined ? [stop.signal] : [stop.signal, signal]
    const kept = new MemoryState()
    const offer = emitting((draft) => subscriber.next(draft))
    const hostOf = (abort: AbortSignal): SlotHost => ({
      clock,
      context: environment,
      abort,
      ends: () => [abort],
      claim: async ({ at }, replaced) => ({
        at,
        attempt: 1,
        begin: () => new MemoryOutlet(job, kept, offer),
        ended: ({ status, error }) => {
          if (status === 'cancelled') subscriber.complete()
          // Unsubscribing aborts the run; that is not a failure.
          if (error === undefined || abort.aborted || replaced.aborted) return
          logger.error({ job: job.name, slot: at, err: error }, 'job failed')
        },
      }),
    })
    // Added first, so that the current run is aborted with this reason.
    subscriber.add(() => stop.abort(unheard(job)))
    const runs = runs$(job, {
      clock,
      slots: {
        anchor: new Date(clock.now()),
        decided: ({ passed }) => {
          if (passed !== undefined) logger.info({ job: job.name, ...passed }, 'slots missed')
        },
      },
      triggers$: NEVER,
      stop: stop.signal,
      runSlot: (slot, replaced) => withLinkedSignal(outer, (abort) => runSlot(job, slot, hostOf(abort), replaced)),
      skipped: ({ at }) => logger.warn({ job: job.name, slot: at }, 'run skipped'),
    }).subscribe({ error: (error) => subscriber.error(error) })
    subscriber.add(runs)
  })
}
