import type { Draft, Receipt } from './event.ts'
import type { EventType } from './event-type.ts'
import type { ContextLogger } from './logger.ts'
import type { World } from './world.ts'

/**
 * Publishes a happening: an event type (or its name), an identifier and the data, or a draft alone. Resolves once the log
 * has decided and the decision is durable. The run or delivery waits for it, awaited or not, and fails if it is rejected,
 * even if the error is caught.
 *
 * @throws TidingsError when the log rejects the draft (`TIDINGS_TYPE_INVALID`, `TIDINGS_IDENTIFIER_INVALID`,
 *   `TIDINGS_DATA_INVALID`, `TIDINGS_DATA_TOO_LARGE`, `TIDINGS_SCHEMA_FAILED`), when the log fails
 *   (`TIDINGS_LOG_FAILED`, `TIDINGS_LOG_CLOSED`), and with `TIDINGS_RUN_ENDED` after the run or delivery has ended
 */
export interface Publish {
  <N extends string, T, I>(type: EventType<N, T, I>, identifier: string, data: NoInfer<I>): Promise<Receipt>
  (type: string, identifier: string, data: unknown): Promise<Receipt>
  (draft: Draft): Promise<Receipt>
}

/**
 * Small durable values: JSON by key, separate for each job and listener. The same run reads a written value at once. It
 * is stored if the run succeeds: together with a job's last event, or with a listener's ack. Decision 0016.
 */
export interface State {
  /** Reads the value that is stored under the key, or was set in this run; without one, `fallback` (default undefined). */
  get<T>(key: string, fallback: T): Promise<T>
  get<T>(key: string): Promise<T | undefined>
  /**
   * Sets a value.
   *
   * @throws TidingsError `TIDINGS_DATA_INVALID` when it is not JSON
   */
  set(key: string, json: unknown): void
  /** Deletes a value, if it exists. */
  delete(key: string): void
  /**
   * For jobs: stores what was set and deleted so far, whatever becomes of the run; for runs that never end or take long.
   * Everything that the run published before is stored first, so state never gets ahead of its events. Under
   * `first: { tell: n }` those events are decided as well: the newest ones are told once, and count towards n. The run waits
   * for it, awaited or not, and fails if it rejects. Decision 0045.
   *
   * @throws TidingsError the error of a publish that was rejected before, `TIDINGS_LOG_FAILED`, or `TIDINGS_RUN_ENDED`
   *   after the run has ended; in a delivery always `TIDINGS_LISTENER_INVALID`, because its state is stored with its ack
   */
  save(): Promise<void>
}

/** What runs and handlers are given. */
export interface Context extends World {
  /** Publishes an event; the run or delivery waits for it. */
  readonly publish: Publish
  /** The durable values of this job or listener. */
  readonly state: State
  /** Aborts when the run or delivery must end: its time is up, or the agent stops. */
  readonly signal: AbortSignal
  /** Counts the attempts at this slot or event, from 1. */
  readonly attempt: number
  /** Takes a message, or fields and a message: `logger.info('done')`, `logger.info({ n }, 'done')`. */
  readonly logger: ContextLogger
}
