import { concat, defer, ignoreElements, type Observable } from 'rxjs'
import { Turns } from '../core/mutex.ts'
import { nextSlot } from '../schedule/next-slot.ts'
import type { Job } from './job.ts'
import type { JobHost, Trigger } from './job-host.ts'
import type { JobRecord } from './record.ts'
import { runSlot } from './run-slot.ts'
import { runs$ } from './runs.ts'
import { SlotLedger } from './slot-ledger.ts'

/** Runs a job on a log; `known`: its current record. Completes after `stop`, when the last run has ended. */
export function runJob(
  job: Job,
  known: () => JobRecord,
  triggers$: Observable<Trigger>,
  host: JobHost,
): Observable<never> {
  const { clock, environment, stop, control: desk } = host
  const ledger = new SlotLedger(job, host)
  let succeeded = false
  let busy = 0
  const turns = new Turns()
  // `skip` and `queue` allow one run at a time. A manual run does not wait for a run that waits for its retry.
  const alone = job.settings.overlap === 'skip' || job.settings.overlap === 'queue'
  const slotHost = {
    ...host,
    ledger,
    record: (): JobRecord => (succeeded ? { ...known(), succeeded } : known()),
    turn: <T>(run: () => Promise<T>): Promise<T> => (alone ? turns.take(run) : run()),
    waits: (): (() => void) => {
      busy -= 1
      return () => void (busy += 1)
    },
    ended: (...given: Parameters<JobHost['ended']>): void => {
      succeeded ||= given[0].error === undefined
      host.ended(...given)
    },
  }
  const instants = new Instants(job, known)
  const runs = runs$(job, {
    clock,
    ticking: {
      anchor: new Date(known().anchor),
      decided: (decided) => ledger.decided(decided),
      ...(desk === undefined ? {} : { waits: desk.nextSlot }),
    },
    restore: () => ledger.restore(known().anchor),
    ...(desk === undefined
      ? {}
      : {
          paused$: desk.paused$,
          failed: (error) => desk.scheduleFailed(error),
          delayed: (slot) => desk.slotDelayed(slot),
        }),
    triggers$,
    stop,
    runSlot: async (given: Trigger, replaced) => {
      const slot = given.asked === true ? { ...given, at: instants.own(given.at) } : given
      const done = desk?.slotStarted(slot)
      busy += 1
      const report = await runSlot(job, slot, slotHost, replaced).catch((err: unknown) => {
        environment.logger.error({ job: job.name, slot: slot.at, err }, 'job failed')
        return undefined
      })
      busy -= 1
      done?.()
      // Deferred until this run has left its place, so that an immediate new trigger is not skipped.
      setImmediate(() => given.ended?.(report))
    },
    skipped: (slot: Trigger) => {
      ledger.blocked(slot)
      slot.ended?.(undefined)
    },
    replaced: (slot: Trigger) => {
      ledger.replaced(slot)
      slot.ended?.(undefined)
    },
    // A run of `always()` that waits to restart counts as running.
    executing: () => busy > 0 || job.schedule.kind === 'always',
  })
  return concat(runs, defer(() => ledger.written()).pipe(ignoreElements()))
}

/** Instants for requested runs: each is unique and none is a scheduled slot. */
class Instants {
  readonly #job: Job
  readonly #known: () => JobRecord
  #newest = 0

  constructor(job: Job, known: () => JobRecord) {
    this.#job = job
    this.#known = known
  }

  own(now: Date): Date {
    let at = now.getTime() === this.#newest ? this.#newest + 1 : now.getTime()
    if (this.#isNamed(at)) at += 1
    this.#newest = at
    return new Date(at)
  }

  #isNamed(at: number): boolean {
    try {
      return nextSlot(this.#job.schedule, new Date(at - 1), new Date(this.#known().anchor))?.getTime() === at
    } catch {
      // `slots$` reports a failed schedule.
      return false
    }
  }
}
