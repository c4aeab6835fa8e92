import { type Observable, Subject } from 'rxjs'
import { changesOfPresent } from '../../core/changes-of-present.ts'
import { monotonic } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { asError, hasCode } from '../../core/errors.ts'
import { hash } from '../../core/hash.ts'
import type { Logger } from '../../core/logger.ts'
import { MemoryPipe } from '../../listener/judge/memory-pipe.ts'
import type { Listener } from '../../listener/listener.ts'
import type { Consumer, ConsumerOptions, Log, Start } from '../../log/port.ts'
import { identityKeys, type Keys } from '../../log/shards.ts'
import type { PumpSource } from './pumping.ts'
import { checkRename, formerName, knownCursors, renameListener } from './rename-listener.ts'

/**
 * The consumer of a running listener, opened again whenever the one in use has become unusable. It also knows the
 * listener's present name, which a rename changes.
 *
 * A log refuses to open a consumer whose `from` lies far beyond its end. Such a listener gets a transient consumer, so
 * it leaves no cursor behind, and `ready()` rejects: it receives nothing, and the other parts of the agent run.
 */
export class ListenerConsumer implements PumpSource {
  readonly isShard = false
  /** The name by which the log knew the listener when it was opened. */
  readonly foundAs: string
  /** Why the log refuses to open a consumer for this listener. */
  readonly refusal: Error | undefined
  readonly #log: Log
  /** Emits when another consumer is in use. */
  readonly #used$ = new Subject<void>()
  #listener: Listener
  #consumer: Consumer
  #unusable = false
  #closed = false
  #opening: Promise<void> | undefined
  // The new name of a failed rename, which the log may have stored nevertheless.
  #perhaps: string | undefined

  private constructor(listener: Listener, consumer: Consumer, log: Log, foundAs: string, refusal?: Error) {
    this.foundAs = foundAs
    this.#listener = listener
    this.#log = log
    this.refusal = refusal
    this.#consumer = consumer
  }

  /** Opens the consumer of a listener, which may be new to the log, known to it, or known by its former name. */
  static async open(listener: Listener, log: Log, logger: Logger): Promise<ListenerConsumer> {
    const { name, settings } = listener
    const { from, formerly } = settings
    try {
      const former = await formerName(log, listener, logger)
      const consumer =
        former === undefined
          ? await log.consumer(name, { start: from, ...consumes(listener) })
          : await renameListener(log, former, name, consumes(listener))
      if (consumer.origin === 'new') logger.info({ listener: name, from }, 'new listener')
      if (consumer.origin === 'renamed') logger.info({ listener: name, formerly }, 'renamed listener')
      return new ListenerConsumer(listener, consumer, log, former ?? name)
    } catch (error) {
      if (typeof from !== 'number' || !hasCode(error, 'TIDINGS_LOG_INVALID')) throw error
      const consumer = await log.consumer(name, { start: 'now', transient: true, ...consumes(listener) })
      return new ListenerConsumer(listener, consumer, log, name, asError(error))
    }
  }

  /** The listener, under its present name. */
  get listener(): Listener {
    return this.#listener
  }

  /** The consumer in use, which may be unusable: `ready()` opens it again. */
  get current(): Consumer {
    return this.#consumer
  }

