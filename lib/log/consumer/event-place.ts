import type { EventPlace } from '../event-facts.ts'
import type { CursorRecord } from './consumer-store.ts'
import type { LogConsumer } from './log-consumer.ts'

/** The facts about a consumer from which the place of an event follows. */
export interface PlaceFacts {
  readonly cursor: CursorRecord
  /** The highest durable seq. */
  readonly durable: number
  /** The consumer, if it is open. */
  readonly open: LogConsumer | undefined
  /** Returns the place of an event that waits or is parked, from the records of a consumer that is not open. */
  stored(): EventPlace | undefined | Promise<EventPlace | undefined>
}

/** Resolves to how far an event is at a consumer. */
export async function eventPlace(seq: number, { cursor, durable, open, stored }: PlaceFacts): Promise<EventPlace> {
  const found = open === undefined ? await stored() : await open.steering.place(seq)
  if (found !== undefined) return found
  const { beyond, passed = [] } = cursor
  if (passed.some(([first, last]) => first <= seq && seq <= last)) return { state: 'skipped' }
  if (open !== undefined) {
    const { behind } = await open.lag()
    return { state: seq > durable - behind ? 'unread' : 'settled' }
  }
  const isSettled = seq <= cursor.cursor || (seq <= (beyond?.to ?? 0) && beyond?.open.includes(seq) === false)
  return { state: isSettled ? 'settled' : 'unread' }
}
