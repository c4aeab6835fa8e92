import type { StoredEvent } from '../../core/event.ts'
import { typeTest } from '../../log/query.ts'
import type { EventRecord } from '../format/records.ts'
import { MOST_TEXT } from '../read/reader.ts'
import type { Session } from '../session/session.ts'

/** Records per read: a consumer of rare types skips this many at a time. */
const LOOK_AHEAD = 512

/** Returns a test whether a consumer of these types hears an event. */
export function heard({ types }: { readonly types?: readonly string[] }): (record: EventRecord) => boolean {
  const hears = typeTest(types)
  return ({ event, told }) => told && hears(event.type)
}

const sizeOf = (records: readonly EventRecord[]): number => records.reduce((sum, { size }) => sum + size, 0)

/** The events that one consumer has not been handed yet: a position in the log, and the records read ahead of it. */
export class Backlog {
  readonly #wanted: (record: EventRecord) => boolean
  #position: number
  #ahead: readonly EventRecord[] = []
  #looked = 0

  /** Begins after `position`; only `wanted` records are handed out. */
  constructor(position: number, wanted: (record: EventRecord) => boolean) {
    this.#position = position
    this.#wanted = wanted
  }

  /** The seq up to which every event was handed out or skipped. */
  get position(): number {
    return this.#position
  }

  /** Continues after `position`: nothing in between is wanted, and none of it was read. */
  pass(position: number): void {
    this.#position = position
  }

  /** Reads on until `count` events are at hand; fewer at the end of the log, or when they are large. */
  async look(session: Session, count: number): Promise<void> {
    if (this.#ahead.length - this.#looked >= count) return
    let ahead: readonly EventRecord[] = this.#ahead.slice(this.#looked)
    let size = sizeOf(ahead)
    while (ahead.length < count && size < MOST_TEXT) {
      const page = await session.read(ahead.at(-1)?.event.seq ?? this.#position, LOOK_AHEAD)
      if (page.length === 0) break
      size += sizeOf(page)
      ahead = ahead.length === 0 ? page : ahead.concat(page)
    }
    this.#ahead = ahead
    this.#looked = 0
  }

  /** Takes the next wanted events that were read, at most `room` and none after `until`; skips the others. */
  take(room: number, until = Number.POSITIVE_INFINITY): StoredEvent[] {
    const taken: StoredEvent[] = []
    while (this.#looked < this.#ahead.length && taken.length < room) {
      const record = this.#ahead[this.#looked] as EventRecord
      if (record.event.seq > until) break
      this.#looked += 1
      this.#position = record.event.seq
      if (this.#wanted(record)) taken.push(record.event)
    }
    return taken
  }
}
