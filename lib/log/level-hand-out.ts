import { steady } from '../core/clock.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Backlog } from './level-backlog.ts'
import type { Flight } from './level-flight.ts'
import type { Life } from './level-life.ts'
import type { Place } from './level-place.ts'
import type { Waiting } from './level-retries.ts'
import type { Steering } from './level-steering.ts'
import type { Handed } from './port.ts'

/**
 * At most this many events of one consumer wait for another attempt; beyond, nothing new is handed out. What waits is
 * on disk, but that it waits is known in memory.
 */
const MOST_WAITING = 10_000

/**
 * What is handed out, and how. `ahead`: how many events after the place in the backlog have a record; `noted`: what is
 * handed out is written down before; `inOrder`: nothing newer while an event waits.
 */
export interface HandOutParts {
  readonly life: Life
  readonly flight: Flight
  readonly backlog: Backlog
  readonly steering: Steering
  readonly place: Place
  readonly ahead: () => number
  readonly noted: boolean
  readonly inOrder: boolean
}

/**
 * Hands the events of one consumer out: those that are due again, and new ones. One that is due, yet lies after the place
 * in the backlog (the process died over it, or it was put back before its turn), is handed out when its place comes:
 * what is older, and may be of its key, has not been.
 */
export class HandOut {
  readonly #parts: HandOutParts
  // The seq of the next event that waits after the place in the backlog; undefined: none does.
  #next: number | undefined

  constructor(parts: HandOutParts) {
    this.#parts = parts
  }

  /** Whether there is more to look at, right now. */
  get more(): boolean {
    const { life, backlog } = this.#parts
    return this.#mayReadOn() && backlog.position < life.session.writer.durable
  }

  /** Reads first and changes what is remembered after, in one go: whatever happens at an await leaves no trace. */
  async take(max: number, signal: AbortSignal): Promise<readonly Handed[]> {
    const { life, backlog, steering } = this.#parts
    const { session } = life
    try {
      const due = this.#due(max)
      const found = await Promise.all(
        due.map(async (waiting) => ({ waiting, event: await steering.event(waiting.seq) })),
      )
      const room = this.#mayReadOn() ? max - due.filter(({ seq }) => seq <= backlog.position).length : 0
      if (room > 0) await backlog.look(session, room)
      if (signal.aborted) return []
      const fresh = this.#fresh(room)
      const again = this.#again(found.filter(({ waiting }) => waiting.seq <= backlog.position))
      const handed = again.length === 0 ? fresh : [...again, ...fresh].sort((a, b) => a.event.seq - b.event.seq)
      return await this.#note(handed)
    } catch (error) {
      // A store that is closed in mid-read, after a failed write, is opened again; a closed log ends the wait.
      if (life.ready && life.session === session) throw error
      return []
    }
  }

  // What is due and has its place behind, or next.
  #due(max: number): readonly Waiting[] {
    const { life, flight, backlog, inOrder } = this.#parts
    const due = flight.due(steady(life.clock).now(), max)
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
      // A pruned event has nothing left to hand out.
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

  // What is in flight is written down before it is handed out, with the death that nobody may live to tell. The death of
  // the process loses nothing that LevelDB has, so this need not wait for the disk. Where the store fails over it, the
  // events are handed out all the same: they count as running.
  async #note(handed: readonly Handed[]): Promise<readonly Handed[]> {
    const { life, flight, noted } = this.#parts
    if (handed.length === 0 || !noted) return handed
    const { writer } = life.session
    const note = flight.note(handed)
    // Those who had their turn before are cleared for good: nobody is blamed for the death of the next one.
    if (note.handed.some(({ crashes }) => crashes !== undefined)) await writer.flush().catch(() => undefined)
    await writer.note(note.ops).catch(() => undefined)
    return note.handed
  }
}
