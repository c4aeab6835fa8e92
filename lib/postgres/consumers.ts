import { background, type CancelTimer, pause, systemClock } from '../core/clock.ts'
import { hasCode, quote, TidingsError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import { checkName } from '../core/limits.ts'
import { Mutex } from '../core/mutex.ts'
import { onStop } from '../core/stop.ts'
import { ConsumerHandle } from '../log/consumer/consumer-handle.ts'
import { LogConsumer } from '../log/consumer/log-consumer.ts'
import { ShardedConsumer } from '../log/consumer/sharded-consumer.ts'
import { Transients } from '../log/consumer/transients.ts'
import type { Consumer, ConsumerInfo, ConsumerOptions, EventPlace, Log } from '../log/port.ts'
import { isShard, type Keys, shardPlace, wholeOf } from '../log/shards.ts'
import { unlessHeld } from './consumer-records.ts'
import { type ConsumerRow, listConsumers, placeAt, rowsOf, shardIn } from './consumer-rows.ts'
import { type ConsumerStoreParts, PostgresConsumerStore } from './consumer-store.ts'
import { Fence } from './fence.ts'
import type { LogClock } from './log-clock.ts'
import { readOne } from './reads.ts'
import { isShaped, newRows, reshape } from './reshape.ts'
import type { Saves } from './saves.ts'
import type { Session } from './session.ts'
import { leaveShare, ownerOf, ownOptions, renamedTo, shareOf, wantBack } from './shares.ts'
import { createConsumer, loadConsumer, newConsumer, seenConsumer } from './stored-consumers.ts'
import { toText } from './text.ts'

/** The parts of a log that its consumers use. */
export interface ConsumersParts {
  readonly session: Session
  readonly saves: Saves
  readonly clock: LogClock
  /** Returns the log as it is under a fence. */
  viewOf(fence: Fence): Log
}

/** A consumer that this agent holds. */
interface Held {
  readonly consumer: LogConsumer
  readonly store: PostgresConsumerStore
  readonly fence: Fence
}

/** What was found at the rows of a consumer, and the open consumers that are to be replaced, by their names now. */
interface Shaped {
  readonly origin: Consumer['origin']
  readonly older: ReadonlyMap<string, LogConsumer>
}

const KNOWN: Shaped = { origin: 'known', older: new Map() }

/** How it has the consumer: against other agents, or only until one wants it. */
type How = 'hold_1' | 'open_consumer_1'

/**
 * The consumers of a log in PostgreSQL that this agent has open. One agent holds a consumer at a time: each holding has a
 * later epoch, and what an earlier one writes is refused.
 */
export class PostgresConsumers {
  readonly #parts: ConsumerStoreParts
  #announced = 0
  readonly #open = new Map<string, Held>()
  readonly #transients = new Transients()
  readonly #turns = new Mutex()
  /** The keys of consumers whose code runs here. */
  readonly #keys = new Map<string, Keys>()
  #stop: CancelTimer | undefined

  constructor(parts: ConsumersParts) {
    this.#parts = { ...parts, announced: () => this.#announced }
  }

  /** Opens a consumer. An open one of this name continues until a caller pulls from the new one, or moves it. */
  async open(name: string, options: ConsumerOptions): Promise<Consumer> {
    const place = shardPlace(name)
    if (place === undefined) checkName(name, 'TIDINGS_LOG_INVALID', 'the name of a consumer')
    if (options.transient === true) {
      const store = new PostgresConsumerStore(this.#parts)
      return this.#transients.add(new LogConsumer(store, await newConsumer(this.#parts, name, options.start), options))
    }
    if (options.keys !== undefined) this.#keys.set(wholeOf(name), options.keys)
    return this.#turns.runExclusive(async () => {
      const shaped = (await unlessHeld(this.#shape(name, options))) ?? KNOWN
      const rows = await rowsOf(this.#parts.session, wholeOf(name))
      // One that is to be shared, and is not yet, has the shards that it will have.
      const wanted = isShaped(rows, options) ? rows : newRows(name, (rows[0] as ConsumerRow).record, options)
      const index = shardIn(wanted, this.#keys.get(wholeOf(name)))
      if (place !== undefined || wanted.length === 1) return this.#opened(name, options, shaped, index)
      const shards: Consumer[] = []
      for (const each of wanted) shards.push(await this.#opened(each.name, options, shaped, index))
      return new ShardedConsumer({ name, origin: shaped.origin }, shards, async (seq) => {
        return (await readOne(this.#parts.session, seq))?.event
      })
    })
  }

  // Opens a consumer, or a shard, to be steered: only who pulls holds it against other agents.
  async #opened(
    name: string,
    options: ConsumerOptions,
    shaped: Shaped,
    indexOf: ((event: StoredEvent) => number) | undefined,
  ): Promise<Consumer> {
    const open = this.#open.get(name)?.consumer
    const isFree = open === undefined || open.retired || options.move === true
    const begin = async (): Promise<LogConsumer> => this.#begun(name, options, 'open_consumer_1', shaped)
    const begun = !isFree ? undefined : options.move === true ? await begin() : await unlessHeld(begin())
    const first = begun ?? open ?? (await seenConsumer(this.#parts, name, options))
    const origin = begun === undefined ? 'known' : shaped.origin
    const owns = ownerOf(name, indexOf)
    return new ConsumerHandle(first, { isOwn: false, origin, owns }, (own, why) => this.#wait(own, name, options, why))
  }

  // Waits while another agent has the consumer. Without a signal, it looks at that one's, or rejects.
  async #wait(
    own: LogConsumer | undefined,
    name: string,
    options: ConsumerOptions,
    { signal, look = false }: { readonly signal?: AbortSignal; readonly look?: boolean },
  ): Promise<LogConsumer | undefined> {
    for (;;) {
      // A shard that is only looked at, or steered, is left to the agents that share it.
      const how = isShard(name) && (signal === undefined || look) ? 'open_consumer_1' : 'hold_1'
      const taking = this.#turns.runExclusive(() => this.#takenOver(own, name, options, how))
      const taken = await (signal === undefined && !look ? taking : unlessHeld(taking))
      if (taken !== undefined) return taken
      if (signal === undefined) return seenConsumer(this.#parts, name, options)
      await pause(systemClock, this.#parts.session.options.lease / 10, signal)
      if (signal.aborted) return undefined
    }
  }

  async #takenOver(
    own: LogConsumer | undefined,
    name: string,
    options: ConsumerOptions,
    how: How,
  ): Promise<LogConsumer> {
    if (own?.next !== undefined) return own
    if (own !== undefined && (await rowsOf(this.#parts.session, wholeOf(name))).length === 0)
      throw new TidingsError('TIDINGS_LOG_CLOSED', `consumer ${quote(wholeOf(name))} has another name now`)
    return this.#begun(name, { ...options, move: false }, how)
  }

  /**
   * Makes the rows that these options want: new ones, those of another name, or shards of a whole and the other way round.
   * Resolves to what was found, and the open consumers that it has replaced, by their names now.
   */
  async #shape(name: string, options: ConsumerOptions): Promise<Shaped> {
    const { session } = this.#parts
    const whole = wholeOf(name)
    const known = await rowsOf(session, whole)
    if (known.length === 0 && whole !== name)
      throw new TidingsError('TIDINGS_LOG_LOCKED', `another agent takes ${quote(whole)} over`)
    const shaped = known.length > 0 ? KNOWN : await this.#created(whole, options)
    const rows = known.length > 0 ? known : await rowsOf(session, whole)
    const { keys } = options
    if (keys === undefined || isShaped(rows, options)) return shaped
    for (const row of rows) {
      const open = this.#open.get(row.name)
      if (open === undefined) continue
      await this.#retire(open.consumer)
      this.#lost(open.fence)
    }
    await reshape(session, whole, { ...options, keys })
    return shaped
  }

  async #created(name: string, options: ConsumerOptions): Promise<Shaped> {
    const { session } = this.#parts
    const former = options.formerly === undefined ? [] : await rowsOf(session, options.formerly)
    if (former.length === 0) return { ...KNOWN, origin: await createConsumer(this.#parts, name, options) }
    const older = new Map<string, LogConsumer>()
    for (const row of former) {
      const open = this.#open.get(row.name)?.consumer
      if (open === undefined) continue
      await this.#retire(open)
      older.set(renamedTo(name, row.name), open)
    }
    const text = `SELECT ${session.name('rename_1')}(old, new) FROM unnest($1::text[], $2::text[]) AS n (old, new)`
    await session.write(text, [
      former.map((row) => toText(row.name)),
      former.map((row) => toText(renamedTo(name, row.name))),
    ])
    return { origin: 'renamed', older }
  }

  // As for LevelDB (decision 0034): the open consumers of these names retire, then everything is read from the store.
  async #begun(name: string, options: ConsumerOptions, how: How, found?: Shaped): Promise<LogConsumer> {
    const { origin, older: renamed } = found ?? (await this.#shape(name, options))
    const older = new Set([this.#open.get(name)?.consumer, renamed.get(name)].flatMap((each) => each ?? []))
    for (const each of older) await this.#retire(each)
    const { epoch, saved } = await this.#hold(name, how)
    // One that is only opened names itself, which no agent is called: another may take it.
    const holder = how === 'hold_1' ? this.#parts.session.options.agent : crypto.randomUUID()
    const fence = new Fence('consumer', name, holder, epoch)
    const release = (): Promise<void> => this.#release(fence)
    const store = new PostgresConsumerStore(this.#parts, name, { fence, saved, release })
    const own = ownOptions(name, options)
    const stored = { name, origin, ...(await loadConsumer(this.#parts, store, name, own, origin === 'known')) }
    const consumer = new LogConsumer(store, stored, own)
    for (const each of older) {
      const replaced = this.#open.get(each.name)
      this.#open.delete(each.name)
      replaced?.fence.lose()
      each.replacedBy(consumer)
    }
    this.#open.set(name, { consumer, store, fence })
    // Whatever is refused under the fence tells so. Another agent may also have taken it while it was read.
    onStop(fence.lost, () => this.#lost(fence))
    if (isShard(name)) this.#watch()
    return consumer
  }

  // One that another agent has taken over meanwhile has nothing to store.
  async #retire(consumer: LogConsumer | undefined): Promise<void> {
    const fence = this.#open.get(consumer?.name ?? '')?.fence
    await consumer?.retire().catch((error: unknown) => {
      if (fence?.lost.aborted !== true) throw error
    })
  }

  #lost(fence: Fence): void {
    const held = this.#open.get(fence.name)
    if (held?.fence !== fence) return
    this.#open.delete(fence.name)
    // First of all: nothing takes the consumer over before its deliveries have to end.
    fence.lose()
    held.consumer.lost()
  }

  // Gives a consumer back to the agents that wait for it. What it knows is stored first.
  async #release(fence: Fence): Promise<void> {
    const held = this.#open.get(fence.name)
    if (held?.fence !== fence) return
    const { session } = this.#parts
    try {
      await held.consumer.retire()
      this.#lost(fence)
      const text = `UPDATE ${session.name('consumer')} SET holder = NULL WHERE name = $1 AND epoch = $2`
      await session.write(text, [toText(fence.name), fence.epoch])
      if (!fence.wanted.aborted) await leaveShare(session, fence.name)
    } catch (error) {
      // The end of the lease gives it back.
      if (!hasCode(error, 'TIDINGS_LOG_FAILED') && !hasCode(error, 'TIDINGS_LOG_CLOSED')) throw error
    }
  }

  // Gives back shards that other agents should have.
  #watch(): void {
    const { session } = this.#parts
    this.#stop ??= background(() => {
      const held = [...this.#open.values()].filter(
        ({ fence }) => fence.holder === session.options.agent && isShard(fence.name),
      )
      if (held.length > 0 && session.state !== 'closed')
        return void wantBack(
          session,
          held.map(({ fence }) => fence),
        ).catch(() => undefined)
      this.#stop?.()
      this.#stop = undefined
    }, session.options.lease / 3)
  }

  /** The lease has ended without a heartbeat: other agents may have everything. */
  expired(): void {
    for (const { fence } of this.#open.values()) this.#lost(fence)
  }

  async #hold(name: string, how: How): Promise<{ readonly epoch: number; readonly saved: number }> {
    const { session } = this.#parts
    const place = shardPlace(name)
    const values: unknown[] = [toText(name), session.options.agent]
    const isShare = place !== undefined && how === 'hold_1'
    if (isShare) values.push(...shareOf(session, place))
    const call = `${session.name(isShare ? 'take_shard_1' : how)}(${values.map((_, i) => `$${i + 1}`).join(', ')})`
    const [[epoch, saved] = []] = await session.write(`SELECT o_epoch, o_saved FROM ${call}`, values)
    if (epoch === null || epoch === undefined)
      throw new TidingsError('TIDINGS_LOG_LOCKED', `another agent handles ${quote(wholeOf(name))} now`, {
        details: { name: wholeOf(name) },
      })
    return { epoch: Number(epoch), saved: Number(saved) }
  }

  /** Removes a consumer and all its records; an open one retires first. Resolves to false for an unknown name. */
  forget(name: string): Promise<boolean> {
    const { session } = this.#parts
    return this.#turns.runExclusive(async () => {
      const names = (await rowsOf(session, name)).map((row) => row.name)
      for (const each of names) await this.#retire(this.#open.get(each)?.consumer)
      const text = `SELECT ${session.name('forget_consumer_1')}(name) FROM unnest($1::text[]) AS n (name)`
      await session.write(text, [names.map(toText)])
      for (const each of names) this.#open.delete(each)
      return names.length > 0
    })
  }

  list(): AsyncGenerator<ConsumerInfo> {
    return listConsumers(this.#parts.session, (name) => this.#open.get(name)?.consumer)
  }

  /** Resolves to how far an event is at a consumer, open or not; undefined for an unknown consumer. */
  place(name: string, seq: number): Promise<EventPlace | undefined> {
    return placeAt(this.#parts.session, name, seq, {
      openOf: (each) => this.#open.get(each)?.consumer,
      keysOf: (each) => this.#keys.get(each),
    })
  }

  /** The log closes cleanly. */
  closing(): void {
    for (const { consumer } of this.#open.values()) consumer.closing()
  }

  /**
   * The connections are new, and `write` asks on them: each consumer is held again. One that another agent has held
   * meanwhile is lost. `isOther`: the server may have lost commits, so nothing from memory is saved. Resolves to a function
   * for when the log is ready: the consumers then repeat the writes that failed.
   */
  async reconnected(write: Session['write'], isOther: boolean): Promise<() => void> {
    const again: (() => void)[] = []
    const { session, saves } = this.#parts
    if (isOther) this.#announced = session.durable
    for (const { consumer, store, fence } of this.#open.values()) {
      const isTaken = !isOther && (await fence.takeAgain(session, write, fence.holder))
      if (!isTaken) {
        this.#lost(fence)
        continue
      }
      const text = `SELECT saved FROM ${session.name('consumer')} WHERE name = $1`
      const [[saved] = []] = await write(text, [toText(fence.name)])
      again.push(() => {
        saves.resolve(store, Number(saved))
        consumer.reopened()
      })
    }
    return () => {
      for (const each of again) each()
      for (const each of this.#transients) each.reopened()
    }
  }

  /** There are more events, perhaps of another agent: their types are not known, so all consumers look. */
  committed(): void {
    for (const { consumer } of this.#open.values()) consumer.committed()
    for (const each of this.#transients) each.committed()
    this.#announced = this.#parts.session.durable
  }
}
