import type { StoredEvent } from '../../core/event.ts'
import { BloomFilter } from '../format/bloom.ts'
import { KIND, keys, startingWith } from '../format/keys.ts'
import { readEvents } from '../read/reader.ts'
import { type Database, pagesOf, READ_AHEAD } from '../store/database.ts'
import type { IdentityFilterFile } from '../store/identity-filter-file.ts'

/** A log with fewer events looks its identities up: that is quick as long as LevelDB's tables are few. */
const LEAST = 10_000

/** How much room a filter has that is made of what is there. */
const SPARE = 1.25

/** What a filter needs of its log, as it is now. */
export interface IdentitySource {
  readonly db: Database
  /** The lowest seq whose body is kept, and the highest durable one. */
  readonly first: number
  readonly writer: { readonly durable: number; added(): Promise<void> }
}

/** `least`: how many events a log has before it needs a filter; default 10 000. */
export interface IdentityFilterSettings {
  readonly file: IdentityFilterFile
  readonly least?: number
}

/** `log`: the id of the log. */
export interface IdentityFilterOptions extends IdentityFilterSettings {
  readonly log: string
  identityKey(event: StoredEvent): string
}

/**
 * Rules out most identities that are not known without asking the store, which takes ever longer as it grows. It is
 * loaded in the background, when a log is large, and answers once it has every identity; whoever asks before waits for
 * nothing, and looks in the store.
 *
 * Nothing that was ever added comes out again: an identity that is forgotten, or whose commit failed, is only looked up
 * in vain.
 */
export class IdentityFilter {
  readonly #options: IdentityFilterOptions
  #state: 'off' | 'loading' | 'on' = 'off'
  #bloom: BloomFilter | undefined
  // What was decided while there is no filter to add it to.
  #meanwhile: string[] = []
  #changed = false

  constructor(options: IdentityFilterOptions) {
    this.#options = options
  }

  /** True: the identity at this key is surely not known. */
  rulesOut(key: string, log: IdentitySource): boolean {
    if (this.#state === 'on') return !(this.#bloom as BloomFilter).mayHave(key)
    if (this.#state === 'off' && log.writer.durable >= (this.#options.least ?? LEAST)) this.#begin(log)
    return false
  }

  /** An identity that was decided about. */
  add(key: string): void {
    this.#changed = true
    if (this.#bloom !== undefined) this.#bloom.add(key)
    else if (this.#state === 'loading') this.#meanwhile.push(key)
  }

  /** Keeps it for the next opening: the log is closed in good order, and takes nothing more. */
  async keep({ db, writer }: IdentitySource): Promise<void> {
    if (this.#state !== 'on' || !this.#changed) return
    const { file, log } = this.#options
    const check = await checkOf(db, writer.durable)
    if (check !== undefined) await file.write({ log, seq: writer.durable, check }, this.#bloom as BloomFilter)
  }

  /** The store was opened again: what was being read from it is read anew. */
  reopened(): void {
    if (this.#state !== 'on') this.#state = 'off'
  }

  #begin(log: IdentitySource): void {
    this.#state = 'loading'
    this.#bloom = undefined
    this.#meanwhile = []
    const mine = this.#meanwhile
    // A store that fails over it is looked up as before, until it is opened again.
    this.#load(log, () => this.#meanwhile === mine).catch(() => undefined)
  }

  async #load(log: IdentitySource, goesOn: () => boolean): Promise<void> {
    // Whatever was decided before this is in the store then; what is decided from now on is added.
    await log.writer.added()
    const kept = await this.#options.file.read()
    const isSound = kept !== undefined && (await this.#isOurs(kept.covers, log))
    if (!goesOn()) return
    const bloom = isSound ? kept.bloom : new BloomFilter(Math.ceil(log.writer.durable * SPARE))
    this.#bloom = bloom
    this.#changed = !isSound
    for (const key of this.#meanwhile) this.add(key)
    if (isSound) await this.#readEvents(bloom, kept.covers.seq, log, goesOn)
    else await readKeys(bloom, log.db, goesOn)
    if (goesOn() && this.#state === 'loading') this.#state = 'on'
  }

  // What was written since the filter was kept must still be there, down to the last event that it has.
  async #isOurs(
    { log: id, seq, check }: { log: string; seq: number; check: string },
    log: IdentitySource,
  ): Promise<boolean> {
    if (id !== this.#options.log || seq > log.writer.durable || seq < log.first) return false
    return (await checkOf(log.db, seq)) === check
  }

  async #readEvents(bloom: BloomFilter, after: number, log: IdentitySource, goesOn: () => boolean): Promise<void> {
    for await (const { event } of readEvents(() => log, { after }, log.writer.durable)) {
      if (!goesOn()) return
      bloom.add(this.#options.identityKey(event))
      this.#changed = true
    }
    // What was pruned meanwhile was perhaps not read.
    if (log.first > after + 1) await readKeys(bloom, log.db, goesOn)
  }
}

async function readKeys(bloom: BloomFilter, db: Database, goesOn: () => boolean): Promise<void> {
  for await (const page of pagesOf(db.keys({ ...startingWith(KIND.identity), ...READ_AHEAD }))) {
    if (!goesOn()) return
    for (const key of page) bloom.add(key)
  }
}

async function checkOf(db: Database, seq: number): Promise<string | undefined> {
  return (await db.get(keys.event(seq)))?.slice(0, 8)
}
