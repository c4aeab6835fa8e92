import { defined } from '../core/defined.ts'
import type { JsonValue } from '../core/json.ts'
import type { EventKind } from '../log/consumer/consumer-store.ts'
import type { PortableKind, PortableRecords } from '../log/copy/portable-log.ts'
import type { Row } from './connection.ts'
import { EVENT_COLUMNS, toRecord } from './rows.ts'
import { ALONE, MARKS } from './saves.ts'
import { fromText, toText, toTextOrNull } from './text.ts'

/** A statement, with the names of tables in the schema of the log, and its rule of identity. */
type Statement = (name: (own: string) => string, rule: 'type' | 'identifier') => string

const IDENTITY = 'type, identifier, seq, version, revision, told, told_version'

/** How a kind of record is stored. */
interface Form<T> {
  readonly select: Statement
  read(row: Row): T
  /** Takes an array for each of the columns, of this type. */
  readonly insert: Statement
  /** The values of a record; undefined: there is nothing to store. */
  write(record: T): Row | undefined
}

/** The kinds of records, and how they are stored. An identity is forgotten if it has events but no row. */
export const forms: { readonly [K in PortableKind]: Form<PortableRecords[K]> } = {
  event: {
    select: (name) => `SELECT ${EVENT_COLUMNS} FROM ${name('event')} ORDER BY seq`,
    read(row) {
      const { event, told, run } = toRecord(row)
      return { event, told, ...defined({ run }) }
    },
    insert: inserting(
      'event',
      EVENT_COLUMNS,
      'bigint bigint text text text int text text bigint boolean boolean text text',
    ),
    write({ event, told, run }) {
      const { seq, created, type, identifier, version, revision, job, cause, transformed, traceparent, data } = event
      const texts = [toText(type), toText(identifier), toTextOrNull(version)]
      const origin = [toTextOrNull(job), toTextOrNull(run), cause ?? null]
      const rest = [told, transformed ?? null, toTextOrNull(traceparent), JSON.stringify(data)]
      return [seq, created, ...texts, revision ?? null, ...origin, ...rest]
    },
  },
  identity: {
    select: (name, rule) => `SELECT ${IDENTITY} FROM ${name('identity')} UNION ALL
      SELECT DISTINCT ${space(rule)}, identifier, 0, NULL, NULL::int, NULL::bigint, NULL FROM ${name('event')} e
      WHERE NOT EXISTS (
        SELECT 1 FROM ${name('identity')} i WHERE i.type = ${space(rule)} AND i.identifier = e.identifier
      )`,
    read([type, identifier, seq, version, revision, told, toldVersion]) {
      const versions = {
        version: textOf(version),
        revision: numberOf(revision),
        told: numberOf(told),
        toldVersion: textOf(toldVersion),
      }
      return {
        type: fromText(type as string),
        identifier: fromText(identifier as string),
        seq: Number(seq),
        ...defined(versions),
      }
    },
    insert: inserting('identity', IDENTITY, 'text text bigint text int bigint text'),
    write({ type, identifier, seq, version, revision, told, toldVersion }) {
      if (seq === 0) return undefined
      const versions = [toTextOrNull(version), revision ?? null, told ?? null, toTextOrNull(toldVersion)]
      return [toText(type), toText(identifier), seq, ...versions]
    },
  },
  state: {
    select: (name) => `SELECT namespace, key, value, revision FROM ${name('state')}`,
    read: ([namespace, key, value, revision]) => ({
      namespace: fromText(namespace as string),
      key: fromText(key as string),
      value: JSON.parse(value as string) as JsonValue,
      revision: Number(revision),
    }),
    insert: inserting('state', 'namespace, key, value, revision', 'text text text bigint'),
    write: ({ namespace, key, value, revision }) => [toText(namespace), toText(key), JSON.stringify(value), revision],
  },
  consumer: {
    select: (name) => `SELECT name, record, flight FROM ${name('consumer')}`,
    read: ([name, record, flight]) => ({
      name: fromText(name as string),
      cursor: jsonOf(record),
      ...(flight === null ? {} : { inFlight: jsonOf<readonly number[]>(flight) }),
    }),
    insert: inserting('consumer', 'name, record, flight', 'text text text'),
    write: ({ name, cursor, inFlight }) => [
      toText(name),
      textOfJson(cursor),
      inFlight === undefined ? null : textOfJson(inFlight),
    ],
  },
  mark: {
    select: (name) => `SELECT consumer, kind, seq, body FROM ${name('mark')} WHERE kind <> '${ALONE}'`,
    read: ([name, kind, seq, body]) => ({
      name: fromText(name as string),
      kind: (Object.keys(MARKS) as EventKind[]).find((each) => MARKS[each] === kind) as EventKind,
      seq: Number(seq),
      record: jsonOf(body),
    }),
    insert: inserting('mark', 'consumer, kind, seq, body', 'text "char" bigint text'),
    write: ({ name, kind, seq, record }) => [toText(name), MARKS[kind], seq, textOfJson(record)],
  },
  slots: {
    select: (name) => `SELECT job, record FROM ${name('slots')}`,
    read: ([job, record]) => ({ job: fromText(job as string), slots: jsonOf(record) }),
    insert: inserting('slots', 'job, record, revision', 'text text bigint'),
    // A revision counts the writes to this row.
    write: ({ job, slots }) => [toText(job), textOfJson(slots), 1],
  },
  run: {
    select: (name) => `SELECT job, slot, attempt, outcome FROM ${name('run')}`,
    read: ([job, slot, attempt, outcome]) => ({
      job: fromText(job as string),
      slot: Number(slot),
      attempt: Number(attempt),
      ...(outcome === null ? {} : { outcome: jsonOf<JsonValue>(outcome) }),
    }),
    insert: inserting('run', 'job, slot, attempt, outcome', 'text bigint int text'),
    write: ({ job, slot, attempt, outcome }) => [
      toText(job),
      slot,
      attempt,
      outcome === undefined ? null : textOfJson(outcome),
    ],
  },
}

function inserting(table: string, columns: string, types: string): Statement {
  const arrays = types.split(' ').map((type, i) => `$${i + 1}::${type}[]`)
  return (name) => `INSERT INTO ${name(table)} (${columns}) SELECT * FROM unnest(${arrays.join(', ')})`
}

/** What stands in the place of the type in an identity. */
function space(rule: 'type' | 'identifier'): string {
  return rule === 'type' ? 'e.type' : "''"
}

function textOf(value: unknown): string | undefined {
  return value === null ? undefined : fromText(value as string)
}

function numberOf(value: unknown): number | undefined {
  return value === null ? undefined : Number(value)
}

function textOfJson(value: unknown): string {
  return toText(JSON.stringify(value))
}

function jsonOf<T>(text: unknown): T {
  return JSON.parse(fromText(text as string)) as T
}
