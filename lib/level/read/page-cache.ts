import type { EventRecord } from '../format/records.ts'
import type { LiveEventStore } from './event-store.ts'
import { EVENTS_PER_PAGE, MOST_TEXT, readConsecutive } from './records.ts'

/** How many pages are kept, and their greatest size, in characters: enough for what all listeners read at a time. */
const MOST_PAGES = 16
const MOST_PAGE_TEXT = 1024 * 1024

/** Pages of stored events. Each is read, parsed and frozen once, however many listeners read it at about the same time. */
export class PageCache {
  readonly #log: LiveEventStore
  readonly #kept = new Map<string, Promise<readonly EventRecord[]>>()

  constructor(log: LiveEventStore) {
    this.#log = log
  }

  /** Returns records after `after`, at most `max`; undefined when their page is not complete. */
  async read(after: number, max: number): Promise<readonly EventRecord[] | undefined> {
    const number = Math.floor(after / EVENTS_PER_PAGE)
    if (!this.#isWhole(number)) return undefined
    const page = this.#page(number)
    // Reads the next page while this one is handled.
    if (this.#isWhole(number + 1)) void this.#page(number + 1)
    const records = await page
    if (records.length === EVENTS_PER_PAGE)
      return records.slice(after - number * EVENTS_PER_PAGE, after - number * EVENTS_PER_PAGE + max)
    // The page is too large. Listeners that began at the same place read the same pieces of it.
    const left = (number + 1) * EVENTS_PER_PAGE - after
    const piece = await this.#keep(`piece ${after}`, () => readConsecutive(this.#log.db, after, left, MOST_TEXT))
    return piece.slice(0, max)
  }

  #isWhole(number: number): boolean {
    return this.#log.first <= number * EVENTS_PER_PAGE + 1 && (number + 1) * EVENTS_PER_PAGE <= this.#log.writer.durable
  }

  // Resolves to an empty page when that is too large.
  #page(number: number): Promise<readonly EventRecord[]> {
    return this.#keep(`page ${number}`, async () => {
      const records = await readConsecutive(this.#log.db, number * EVENTS_PER_PAGE, EVENTS_PER_PAGE, MOST_PAGE_TEXT)
      return records.length < EVENTS_PER_PAGE ? [] : records
    })
  }

  #keep(name: string, load: () => Promise<readonly EventRecord[]>): Promise<readonly EventRecord[]> {
    const known = this.#kept.get(name)
    if (known !== undefined) return known
    const loaded = load()
    this.#kept.set(name, loaded)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MOST_PAGES && oldest !== undefined) this.#kept.delete(oldest)
    // The waiting readers get the error; a later one tries again.
    loaded.catch(() => this.#kept.delete(name))
    return loaded
  }
}
