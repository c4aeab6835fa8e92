import { type Filed, MOST_TEXT, readFiled } from './level-reader.ts'
import type { EventRecord } from './level-records.ts'

/** How many events a page has: the first is that of 1 to 512, and so on. */
const EVENTS = 512

/** So many pages are kept: a few that are read now, by whomever. */
const MOST = 16

/** Pages of stored events: each is read, parsed and frozen once, however many listeners read it at about one time. */
export class Pages {
  readonly #log: Filed
  readonly #kept = new Map<number, Promise<readonly EventRecord[] | undefined>>()

  constructor(log: Filed) {
    this.#log = log
  }

  /** Records from `after` on, at most `max`; undefined: they are on no page that is full and whole, or on one of too much text. */
  async read(after: number, max: number): Promise<readonly EventRecord[] | undefined> {
    const number = Math.floor(after / EVENTS)
    if (!this.#isWhole(number)) return undefined
    const page = this.#page(number)
    // The next is read while this one is handled.
    if (this.#isWhole(number + 1)) void this.#page(number + 1)
    return (await page)?.slice(after - number * EVENTS, after - number * EVENTS + max)
  }

  #isWhole(number: number): boolean {
    return this.#log.first <= number * EVENTS + 1 && (number + 1) * EVENTS <= this.#log.writer.durable
  }

  #page(number: number): Promise<readonly EventRecord[] | undefined> {
    const known = this.#kept.get(number)
    if (known !== undefined) return known
    const page = this.#load(number)
    this.#kept.set(number, page)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MOST && oldest !== undefined) this.#kept.delete(oldest)
    // Who waits for it hears of the error; whoever comes later tries again.
    page.catch(() => this.#kept.delete(number))
    return page
  }

  async #load(number: number): Promise<readonly EventRecord[] | undefined> {
    const records = await readFiled(this.#log.db, number * EVENTS, EVENTS, MOST_TEXT)
    return records.length < EVENTS ? undefined : records
  }
}
