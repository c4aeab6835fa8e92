import type { Draft, Receipt } from './event.ts'
import type { EventType } from './event-type.ts'
import type { ContextLogger } from './logger.ts'
import type { World } from './world.ts'

/**
 * Publishes a happening. Resolves once it is durable; the run or delivery waits for it either way, and fails if it
 * is refused.
 */
export interface Publish {
  <N extends string, T, I>(type: EventType<N, T, I>, identifier: string, data: NoInfer<I>): Promise<Receipt>
  (type: string, identifier: string, data: unknown): Promise<Receipt>
  (draft: Draft): Promise<Receipt>
}

/**
 * Small values that last: JSON by key, each job and listener its own. What is written is seen at once in the same run,
 * and kept if that ends well: with a job's last event, or with a listener's ack.
 */
export interface State {
  /** What is stored under the key, or was set in this run; `fallback` (default undefined) where there is nothing. */
  get<T>(key: string, fallback: T): Promise<T>
  get<T>(key: string): Promise<T | undefined>
  set(key: string, json: unknown): void
  delete(key: string): void
  /**
   * For jobs: stores what was set and deleted so far, for runs that do not end, or take long: that is kept whatever becomes of the
   * run. Everything that the run published before is stored first: state never gets ahead of its events. Under
   * `first: { tell: n }` it also decides about that: the newest of it are told, and count towards n.
   *
   * Rejects when one of those publishes was refused, when the log fails, and with `TIDINGS_RUN_ENDED` when the run is over.
   * The run waits for it, and fails with it.
   *
   * Throws `TIDINGS_LISTENER_INVALID` in a delivery, whose state is stored with its ack, and only then: an attempt that
   * fails leaves none behind.
   */
  save(): Promise<void>
}

/** What runs and handlers have in common. */
export interface Context extends World {
  readonly publish: Publish
  readonly state: State
  /** Aborts when the run or delivery is to end: its time is up, or the agent stops. */
  readonly signal: AbortSignal
  /** 1 at first, and one more each time it is tried again. */
  readonly attempt: number
  /** Takes words, or fields and words: `logger.info('done')`, `logger.info({ n }, 'done')`. */
  readonly logger: ContextLogger
}
