import { describe, TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { Parked, Retrying } from '../../log/port.ts'
import { checkInstant } from '../../log/query.ts'
import { readRecord } from '../read/reader.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import type { InFlight } from './in-flight.ts'
import type { ParkedEvents } from './parked.ts'

/** Lets a person list, release, drop and redeliver events of one consumer. Nothing is durable before a commit. */
export class Steering {
  readonly #life: ReopeningStore
  readonly #flight: InFlight
  readonly #parked: ParkedEvents

  constructor(life: ReopeningStore, flight: InFlight, parked: ParkedEvents) {
    this.#life = life
    this.#flight = flight
    this.#parked = parked
  }

  async event(seq: number): Promise<StoredEvent | undefined> {
    return (await readRecord(this.#life.session, seq))?.event
  }

  async *parked(): AsyncGenerator<Parked> {
    for (const seq of this.#parked.seqs()) {
      const record = this.#parked.read(seq)
      const event = await this.event(seq)
      if (record !== undefined && event !== undefined) yield { event, ...record }
    }
  }

  async *retrying(): AsyncGenerator<Retrying> {
    for (const seq of this.#flight.seqs()) {
      const record = this.#flight.read(seq)
      const event = await this.event(seq)
      if (record !== undefined && event !== undefined) yield { event, ...record }
    }
  }

  /** Returns false when the event is not parked. */
  release(seq: number): boolean {
    const record = this.#parked.take(seq)
    if (record === undefined) return false
    const replay = record.replay === undefined ? {} : { replay: record.replay }
    this.#flight.wait(seq, { attempts: 0, at: this.#life.clock.now(), ...replay })
    return true
  }

  /** Returns false when the event is not parked. */
  drop(seq: number): boolean {
    return this.#parked.remove(seq)
  }

  /**
   * Returns these seqs if all are in the log and have their bodies.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID`, with `details` { seq, first }
   */
  #kept(asked: Iterable<number>): readonly number[] {
    const { first, writer } = this.#life.session
    const seqs = [...asked]
    const at = seqs.findIndex((seq) => !(Number.isSafeInteger(seq) && seq >= first && seq <= writer.durable))
    if (at < 0) return seqs
    const wrong = seqs[at] as number
    const words =
      wrong >= 1 && wrong < first
        ? `event ${wrong} was pruned: the log begins at ${first}`
        : `there is no event ${describe(wrong)}: the log ends at ${writer.durable}`
    throw new TidingsError('TIDINGS_LOG_INVALID', words, { details: { seq: wrong, first } })
  }

  /** `asked`: counts the request, and is called only once the request is valid. */
  redeliver(seqs: Iterable<number>, asked: () => number, at: number = this.#life.clock.now()): void {
    const kept = this.#kept(seqs)
    const record = { attempts: 0, at: checkInstant(at, 'at'), replay: asked() }
    for (const seq of kept) {
      this.#parked.remove(seq)
      this.#flight.wait(seq, record)
    }
  }
}
