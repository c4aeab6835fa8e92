import { merge, type Observable } from 'rxjs'
import { quote, TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { Consumer, Handed, Hold, Lag, Parked, Retrying, Writes } from '../port.ts'

/** A shared consumer as a whole: it is looked at and steered, and its shards are held and pulled. */
export class ShardedConsumer implements Consumer {
  readonly name: string
  readonly origin: Consumer['origin']
  readonly shards: readonly Consumer[]
  readonly #event: (seq: number) => Promise<StoredEvent | undefined>

  /** `event` reads an event of the log. */
  constructor(
    { name, origin }: Pick<Consumer, 'name' | 'origin'>,
    shards: readonly Consumer[],
    event: (seq: number) => Promise<StoredEvent | undefined>,
  ) {
    this.name = name
    this.origin = origin
    this.shards = shards
    this.#event = event
  }

  get suspects(): number {
    return this.shards.reduce((sum, { suspects }) => sum + suspects, 0)
  }

  get changes$(): Observable<void> {
    return merge(...this.shards.map(({ changes$ }) => changes$))
  }

  async hold(): Promise<Hold | undefined> {
    throw this.#isShared()
  }

  async pull(): Promise<readonly Handed[]> {
    throw this.#isShared()
  }

  ack(): void {
    throw this.#isShared()
  }

  retry(): void {
    throw this.#isShared()
  }

  park(): void {
    throw this.#isShared()
  }

  #isShared(): TidingsError {
    const words = `consumer ${quote(this.name)} is shared: its shards are held, and hand out its events`
    return new TidingsError('TIDINGS_LOG_INVALID', words)
  }

  parked(after?: number): AsyncIterable<Parked> {
    return inOrder(this.shards.map((each) => each.parked(after)))
  }

  retrying(after?: number): AsyncIterable<Retrying> {
    return inOrder(this.shards.map((each) => each.retrying(after)))
  }

  async release(seq: number): Promise<boolean> {
    return (await this.#withParked(seq))?.release(seq) ?? false
  }

  async drop(seq: number): Promise<boolean> {
    return (await this.#withParked(seq))?.drop(seq) ?? false
  }

  async #withParked(seq: number): Promise<Consumer | undefined> {
    for (const shard of this.shards) {
      for await (const { event } of shard.parked(seq - 1)) {
        if (event.seq === seq) return shard
        break
      }
    }
    return undefined
  }

  /** Each shard redelivers its own events in a commit; `writes` are in the first of these. */
  async redeliver(
    seqs: Iterable<number>,
    { writes, ...options }: { readonly at?: number; readonly writes?: Writes } = {},
  ): Promise<void> {
    const own = new Map<Consumer, number[]>()
    for (const seq of seqs) {
      const event = await this.#event(seq)
      // One that is unknown is refused by any of them.
      const shard = this.shards.find((each) => event === undefined || each.owns?.(event) === true) as Consumer
      own.set(shard, [...(own.get(shard) ?? []), seq])
    }
    let first = writes
    for (const [shard, ofShard] of own) {
      await shard.redeliver(ofShard, { ...options, ...(first === undefined ? {} : { writes: first }) })
      first = undefined
    }
  }

  async flush(): Promise<void> {
    await Promise.all(this.shards.map((each) => each.flush()))
  }

  async lag(): Promise<Lag> {
    return lagOf(await Promise.all(this.shards.map((each) => each.lag())))
  }
}

/** The progress of several shards together. */
export function lagOf(lags: readonly Lag[]): Lag {
  const sum = (count: (lag: Lag) => number): number => lags.reduce((all, lag) => all + count(lag), 0)
  return {
    // Each shard passes over the events of the others.
    behind: Math.max(0, ...lags.map(({ behind }) => behind)),
    running: sum(({ running }) => running),
    retrying: sum(({ retrying }) => retrying),
    parked: sum(({ parked }) => parked),
  }
}

// Several lists of events, each lowest seq first, as one.
async function* inOrder<T extends { readonly event: StoredEvent }>(
  lists: readonly AsyncIterable<T>[],
): AsyncGenerator<T> {
  const iterators = lists.map((each) => each[Symbol.asyncIterator]())
  const next = async (from: AsyncIterator<T>): Promise<T | undefined> => {
    const read: IteratorResult<T, unknown> = await from.next()
    return read.done === true ? undefined : read.value
  }
  try {
    const heads: (T | undefined)[] = []
    for (const each of iterators) heads.push(await next(each))
    for (;;) {
      const seqs = heads.map((head) => head?.event.seq ?? Number.POSITIVE_INFINITY)
      const lowest = seqs.indexOf(Math.min(...seqs))
      const head = heads[lowest]
      if (head === undefined) return
      yield head
      heads[lowest] = await next(iterators[lowest] as AsyncIterator<T>)
    }
  } finally {
    for (const each of iterators) await each.return?.()
  }
}
