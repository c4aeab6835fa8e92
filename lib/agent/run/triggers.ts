import { defer, from, merge, type Observable, Subject } from 'rxjs'
import type { Trigger } from '../../job/job-host.ts'
import type { RunReport } from '../../job/run-report.ts'

/** The runs of a job that are asked for by hand. They wait until the job is driven. */
export class Triggers {
  readonly #asked$ = new Subject<Trigger>()
  readonly #waiting: Waiting[] = []
  /** The runs that wait, then each that is asked for. */
  readonly asked$: Observable<Trigger> = defer(() =>
    merge(this.#asked$, from(this.#waiting.splice(0).map(({ trigger }) => trigger))),
  )

  /** Asks for a run. Resolves to its report; undefined if it did not run. */
  ask(at: Date): Promise<RunReport | undefined> {
    return new Promise((ended, refused) => {
      const trigger: Trigger = { at, ended }
      if (this.#asked$.observed) this.#asked$.next(trigger)
      else this.#waiting.push({ trigger, refused })
    })
  }

  /** The agent stops: what waits does not run. */
  end(): void {
    for (const { trigger } of this.#waiting.splice(0)) trigger.ended?.(undefined)
  }

  /** Another agent drives the job: what waits is to be asked there. */
  refuse(why: Error): void {
    for (const { refused } of this.#waiting.splice(0)) refused(why)
  }
}

interface Waiting {
  readonly trigger: Trigger
  refused(why: Error): void
}
