import type { EventRecord } from '../format/records.ts'
import { type LiveEventStore, MOST_TEXT, readConsecutive } from './reader.ts'

/** How many events a page has: the first is that of 1 to 512, and so on. */
const EVENTS = 512

/** So many pages are kept, and none of more text than this, in characters: a few that are read now, by whomever. */
const MOST = 16
const PAGE_TEXT = 1024 * 1024

/** Pages of stored events: each is read, parsed and frozen once, however many listeners read it at about one time. */
export class PageCache {
  readonly #log: LiveEventStore
  readonly #kept = new Map<string, Promise<readonly EventRecord[]>>()

  constructor(log: LiveEventStore) {
    this.#log = log
  }

  /** Records from `after` on, at most `max`; undefined: they are on no page that is full and whole. */
  async read(after: number, max: number): Promise<readonly EventRecord[] | undefined> {
    const number = Math.floor(after / EVENTS)
    if (!this.#isWhole(number)) return undefined
    const page = this.#page(number)
    // The next is read while this one is handled.
    if (this.#isWhole(number + 1)) void this.#page(number + 1)
    const records = await page
    if (records.length === EVENTS) return records.slice(after - number * EVENTS, after - number * EVENTS + max)
    // Too much text for a page: those who began at one place read the same pieces of it.
    const left = (number + 1) * EVENTS - after
    const piece = await this.#keep(`piece ${after}`, () => readConsecutive(this.#log.db, after, left, MOST_TEXT))
    return piece.slice(0, max)
  }

  #isWhole(number: number): boolean {
    return this.#log.first <= number * EVENTS + 1 && (number + 1) * EVENTS <= this.#log.writer.durable
  }

  // Empty if it has too much text.
  #page(number: number): Promise<readonly EventRecord[]> {
    return this.#keep(`page ${number}`, async () => {
      const records = await readConsecutive(this.#log.db, number * EVENTS, EVENTS, PAGE_TEXT)
      return records.length < EVENTS ? [] : records
    })
  }

  #keep(name: string, load: () => Promise<readonly EventRecord[]>): Promise<readonly EventRecord[]> {
    const known = this.#kept.get(name)
    if (known !== undefined) return known
    const loaded = load()
    this.#kept.set(name, loaded)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MOST && oldest !== undefined) this.#kept.delete(oldest)
    // Who waits for it hears of the error; whoever comes later tries again.
    loaded.catch(() => this.#kept.delete(name))
    return loaded
  }
}
