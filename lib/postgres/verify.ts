import { asError, quote } from '../core/errors.ts'
import type { CursorRecord } from '../log/consumer/consumer-store.ts'
import { MOST_BEYOND } from '../log/consumer/stored-consumer.ts'
import { wholeOf } from '../log/shards.ts'
import type { Problem, Progress } from '../log/upkeep.ts'
import { EVENT_COLUMNS, toRecord } from './rows.ts'
import type { Ask } from './session.ts'
import { fromText } from './text.ts'

/** The verification ends after this many problems. */
const MOST = 1000

/** The number of events that are read at a time. */
const PAGE = 1000

/** A log as it is in one transaction. */
interface Verification {
  readonly ask: Ask
  name(own: string): string
  readonly identity: 'type' | 'identifier'
  readonly first: number
  readonly head: number
  readonly progress: Progress
}

/**
 * Compares the tables of a log with each other, as they are at one moment: events without gaps, each readable, and with
 * their identities, counts and partitions; marks and cursors with events. It accepts an event without an identity, which
 * may be forgotten. That indexes agree with their tables is for `pg_amcheck`.
 */
export async function verify(ask: Ask, name: (own: string) => string, progress: Progress): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const check of [checkEvents, checkCounts, checkIdentities, checkMarks, checkCursors, checkParts]) {
    try {
      await ask('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
      const [[rule, first, head] = []] = await ask(`SELECT identity, first, seq FROM ${name('head')}`)
      const identity = rule as Verification['identity']
      const ends = { first: Number(first), head: Number(head) }
      for await (const problem of check({ ask, name, identity, ...ends, progress })) {
        problems.push(problem)
        if (problems.length >= MOST) return problems
      }
    } catch (error) {
      // A damaged page ends the check that reads it.
      problems.push({ message: asError(error).message })
    } finally {
      await ask('ROLLBACK')
    }
  }
  return problems
}

async function* checkEvents({ ask, name, first, head, progress }: Verification): AsyncGenerator<Problem> {
  let expected = first
  for (let after = 0; ; ) {
    const text = `SELECT ${EVENT_COLUMNS} FROM ${name('event')} WHERE seq > $1 ORDER BY seq LIMIT ${PAGE}`
    const page = await ask(text, [after])
    for (const row of page) {
      const seq = Number(row[0])
      after = seq
      for (; expected < Math.min(seq, head + 1); expected++) yield missing(expected)
      if (seq < first) yield { seq, message: `event ${seq} exists, though the log begins at ${first}` }
      else if (seq > head) yield { seq, message: `event ${seq} exists, though the log ends at ${head}` }
      else expected = seq + 1
      try {
        toRecord(row)
      } catch (error) {
        yield { seq, message: `event ${seq} can't be read: ${asError(error).message}` }
      }
    }
    progress(Math.max(0, expected - first), head - first + 1)
    if (page.length < PAGE) break
  }
  for (; expected <= head; expected++) yield missing(expected)
}

async function* checkCounts({ ask, name }: Verification): AsyncGenerator<Problem> {
  const text = `SELECT coalesce(c.type, e.type), c.count, e.count FROM ${name('type_count')} c
    FULL JOIN (SELECT type, count(*) AS count FROM ${name('event')} GROUP BY type) e ON e.type = c.type
    WHERE c.count IS DISTINCT FROM e.count LIMIT ${MOST}`
  for (const [type, counted, found] of await ask(text))
    yield {
      message: `type ${quote(fromText(String(type)))} has ${Number(found ?? 0)} events, and a count of ${Number(counted ?? 0)}`,
    }
}

async function* checkIdentities({ ask, name, identity, first }: Verification): AsyncGenerator<Problem> {
  const isOf = identity === 'type' ? 'i.type = e.type AND i.identifier = e.identifier' : 'i.identifier = e.identifier'
  const without = `SELECT i.identifier, i.seq FROM ${name('identity')} i LEFT JOIN ${name('event')} e ON e.seq = i.seq AND ${isOf}
    WHERE i.seq >= $1 AND e.seq IS NULL ORDER BY i.seq LIMIT ${MOST}`
  for (const [identifier, seq] of await ask(without, [first]))
    yield {
      seq: Number(seq),
      message: `the identity ${quote(fromText(String(identifier)))} names event ${String(seq)}, which is not its own`,
    }
  const older = `SELECT e.seq, i.seq FROM ${name('event')} e JOIN ${name('identity')} i ON ${isOf}
    WHERE i.seq < e.seq ORDER BY e.seq LIMIT ${MOST}`
  for (const [seq, named] of await ask(older))
    yield { seq: Number(seq), message: `the identity of event ${String(seq)} names the older event ${String(named)}` }
}

async function* checkMarks({ ask, name }: Verification): AsyncGenerator<Problem> {
  const text = `SELECT m.consumer, m.kind, m.seq, c.name IS NULL FROM ${name('mark')} m
    LEFT JOIN ${name('consumer')} c ON c.name = m.consumer LEFT JOIN ${name('event')} e ON e.seq = m.seq
    WHERE c.name IS NULL OR e.seq IS NULL ORDER BY m.seq LIMIT ${MOST}`
  const whats: Readonly<Record<string, string>> = { r: 'a retry', p: 'a parked event' }
  for (const [consumer, kind, seq, isOrphan] of await ask(text)) {
    const of = `listener ${quote(wholeOf(fromText(String(consumer))))} has ${whats[String(kind)] ?? 'a crash'}`
    const why = isOrphan === true ? 'and no cursor' : 'which is missing'
    yield { seq: Number(seq), message: `${of}, event ${String(seq)}, ${why}` }
  }
}

async function* checkCursors({ ask, name, head }: Verification): AsyncGenerator<Problem> {
  for (const [at, record] of await ask(`SELECT name, record FROM ${name('consumer')} ORDER BY name`)) {
    const listener = quote(wholeOf(fromText(String(at))))
    try {
      const { cursor } = JSON.parse(fromText(String(record))) as CursorRecord
      if (!Number.isSafeInteger(cursor) || cursor < 0 || cursor > head + MOST_BEYOND)
        yield { message: `the cursor of listener ${listener} is at ${cursor}, and the log ends at ${head}` }
    } catch (error) {
      yield { message: `the cursor of listener ${listener} can't be read: ${asError(error).message}` }
    }
  }
}

// The partitions that the log knows are those of the table.
async function* checkParts({ ask, name, head }: Verification): AsyncGenerator<Problem> {
  const text = `SELECT coalesce('event_' || start, relname), start IS NULL FROM
      (SELECT * FROM ${name('part')} WHERE newest IS NULL) p
      FULL JOIN (SELECT relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = $1::regclass) t
      ON relname = 'event_' || start WHERE start IS NULL OR relname IS NULL ORDER BY 1`
  for (const [table, isUnknown] of await ask(text, [name('event')]))
    yield { message: `the partition ${String(table)} is ${isUnknown === true ? 'not known to the log' : 'missing'}` }
  const [[until] = []] = await ask(`SELECT max(until) FROM ${name('part')} WHERE newest IS NULL`)
  if (!(Number(until) > head)) yield { message: `the partitions end before the log, which ends at ${head}` }
}

function missing(seq: number): Problem {
  return { seq, message: `event ${seq} is missing` }
}
