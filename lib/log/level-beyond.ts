import type { Beyond, Cursor, EventRecord } from './level-records.ts'
import type { Session } from './level-session.ts'

/** How many records are read in one go. */
const PAGE = 500

/** Whether an event is still to be handed out as new, as far as a cursor tells. */
export function isOpen({ cursor, beyond }: Cursor, seq: number): boolean {
  return beyond === undefined || seq > beyond.to ? seq > cursor : beyond.open.includes(seq)
}

/**
 * A cursor for a consumer whose suspects get records of their own: it then knows what lies between them, so that one
 * that is settled stays so though the cursor has not passed it yet.
 */
export async function beyondSuspects(
  session: Session,
  cursor: Cursor,
  suspects: readonly number[],
  hears: (record: EventRecord) => boolean,
): Promise<Cursor> {
  const known = cursor.beyond ?? { to: cursor.cursor, open: [] }
  const to = suspects.reduce((most, seq) => Math.max(most, seq), known.to)
  if (suspects.length === 0) return cursor
  const accused = new Set(suspects)
  const open = known.open.filter((seq) => !accused.has(seq))
  for (let after = known.to; after < to; ) {
    const page = await session.read(after, PAGE)
    for (const record of page) {
      const { seq } = record.event
      if (seq <= to && !accused.has(seq) && hears(record)) open.push(seq)
    }
    after = page.at(-1)?.event.seq ?? to
  }
  return { ...cursor, beyond: { to, open } }
}

/** What the store told of a consumer when that was opened. */
interface Told {
  readonly cursor: Cursor
  readonly waiting: readonly { readonly seq: number }[]
  readonly parked: readonly number[]
  readonly suspects: ReadonlyMap<number, unknown>
}

/** What was known, when a consumer was opened, of events after its cursor: until its backlog is past them. */
export class Ahead {
  readonly #to: number
  readonly #open: Set<number>
  /** With a record of their own: that is how they are handed out. */
  readonly #recorded: Set<number>

  constructor({ cursor: { cursor, beyond }, waiting, parked, suspects }: Told) {
    this.#to = beyond?.to ?? 0
    this.#open = new Set(beyond?.open)
    const recorded = [...waiting.map(({ seq }) => seq), ...parked, ...suspects.keys()]
    this.#recorded = new Set(recorded.filter((seq) => seq > cursor))
  }

  /** How many with a record of their own the backlog has not come to. */
  get recorded(): number {
    return this.#recorded.size
  }

  /** Whether the backlog, which has come to it, is to hand it out. Asked once for each event. */
  isNew(seq: number): boolean {
    return !this.#recorded.delete(seq) && (seq > this.#to || this.#open.delete(seq))
  }

  /**
   * What is to be written beside a cursor: nothing when all that was handed out after it is still being handled.
   * `fresh`: what is handled for the first time.
   */
  beyond(cursor: number, position: number, fresh: Iterable<number>): Beyond | undefined {
    const open = [...fresh, ...[...this.#open].filter((seq) => seq > position)]
    const to = Math.max(position, this.#to)
    return cursor + open.length === to ? undefined : { to, open }
  }
}
