import type { Cursor, EventRecord } from './level-records.ts'
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
