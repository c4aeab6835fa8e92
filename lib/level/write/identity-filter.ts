import type { StoredEvent } from '../../core/event.ts'
import { BloomFilter } from '../format/bloom.ts'
import { KIND, startingWith } from '../format/keys.ts'
import { readEvents } from '../read/reader.ts'
import { recordAt } from '../read/records.ts'
import { type Database, pagesOf, READ_AHEAD } from '../store/database.ts'
import type { IdentityFilterFile } from '../store/identity-filter-file.ts'

/** A log with fewer events looks its identities up: that is fast while LevelDB has few tables. */
const LEAST = 10_000

/** The room of a new filter, as a multiple of the events in the log. */
const SPARE = 1.25

/** The session that an identity filter loads from. */
export interface IdentitySource {
  readonly db: Database
  /** The lowest seq whose body is kept. */
  readonly first: number
  /** The highest durable seq, and a promise for everything added so far. */
  readonly writer: { readonly durable: number; added(): Promise<void> }
}

/** Where an identity filter is kept, and when a log has one. */
export interface IdentityFilterSettings {
  readonly file: IdentityFilterFile
  /** The number of events from which on a log has a filter; default 10 000. */
  readonly least?: number
}

export interface IdentityFilterOptions extends IdentityFilterSettings {
  /** The id of the log. */
  readonly log: string
  /** Returns the key of an event's identity. */
  identityKey(event: StoredEvent): string
}

/**
 * Rules out most unknown identities without a look-up in the store, which takes longer as the store grows (decision 0031).
 * A large log
 * loads its filter in the background; until that has every identity, all identities are looked up in the store.
 *
 * Identities are never removed from the filter: one that was forgotten, or whose commit failed, costs a vain look-up.
 */
export class IdentityFilter {
  readonly #options: IdentityFilterOptions
  #state: 'off' | 'loading' | 'on' = 'off'
  #bloom: BloomFilter | undefined
  // The identities decided while there is no filter to add them to.
  #meanwhile: string[] = []
  #changed = false

  constructor(options: IdentityFilterOptions) {
    this.#options = options
  }

  /** True: the identity at this key is certainly unknown. */
  rulesOut(key: string, log: IdentitySource): boolean {
    if (this.#state === 'on') return !(this.#bloom as BloomFilter).mayHave(key)
    if (this.#state === 'off' && log.writer.durable >= (this.#options.least ?? LEAST)) this.#begin(log)
    return false
  }

  /** Adds an identity that was decided. */
  add(key: string): void {
    this.#changed = true
    if (this.#bloom !== undefined) this.#bloom.add(key)
    else if (this.#state === 'loading') this.#meanwhile.push(key)
  }

  /** Writes the filter to its file for the next opening. Call it when the log has taken its last event. */
  async keep({ db, writer }: IdentitySource): Promise<void> {
    if (this.#state !== 'on' || !this.#changed) return
    const { file, log } = this.#options
    const check = await checkOf(db, writer.durable)
    if (check !== undefined) await file.write({ log, seq: writer.durable, check }, this.#bloom as BloomFilter)
  }

  /** The store was reopened: a filter that was being loaded is loaded again. */
  reopened(): void {
    if (this.#state !== 'on') this.#state = 'off'
  }

  #begin(log: IdentitySource): void {
    this.#state = 'loading'
    this.#bloom = undefined
    this.#meanwhile = []
    const mine = this.#meanwhile
    // If the store fails meanwhile, identities are looked up until the store is reopened.
    this.#load(log, () => this.#meanwhile === mine).catch(() => undefined)
  }

  async #load(log: IdentitySource, isCurrent: () => boolean): Promise<void> {
    // Earlier decisions are in the store after this; later ones are added.
    await log.writer.added()
    const kept = await this.#options.file.read()
    const isSound = kept !== undefined && (await this.#isOurs(kept.covers, log))
    if (!isCurrent()) return
    const bloom = isSound ? kept.bloom : new BloomFilter(Math.ceil(log.writer.durable * SPARE))
    this.#bloom = bloom
    this.#changed = !isSound
    for (const key of this.#meanwhile) this.add(key)
    if (isSound) await this.#readEvents(bloom, kept.covers.seq, log, isCurrent)
    else await readKeys(bloom, log.db, isCurrent)
    if (isCurrent() && this.#state === 'loading') this.#state = 'on'
  }

  // Whether the filter belongs to this log, and the log still has the last event that the filter covers.
  async #isOurs(
    { log: id, seq, check }: { log: string; seq: number; check: string },
    log: IdentitySource,
  ): Promise<boolean> {
    if (id !== this.#options.log || seq > log.writer.durable || seq < log.first) return false
    return (await checkOf(log.db, seq)) === check
  }

  async #readEvents(bloom: BloomFilter, after: number, log: IdentitySource, isCurrent: () => boolean): Promise<void> {
    for await (const { event } of readEvents(() => log, { after }, log.writer.durable)) {
      if (!isCurrent()) return
      bloom.add(this.#options.identityKey(event))
      this.#changed = true
    }
    // Events pruned meanwhile were perhaps not read.
    if (log.first > after + 1) await readKeys(bloom, log.db, isCurrent)
  }
}

async function readKeys(bloom: BloomFilter, db: Database, isCurrent: () => boolean): Promise<void> {
  for await (const page of pagesOf(db.keys({ ...startingWith(KIND.identity), ...READ_AHEAD }))) {
    if (!isCurrent()) return
    for (const key of page) bloom.add(key)
  }
}

async function checkOf(db: Database, seq: number): Promise<string | undefined> {
  return (await recordAt(db, seq))?.slice(0, 8)
}
