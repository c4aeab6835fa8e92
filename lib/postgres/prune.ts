import { realPause } from '../core/clock.ts'
import { defined } from '../core/defined.ts'
import { TidingsError } from '../core/errors.ts'
import { Mutex } from '../core/mutex.ts'
import { type Bounds, boundsOf, type HeldBy, type Pruned, type Retention } from '../log/retention.ts'
import { wholeOf } from '../log/shards.ts'
import type { LogClock } from './log-clock.ts'
import type { Saves } from './saves.ts'
import type { Ask, Session } from './session.ts'
import { LOCKED, stateOf } from './steps.ts'
import { fromText } from './text.ts'

/** How often a partition is tried to be dropped while transactions read events, and the pause in between, in ms. */
const TRIES = { most: 10, pause: 250 }

/** How many identities one call looks at. */
const IDENTITIES_AT_ONCE = 5000

/** A partition: the events from `start` to below `until`. */
interface Part {
  readonly start: number
  readonly until: number
}

/**
 * Drops what a retention does not keep: whole partitions, the oldest first, then identities. Any number of agents may do
 * so at the same time: each step decides again, under the lock of the head (decision 0082).
 */
export class PostgresPruner {
  readonly #session: Session
  readonly #saves: Saves
  readonly #clock: LogClock
  readonly #turns = new Mutex()

  constructor(session: Session, saves: Saves, clock: LogClock) {
    this.#session = session
    this.#saves = saves
    this.#clock = clock
  }

  async prune(retention: Retention): Promise<Pruned> {
    const bounds = boundsOf(retention)
    return this.#turns.runExclusive(async () => {
      // Makes pending cursors durable, so that they hold nothing back.
      await this.#saves.flush()
      return this.#session.aside((ask) => new Pruning(this.#session, this.#clock, ask).prune(bounds))
    })
  }
}

/** One prune, on a connection of its own. */
class Pruning {
  readonly #session: Session
  readonly #clock: LogClock
  readonly #ask: Ask

  constructor(session: Session, clock: LogClock, ask: Ask) {
    this.#session = session
    this.#clock = clock
    this.#ask = ask
  }

  async prune(bounds: Bounds): Promise<Pruned> {
    let removed = 0
    let heldBy: HeldBy | undefined
    for (;;) {
      const part = await this.#unwanted(bounds)
      if (part === undefined) break
      heldBy = await this.#need(part)
      if (heldBy !== undefined) break
      removed += await this.#drop(part)
    }
    const identities = await this.#dropIdentities(bounds)
    const [first, last] = await this.#ends()
    return { removed, first, last, identities, ...defined({ heldBy }) }
  }

  async #ends(): Promise<readonly [first: number, last: number]> {
    const [[first, seq] = []] = await this.#ask(`SELECT first, seq FROM ${this.#name('head')}`)
    this.#session.reached(Number(seq), Number(first))
    return [Number(first), Number(seq)]
  }

  /** The oldest partition, if it is full and the retention keeps none of its events. */
  async #unwanted({ age, count, bytes }: Bounds): Promise<Part | undefined> {
    const [, last] = await this.#ends()
    const oldest = `SELECT start, until FROM ${this.#name('part')} WHERE newest IS NULL ORDER BY start LIMIT 1`
    const [[start, until] = []] = await this.#ask(oldest)
    const part = { start: Number(start), until: Number(until) }
    if (part.until > last + 1) return undefined
    const isUnwanted =
      part.until <= last + 1 - count ||
      (Number.isFinite(age) && (await this.#newest(part)) < this.#clock.now() - age) ||
      (Number.isFinite(bytes) && (await this.#sizeAfter(part)) >= bytes)
    return isUnwanted ? part : undefined
  }

  // An event that is dated in the future counts as old as the one after it.
  async #newest({ start, until }: Part): Promise<number> {
    const event = this.#name('event')
    const [[created] = []] = await this.#ask(
      `SELECT coalesce(
        (SELECT max(created) FROM ${event} WHERE seq >= $1 AND seq < $2 AND created <= $3),
        (SELECT created FROM ${event} WHERE seq >= $2 AND created <= $3 ORDER BY seq LIMIT 1))`,
      [start, until, this.#clock.now()],
    )
    return created === null ? Number.POSITIVE_INFINITY : Number(created)
  }

  // On disk, with indexes.
  async #sizeAfter({ until }: Part): Promise<number> {
    const [[size] = []] = await this.#ask(
      `SELECT coalesce(sum(pg_total_relation_size(format('%I.%I', $1::text, 'event_' || start)::regclass)), 0)
        FROM ${this.#name('part')} WHERE newest IS NULL AND start >= $2`,
      [this.#session.options.schema, until],
    )
    return Number(size)
  }

  async #need({ until }: Part): Promise<HeldBy | undefined> {
    const [row] = await this.#ask(`SELECT listener, why, seq FROM ${this.#name('needs_1')}() WHERE seq < $1 LIMIT 1`, [
      until,
    ])
    if (row === undefined) return undefined
    const [listener, why, seq] = row as [string, HeldBy['why'], string]
    // A cursor may be below the events that are pruned already.
    return { listener: wholeOf(fromText(listener)), why, seq: Math.max(Number(seq), this.#session.first) }
  }

  // 0: another agent was faster, or a listener needs it by now.
  async #drop({ start }: Part): Promise<number> {
    for (let tries = 1; ; tries++) {
      try {
        const [[removed] = []] = await this.#ask(`SELECT ${this.#name('drop_part_1')}($1)`, [start])
        return Number(removed)
      } catch (error) {
        if (stateOf(error) !== LOCKED) throw error
        if (tries === TRIES.most) throw await this.#inUse(error)
        await realPause(TRIES.pause)
      }
    }
  }

  async #inUse(cause: unknown): Promise<TidingsError> {
    const [row = []] = await this.#ask(
      `SELECT a.pid, a.application_name, floor(extract(epoch FROM clock_timestamp() - a.xact_start))::int
        FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
        WHERE l.relation = $1::regclass AND l.granted AND a.pid <> pg_backend_pid() ORDER BY a.xact_start LIMIT 1`,
      [this.#name('event')],
    )
    const [pid, program, seconds] = row as [number?, string?, number?]
    const who = pid === undefined ? '' : `: process ${pid} of the server (${program || 'unnamed'}), since ${seconds} s`
    const words = `the oldest events can't be dropped while a transaction reads events${who}`
    return new TidingsError('TIDINGS_LOG_FAILED', words, { cause })
  }

  // Only those whose events were dropped, and are old enough.
  async #dropIdentities({ identities }: Bounds): Promise<number> {
    if (!Number.isFinite(identities)) return 0
    const part = this.#name('part')
    const [[until] = []] = await this.#ask(`SELECT max(until) FROM ${part} WHERE newest < $1`, [
      this.#clock.now() - identities,
    ])
    if (until === null) return 0
    let dropped = 0
    const text = `SELECT o_dropped, o_type, o_identifier FROM ${this.#name('drop_identities_1')}($1, $2, $3, $4)`
    for (let after: readonly unknown[] = ['', '']; ; ) {
      const [[count, type, identifier] = []] = await this.#ask(text, [Number(until) - 1, ...after, IDENTITIES_AT_ONCE])
      dropped += Number(count)
      if (type === null) break
      after = [type, identifier]
    }
    await this.#ask(`DELETE FROM ${part} WHERE newest IS NOT NULL AND until <= $1`, [until])
    return dropped
  }

  #name(own: string): string {
    return this.#session.name(own)
  }
}
