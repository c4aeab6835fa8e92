import { monotonic } from '../../core/clock.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { Handed } from '../../log/port.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import type { Session } from '../session/session.ts'
import type { Op } from '../write/commit.ts'
import type { Backlog } from './backlog.ts'
import type { ConsumerCursor } from './cursor.ts'
import type { InFlight } from './in-flight.ts'
import type { Waiting } from './retries.ts'
import type { Steering } from './steering.ts'

/**
 * The most events of one consumer that may wait for another attempt; beyond it, no new events are handed out. The
 * events are on disk, but their seqs and due times are in memory.
 */
const MOST_WAITING = 10_000

/**
 * The parts of a HandOut. `ahead`: how many events after the backlog position have a record; `present`: whether this
 * consumer may hand out events (false while another one replaces it); `noted`: whether events are noted in the store
 * before they are handed out; `inOrder`: hand out nothing newer while an event waits.
 */
export interface HandOutParts {
  readonly life: ReopeningStore
  readonly flight: InFlight
  readonly backlog: Backlog
  readonly steering: Steering
  readonly place: ConsumerCursor
  readonly ahead: () => number
  readonly present: () => boolean
  readonly noted: boolean
  readonly inOrder: boolean
}

/**
 * Hands out the events of one consumer: due retries and new events. A due event may lie after the backlog position (the
 * process died over it, or it was put back before its turn). It is handed out when the backlog reaches it, because
 * older events, perhaps of its key, have not been handed out yet.
 */
export class HandOut {
  readonly #parts: HandOutParts
  // The seq of the next event that waits after the backlog position; undefined: none does.
  #next: number | undefined
  // Begun but not returned by a pull, because the flight could not be noted. The next pull gets these first.
  readonly #held: Handed[] = []
  #giving: Promise<unknown> = Promise.resolve()

  constructor(parts: HandOutParts) {
    this.#parts = parts
  }

  /** Whether another take could find events right now. */
  get more(): boolean {
    const { life, backlog } = this.#parts
    return this.#held.length > 0 || (this.#mayReadOn() && backlog.position < life.session.writer.durable)
  }

  /**
   * Hands out events in three steps: read, begin, note. Reading changes nothing. Events begin synchronously, without an
   * await in between. If noting fails, they are held for the next take.
   */
  async take(max: number, signal: AbortSignal): Promise<readonly Handed[]> {
    const { life } = this.#parts
    const { session } = life
    try {
      if (this.#held.length === 0) await this.#begin(session, max, signal)
      return await this.#give(session, max)
    } catch (error) {
      // A store closed during a read, after a failed write, will be reopened; a closed log ends the wait.
      if (life.ready && life.session === session) throw error
      return []
    }
  }

  /** Resolves when all pending notes are written. */
  async quiet(): Promise<void> {
    await this.#giving
  }

  /** Takes back events that a pull could not return. */
  hold(handed: readonly Handed[]): void {
    this.#held.push(...handed)
    this.#held.sort((a, b) => a.event.seq - b.event.seq)
  }

  async #begin(session: Session, max: number, signal: AbortSignal): Promise<void> {
    const { backlog, steering, present } = this.#parts
    const due = this.#due(max)
    const found = await Promise.all(due.map(async (waiting) => ({ waiting, event: await steering.event(waiting.seq) })))
    const room = this.#mayReadOn() ? max - due.filter(({ seq }) => seq <= backlog.position).length : 0
    if (room > 0) await backlog.look(session, room)
    if (signal.aborted || !present()) return
    const fresh = this.#fresh(room)
    this.hold([...this.#again(found.filter(({ waiting }) => waiting.seq <= backlog.position)), ...fresh])
  }

  // The due events behind the backlog position, and the next one after it.
  #due(max: number): readonly Waiting[] {
    const { life, flight, backlog, inOrder } = this.#parts
    const due = flight.due(monotonic(life.clock).now(), max)
    const { position } = backlog
    const next = inOrder ? flight.first : due.find(({ seq }) => seq > position)
    this.#next = next === undefined || next.seq <= position ? undefined : next.seq
    return due.filter(({ seq }) => seq <= position || seq === this.#next)
  }

  #mayReadOn(): boolean {
    const { flight, backlog, ahead, inOrder } = this.#parts
    if (this.#next !== undefined) return true
    const { first } = flight
    return inOrder ? first === undefined || first.seq > backlog.position : flight.waiting - ahead() < MOST_WAITING
  }

  #again(found: readonly { waiting: Waiting; event: StoredEvent | undefined }[]): Handed[] {
    const { flight } = this.#parts
    const handed: Handed[] = []
    for (const { waiting, event } of found) {
      const { seq, attempts, replay } = waiting
      if (!flight.beginAgain(seq)) continue
      // The event was pruned.
      if (event === undefined) flight.settle(seq)
      else handed.push({ event, attempt: attempts + 1, ...(replay === undefined ? {} : { replay }) })
    }
    return handed
  }

  #fresh(room: number): Handed[] {
    const { flight, backlog, place } = this.#parts
    const handed = backlog.take(room, this.#next).map((event): Handed => {
      const replay = place.replay(event.seq)
      return replay === undefined ? { event, attempt: 1 } : { event, attempt: 1, replay }
    })
    for (const { event } of handed) flight.begin(event.seq)
    return handed
  }

  // The flight is noted before events are handed out, counting the crash in advance: a dead process can't record it.
  // A process crash loses nothing that LevelDB has, so this need not wait for the disk.
  async #give({ writer }: Session, max: number): Promise<readonly Handed[]> {
    const { flight, noted } = this.#parts
    const given = this.#held.splice(0, max)
    if (given.length === 0 || !noted) return given
    const { handed, ops } = flight.note(given)
    const noting = this.#note(writer, handed, ops)
    const over = (): void => undefined
    this.#giving = Promise.all([this.#giving, noting.then(over, over)]).then(over)
    try {
      await noting
      flight.given(handed)
      return handed
    } catch (error) {
      this.hold(given)
      throw error
    }
  }

  async #note(writer: Session['writer'], handed: readonly Handed[], ops: readonly Op[]): Promise<void> {
    // Earlier suspects that were handled are cleared durably first, so that the next crash is not counted against them.
    if (handed.some(({ crashes }) => crashes !== undefined)) await writer.flush()
    await writer.note(ops)
  }
}
