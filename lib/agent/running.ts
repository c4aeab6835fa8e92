import type { Observable } from 'rxjs'
import type { Publish } from '../core/context.ts'
import type { StoredEvent } from '../core/event.ts'
import type { RunReport } from '../job/job-host.ts'
import type { Part } from './agent.ts'
import type { Status } from './status.ts'

/** An agent that runs. Made by `start(…)`. */
export interface Running {
  /** What is accepted from now on. Hot: nothing is replayed. Completes when the agent has stopped. */
  readonly events$: Observable<StoredEvent>
  /**
   * Publishes a happening that comes from outside of any job. Resolves once it is durable.
   *
   * @throws TidingsError `TIDINGS_RUN_ENDED` once the agent stops, and whatever the log refuses it with
   */
  readonly publish: Publish
  /** Adds jobs, listeners and streams to the agent while it runs. */
  add(part: Part): Promise<void>
  /** Runs a job now, beside its schedule. Resolves to how it went; undefined: it did not run, since it runs already. */
  trigger(jobName: string): Promise<RunReport | undefined>
  /** How all is, and what is not well. Also answers while the log has failed. */
  status(): Promise<Status>
  /** Resolves when every listener has heard all there is; what waits for a later attempt is not waited for. */
  drained(): Promise<void>
  /**
   * No new runs and deliveries begin; those that go on have 10 s to end, then their signals abort. Resolves a second later
   * at the latest, also when the log does not answer.
   */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
