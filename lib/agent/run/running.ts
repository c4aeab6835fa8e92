import type { Observable } from 'rxjs'
import type { Publish } from '../../core/context.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { RunReport } from '../../job/run-report.ts'
import type { Part } from '../define/agent.ts'
import type { Attention } from './attention.ts'
import type { LoggedLine } from './logged-lines.ts'
import type { Reloaded } from './reloaded.ts'
import type { Status } from './status.ts'

/** A running agent. Made by `start(…)`. */
export interface Running {
  /** The events accepted from now on. Hot: nothing is replayed. Completes when the agent has stopped. */
  readonly events$: Observable<StoredEvent>
  /**
   * Publishes an event from outside of any job. Resolves once it is durable.
   *
   * @throws TidingsError `TIDINGS_RUN_ENDED` once the agent stops, and any error with which the log rejects the event
   */
  readonly publish: Publish
  /**
   * Adds jobs, listeners and streams to the running agent: all of them, or none if it rejects.
   *
   * @throws TidingsError `TIDINGS_AGENT_INVALID` for an invalid part, a name that is taken, or a stopped agent, and any
   *   error with which the log refuses to open a listener
   */
  add(part: Part): Promise<void>
  /**
   * Loads the code of the agent again, with the option `load` of `start()`. If that makes an agent of the same name, the
   * running parts end as in `stop()`, and those of the new agent begin on the same log, as after a restart. Parts that
   * were added stay. Resolves to what has changed, once the new parts run.
   *
   * @throws TidingsError `TIDINGS_RELOAD_FAILED` if the code can't be loaded, or the new parts can't begin: those of
   *   before run on, or begin again
   */
  reload(): Promise<Reloaded>
  /**
   * Runs a job now, besides its schedule. Resolves to the report; undefined if it did not run, because it is already
   * running or the agent has stopped.
   *
   * @throws TidingsError `TIDINGS_AGENT_INVALID` for an unknown job
   */
  trigger(jobName: string): Promise<RunReport | undefined>
  /** The status of all parts, and the problems. Also answers while the log has failed. */
  status(): Promise<Status>
  /**
   * What needs a person, most urgent first: failing, silent, overdue and stopped jobs, held drafts, stuck listeners, parked
   * events, a failed log, a disk that is nearly full. Also answers while the log has failed.
   */
  attention(): Promise<readonly Attention[]>
  /**
   * The log lines so far, of all levels, oldest first: those of the engine, and those of the `logger` of runs and
   * handlers. Only of an agent that was started with `logger: false`, and at most the newest 1000; another logger has
   * its lines itself, and this stays empty.
   *
   * @example
   * ```ts
   * import assert from 'node:assert/strict'
   * import { agent, job, manual, memoryLog, start } from 'tidings'
   *
   * const parts = [job('look', manual(), ({ logger }) => logger.warn({ left: 3 }, 'few tokens are left'))]
   * await using running = await start(agent('spec', parts), { log: await memoryLog(), logger: false })
   * await running.trigger('look')
   * const warnings = running.logged.filter(({ level }) => level === 'warn')
   * assert.deepEqual(warnings, [{ level: 'warn', message: 'few tokens are left', fields: { left: 3 } }])
   * ```
   */
  readonly logged: readonly LoggedLine[]
  /**
   * Resolves when every listener has handled all its events, also those that listeners have published meanwhile. It does
   * not wait for events that wait for a retry, for those that come after them in order, for paused listeners, or for
   * listeners that have ended or that the log refuses to open. Resolves at once when the agent stops.
   *
   * @throws TidingsError `TIDINGS_CLOCK_STILL` if a listener has events that it can handle only once a virtual clock is
   *   advanced, and that stands still for 4 s of real time: its handler waits for the clock, or hangs
   */
  drained(): Promise<void>
  /**
   * Stops the agent: no new runs or deliveries start; those in progress have 10 s to end, then their signals abort; with
   * a virtual clock that stands still, after 4 s of real time. Resolves within a second after that; a log that does not answer gets up to 10 s more to close.
   */
  stop(): Promise<void>
  /** Calls `stop()`. */
  [Symbol.asyncDispose](): Promise<void>
}
