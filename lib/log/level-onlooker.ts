import { type Observable, Subject, startWith, switchMap } from 'rxjs'
import type { LevelConsumer } from './level-consumer.ts'
import type { Consumer, Handed, Lag, Parked, Retrying, Writes } from './port.ts'

/**
 * A consumer that somebody has open already. Looked at and steered, it is that one: whoever handles its events goes on,
 * and hears of it. Whoever pulls takes its place.
 */
export class Onlooker implements Consumer {
  readonly name: string
  readonly origin = 'known'
  readonly #open: LevelConsumer
  readonly #takeOver: () => Promise<LevelConsumer>
  readonly #taken$ = new Subject<void>()
  #own: LevelConsumer | undefined
  #taking: Promise<LevelConsumer> | undefined

  constructor(name: string, open: LevelConsumer, takeOver: () => Promise<LevelConsumer>) {
    this.name = name
    this.#open = open
    this.#takeOver = takeOver
  }

  get #it(): LevelConsumer {
    return this.#own ?? this.#open
  }

  get suspects(): number {
    return this.#it.suspects
  }

  async pull(max: number, signal: AbortSignal): Promise<readonly Handed[]> {
    // Several may pull at once.
    this.#taking ??= this.#takeOver().catch((error: unknown) => {
      this.#taking = undefined
      throw error
    })
    if (this.#own === undefined) {
      this.#own = await this.#taking
      this.#taken$.next()
    }
    return this.#own.pull(max, signal)
  }

  ack(handed: Handed, writes?: Writes): void {
    // What it was not handed is not its own to settle.
    this.#own?.ack(handed, writes)
  }

  retry(handed: Handed, next: { readonly at: number; readonly error?: unknown }): void {
    this.#own?.retry(handed, next)
  }

  park(handed: Handed, why: { readonly error: unknown }): void {
    this.#own?.park(handed, why)
  }

  parked(): AsyncIterable<Parked> {
    return this.#it.parked()
  }

  retrying(): AsyncIterable<Retrying> {
    return this.#it.retrying()
  }

  release(seq: number): Promise<boolean> {
    return this.#it.release(seq)
  }

  drop(seq: number): Promise<boolean> {
    return this.#it.drop(seq)
  }

  redeliver(seqs: Iterable<number>, options?: { readonly at?: number }): Promise<void> {
    return this.#it.redeliver(seqs, options)
  }

  flush(): Promise<void> {
    return this.#it.flush()
  }

  get changes$(): Observable<void> {
    return this.#taken$.pipe(
      startWith(undefined),
      switchMap(() => this.#it.changes$.pipe(startWith(undefined))),
    )
  }

  lag(): Promise<Lag> {
    return this.#it.lag()
  }
}
