import { type Observable, Subject } from 'rxjs'
import { changesOfPresent } from '../../core/changes-of-present.ts'
import { hasCode, quote, TidingsError } from '../../core/errors.ts'
import type { Consumer, Handed, Hold, Lag, Parked, Retrying, RetryPlan, Writes } from '../port.ts'
import type { LogConsumer } from './log-consumer.ts'

/** What a consumer is taken over for. `look`: only to read, so one that another agent has is looked at. */
interface TakeOverFor {
  readonly signal?: AbortSignal
  readonly look?: boolean
}

/** Opens a consumer for a handle; undefined when the signal has aborted. */
type TakeOver = (own: LogConsumer | undefined, why: TakeOverFor) => Promise<LogConsumer | undefined>

/**
 * One opening of a consumer. Several handles of one name share the consumer that is present: each can inspect and steer
 * it, and only the handle that pulled last gets its events (decision 0033). A pull takes over: the consumer of the
 * other handle retires, and its pull rejects.
 *
 * If a consumer retires and none can be opened in its place (the store fails in between), the next pull of its handle
 * opens it again from the store. What the retired one had in flight is handed out again, and a delivery of before must not
 * settle it: that pull rejects, so that its caller ends those deliveries first (decision 0034).
 */
export class ConsumerHandle implements Consumer {
  readonly name: string
  readonly origin: Consumer['origin']
  readonly owns: Consumer['owns']
  readonly #seen: LogConsumer
  readonly #takeOver: TakeOver
  readonly #taken$ = new Subject<void>()
  #own: LogConsumer | undefined
  #taking: Promise<LogConsumer | undefined> | undefined

  /**
   * - `how.isOwn`: whether `seen` was opened for this handle alone; otherwise it takes that over before it pulls
   * - `how.origin`: what the opening of this handle has found
   * - `how.owns`: of a shard, whether it is the shard of an event
   * - `takeOver`: opens the consumer for this handle; returns `own` if another handle has taken that over. With a signal, it
   *   waits while another agent has the consumer
   */
  constructor(
    seen: LogConsumer,
    {
      isOwn,
      origin,
      owns,
    }: { readonly isOwn: boolean; readonly origin: Consumer['origin']; readonly owns?: Consumer['owns'] },
    takeOver: TakeOver,
  ) {
    this.name = seen.name
    this.origin = origin
    this.owns = owns
    this.#seen = seen
    this.#own = isOwn ? seen : undefined
    this.#takeOver = takeOver
  }

  // The consumer to inspect and steer: the one that is open now.
  get #it(): LogConsumer {
    const it = this.#own ?? this.#seen
    return it.next ?? it
  }

  get suspects(): number {
    return this.#it.suspects
  }

  get changes$(): Observable<void> {
    return changesOfPresent(this.#taken$, () => this.#it.changes$)
  }

  async hold(signal: AbortSignal): Promise<Hold | undefined> {
    return (await this.#owned(signal))?.hold()
  }

  async pull(max: number, signal: AbortSignal): Promise<readonly Handed[]> {
    while (!signal.aborted) {
      const before = this.#own
      const hadInFlight = before?.isBusy === true
      const own = await this.#owned(signal)
      if (own === undefined) break
      if (own !== before && hadInFlight) throw openedAgain(this.name)
      try {
        return await own.pull(max, signal)
      } catch (error) {
        if (!own.retired || own.next !== undefined) throw error
      }
    }
    return []
  }

  // Concurrent pulls share one take-over.
  #owned(signal: AbortSignal): LogConsumer | Promise<LogConsumer | undefined> {
    if (this.#own !== undefined && !(this.#own.retired && this.#own.next === undefined)) return this.#own
    this.#taking ??= this.#take(signal).finally(() => (this.#taking = undefined))
    return this.#taking
  }

  async #take(signal: AbortSignal): Promise<LogConsumer | undefined> {
    const taken = await this.#takeOver(this.#own, { signal })
    if (taken === undefined) return undefined
    this.#own = taken
    this.#taken$.next()
    return taken
  }

  // A handle settles only events that it was handed.
  ack(handed: Handed, writes?: Writes): void {
    this.#own?.ack(handed, writes)
  }

  retry(handed: Handed, next: RetryPlan): void {
    this.#own?.retry(handed, next)
  }

  park(handed: Handed, why: { readonly error: unknown }, writes?: Writes): void {
    this.#own?.park(handed, why, writes)
  }

  async *parked(after?: number): AsyncGenerator<Parked> {
    yield* (await this.#present(true)).parked(after)
  }

  async *retrying(after?: number): AsyncGenerator<Retrying> {
    yield* (await this.#present(true)).retrying(after)
  }

  release(seq: number): Promise<boolean> {
    return this.#steer((it) => it.release(seq))
  }

  drop(seq: number): Promise<boolean> {
    return this.#steer((it) => it.drop(seq))
  }

  async redeliver(seqs: Iterable<number>, options?: { readonly at?: number; readonly writes?: Writes }): Promise<void> {
    // Read once: the consumer that is asked may retire in between.
    const all = [...seqs]
    await this.#steer((it) => it.redeliver(all, options))
  }

  flush(): Promise<void> {
    return this.#it.flush()
  }

  async lag(): Promise<Lag> {
    return this.#it.lag()
  }

  // A retired consumer takes nothing. It has no successor yet, or one is being opened: `takeOver` waits its turn.
  async #present(look = false): Promise<LogConsumer> {
    const it = this.#it
    if (!it.retired) return it
    const taken = (await this.#takeOver(it, { look })) ?? it
    return taken.next ?? taken
  }

  // A consumer that retires in between rejects, and its successor is asked.
  async #steer<T>(act: (it: LogConsumer) => Promise<T>): Promise<T> {
    for (;;) {
      const it = await this.#present()
      try {
        return await act(it)
      } catch (error) {
        if (!it.retired || !hasCode(error, 'TIDINGS_LOG_CLOSED')) throw error
      }
    }
  }
}

function openedAgain(name: string): TidingsError {
  const words = `consumer ${quote(name)} was opened again from the store, and hands out again what was in flight`
  return new TidingsError('TIDINGS_LOG_FAILED', words)
}