  /** Emits when the consumer's lag may have changed, and when it was opened again. */
  get changes$(): Observable<void> {
    return changesOfPresent(this.#used$, () => this.#consumer.changes$)
  }

  /**
   * The consumer is to be opened again before its next use: it failed, or it holds events that were taken but not
   * begun. One that was opened again has forgotten those, and hands them out again.
   */
  discard(): void {
    this.#unusable = true
  }

  /** The listener has stopped: opens no more consumers. */
  close(): void {
    this.#closed = true
  }

  /** Whether it hands out no event before an older one was tried again, which is not due yet. */
  async isHeldBack(): Promise<boolean> {
    if (consumes(this.#listener).inOrder !== true) return false
    try {
      for await (const { at } of this.#consumer.retrying()) return at > monotonic(this.#log.clock).now()
    } catch {
      // The log can't be read: it may have events to hand out.
    }
    return false
  }

  /** Resolves to a usable consumer. */
  async ready(): Promise<Consumer> {
    if (this.refusal !== undefined) throw this.refusal
    if (this.#unusable && !this.#closed) {
      this.#opening ??= this.#reopen({ start: 'now' }).finally(() => (this.#opening = undefined))
      await this.#opening
    }
    return this.#consumer
  }

  /** Moves the consumer, or one of its shards. Call only while no delivery of it is running. */
  async move(start: Start, shard?: number): Promise<void> {
    if (shard === undefined) return this.#reopen({ start, move: true })
    const { name } = this.shard(shard).current
    await this.#log.consumer(name, { ...consumes(this.#listener), start, move: true })
  }

  /** One of its shards. Its events are handed out again whenever it was released: it is never unusable. */
  shard(index: number): PumpSource {
    const shard = (): Consumer => this.#consumer.shards?.[index] as Consumer
    const listener = (): Listener => this.#listener
    return {
      isShard: true,
      refusal: undefined,
      get listener() {
        return listener()
      },
      get current() {
        return shard()
      },
      ready: async () => {
        await this.ready()
        return shard()
      },
      discard: () => undefined,
    }
  }

  /** @throws TidingsError `TIDINGS_LOG_FAILED` while the log accepts no writes: a listener must not stop for nothing */
  async checkMove(): Promise<void> {
    await this.#log.last()
  }

  /** @throws TidingsError `TIDINGS_LOG_INVALID` for an impossible name; `TIDINGS_LOG_FAILED` while the log has failed */
  async checkRename(name: string): Promise<void> {
    await checkRename(this.#log, name)
  }

  /** Renames the listener. Call only while no delivery is running. */
  async rename(name: string): Promise<void> {
    this.#perhaps = name
    const consumer = await renameListener(this.#log, this.#listener.name, name, consumes(this.#listener))
    this.#perhaps = undefined
    this.#listener = { ...this.#listener, name }
    this.#use(consumer)
  }

  async #reopen(place: Pick<ConsumerOptions, 'start' | 'move'>): Promise<void> {
    if (this.#closed) return
    await this.#findName()
    this.#use(await this.#log.consumer(this.#listener.name, { ...consumes(this.#listener), ...place }))
  }

  // After a rename that failed, the log knows which of the two names is the listener's.
  async #findName(): Promise<void> {
    if (this.#perhaps === undefined) return
    const known = await knownCursors(this.#log)
    if (known.has(this.#perhaps) && !known.has(this.#listener.name))
      this.#listener = { ...this.#listener, name: this.#perhaps }
    this.#perhaps = undefined
  }

  #use(consumer: Consumer): void {
    this.#unusable = false
    this.#consumer = consumer
    this.#used$.next()
  }
}

// A wait at a filter with a memory must not hold newer events back, as a retry does.
function consumes({ source, settings }: Listener): Pick<ConsumerOptions, 'types' | 'inOrder' | 'keys' | 'shared'> {
  const isInOrder = settings.ordered === true && MemoryPipe.of(source)?.waits !== true
  const { shared } = settings
  return {
    ...defined({ types: source.types }),
    ...(isInOrder ? { inOrder: true } : {}),
    keys: keysOf(settings),
    shared,
  }
}

// A function is known by its source: what it calls is not looked at.
function keysOf({ ordered }: Listener['settings']): Keys {
  if (typeof ordered !== 'function') return identityKeys
  const name = hash(String(ordered)).toString('hex').slice(0, 16)
  return {
    name: `function ${name}`,
    of(event) {
      try {
        return String(ordered(event))
      } catch {
        // As the queue does, which also logs it.
        return identityKeys.of(event)
      }
    },
  }
}
