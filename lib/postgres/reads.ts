import type { StoredEvent } from '../core/event.ts'
import type { EventRecord } from '../log/consumer/consumer-store.ts'
import type { Query, TypeCount } from '../log/port.ts'
import { narrow } from '../log/query.ts'
import { headOf, isPattern } from '../log/type-names.ts'
import { EVENT_COLUMNS, toRecord } from './rows.ts'
import type { Session } from './session.ts'
import { fromText, toText } from './text.ts'

/** The number of events that are read at a time. */
const PAGE = 512

/**
 * Yields the events that match a query, as they were when the first page was read. The server looks at bounds, types and
 * identifiers; the whole test is applied here.
 */
export async function* readEvents(session: Session, query: Query, upTo: number): AsyncGenerator<EventRecord> {
  const asked = narrow(query)
  const { conditions, values } = conditionsOf(asked)
  let [low, high] = [asked.after, Math.min(upTo, asked.upTo)]
  let left = asked.limit
  while (left > 0 && low < high) {
    const text = `SELECT ${EVENT_COLUMNS} FROM ${session.name('event')}
      WHERE seq > $1 AND seq <= $2 ${conditions} ORDER BY seq ${asked.reverse ? 'DESC' : ''} LIMIT ${PAGE}`
    const page = (await session.read(text, [low, high, ...values])).map(toRecord)
    for (const record of page) {
      if (!asked.test(record.event) || (query.told ?? record.told) !== record.told) continue
      if (left <= 0) return
      left -= 1
      yield record
      session.checkOpen()
    }
    const last = page.at(-1)?.event.seq
    if (last === undefined || page.length < PAGE) return
    if (asked.reverse) high = last - 1
    else low = last
  }
}

interface Conditions {
  readonly conditions: string
  readonly values: readonly unknown[]
}

function conditionsOf({ types, identifiers, since, until }: ReturnType<typeof narrow>): Conditions {
  const values: unknown[] = []
  const all: string[] = []
  const value = (given: unknown): string => `$${values.push(given) + 2}`
  if (types !== undefined) {
    const names = types.filter((type) => !isPattern(type)).map(toText)
    const heads = types.filter(isPattern).map((pattern) => toText(headOf(pattern)))
    const alternatives = [
      `type = ANY (${value(names)}::text[])`,
      ...heads.map((head) => `starts_with(type, ${value(head)})`),
    ]
    all.push(`(${alternatives.join(' OR ')})`)
  }
  if (identifiers !== undefined) all.push(`identifier = ANY (${value(identifiers.map(toText))}::text[])`)
  if (Number.isFinite(since)) all.push(`created >= ${value(within(Math.ceil(since)))}`)
  if (Number.isFinite(until)) all.push(`created <= ${value(within(Math.floor(until)))}`)
  if (since === Number.POSITIVE_INFINITY || until === Number.NEGATIVE_INFINITY) all.push('false')
  return { conditions: all.map((each) => `AND ${each}`).join(' '), values }
}

// No event is created further from the epoch, and a larger number is not a bigint.
const within = (ms: number): number => Math.max(Number.MIN_SAFE_INTEGER, Math.min(ms, Number.MAX_SAFE_INTEGER))

/** Resolves to the events after a seq, at most `max`. */
export async function readAfter(session: Session, after: number, max: number): Promise<readonly EventRecord[]> {
  if (after >= session.durable) return []
  const text = `SELECT ${EVENT_COLUMNS} FROM ${session.name('event')} WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3`
  return (await session.read(text, [after, session.durable, max])).map(toRecord)
}

/** Resolves to one event; undefined when the log does not have it (any more). */
export async function readOne(session: Session, seq: number): Promise<EventRecord | undefined> {
  const text = `SELECT ${EVENT_COLUMNS} FROM ${session.name('event')} WHERE seq = $1`
  const [row] = await session.read(text, [seq])
  return row === undefined ? undefined : toRecord(row)
}

/** Yields the events with this cause, oldest first. */
export async function* readCausedBy(session: Session, cause: number): AsyncGenerator<StoredEvent> {
  if (!Number.isSafeInteger(cause)) return
  const text = `SELECT ${EVENT_COLUMNS} FROM ${session.name('event')} WHERE cause = $1 AND seq > $2 ORDER BY seq LIMIT ${PAGE}`
  for (let after = 0; ; ) {
    const page = (await session.read(text, [cause, after])).map(toRecord)
    for (const { event } of page) yield event
    if (page.length < PAGE) return
    after = page.at(-1)?.event.seq as number
  }
}

/** Yields how many events each type has. */
export async function* readTypes(session: Session): AsyncGenerator<TypeCount> {
  const rows = await session.read(`SELECT type, count, last, at FROM ${session.name('type_count')} ORDER BY type`)
  for (const [type, counted, last, at] of rows)
    yield { type: fromText(type as string), count: Number(counted), last: Number(last), at: Number(at) }
}
