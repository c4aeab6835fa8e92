import type { Beyond, Cursor, EventRecord } from '../format/records.ts'
import type { Session } from '../session/session.ts'

/** Records per read. */
const PAGE = 500

/** Whether an event is still to be handed out as new, according to a cursor. */
export function isOpen({ cursor, beyond }: Cursor, seq: number): boolean {
  return beyond === undefined || seq > beyond.to ? seq > cursor : beyond.open.includes(seq)
}

/**
 * Returns a cursor for a consumer whose suspects get records of their own. It lists the open events between them, so
 * that a settled event stays settled although the cursor has not passed it yet.
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

/** What the store knew of a consumer when it was opened. */
interface Told {
  readonly cursor: Cursor
  readonly waiting: readonly { readonly seq: number }[]
  readonly parked: readonly number[]
  readonly suspects: ReadonlyMap<number, unknown>
}

/** What the store knew of events after the cursor when the consumer was opened, until its backlog has passed them. */
export class CursorGaps {
  readonly #to: number
  readonly #open: Set<number>
  /** Events with a record of their own, from which they are handed out. */
  readonly #recorded: Set<number>

  constructor({ cursor: { cursor, beyond }, waiting, parked, suspects }: Told) {
    this.#to = beyond?.to ?? 0
    this.#open = new Set(beyond?.open)
    const recorded = [...waiting.map(({ seq }) => seq), ...parked, ...suspects.keys()]
    this.#recorded = new Set(recorded.filter((seq) => seq > cursor))
  }

  /** How many events with a record of their own the backlog has not reached. */
  get recorded(): number {
    return this.#recorded.size
  }

  /** Whether the backlog is to hand out the event it has reached. Call it once for each event. */
  isNew(seq: number): boolean {
    return !this.#recorded.delete(seq) && (seq > this.#to || this.#open.delete(seq))
  }

  /**
   * Returns what to store beside a cursor: undefined when every event handed out after it is still being handled.
   * `fresh`: the events being handled for the first time.
   */
  beyond(cursor: number, position: number, fresh: Iterable<number>): Beyond | undefined {
    const open = [...fresh, ...[...this.#open].filter((seq) => seq > position)]
    const to = Math.max(position, this.#to)
    return cursor + open.length === to ? undefined : { to, open }
  }
}
