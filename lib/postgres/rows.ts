import { freezeJson, type JsonValue } from '../core/json.ts'
import type { EventRecord } from '../log/consumer/consumer-store.ts'
import { storedEvent } from '../log/stored-event.ts'
import type { Row } from './connection.ts'
import { fromText } from './text.ts'

/** The columns that `toRecord` reads, in its order. */
export const EVENT_COLUMNS =
  'seq, created, type, identifier, version, revision, job, run, cause, told, transformed, traceparent, data'

type EventRow = readonly [
  seq: string,
  created: string,
  type: string,
  identifier: string,
  version: string | null,
  revision: number | null,
  job: string | null,
  run: string | null,
  cause: string | null,
  told: boolean,
  transformed: boolean | null,
  traceparent: string | null,
  data: string,
]

/** Reads a row of events. The event is deeply frozen. */
export function toRecord(row: Row): EventRecord {
  const [seq, created, type, identifier, version, revision, job, run, cause, told, transformed, traceparent, data] =
    row as EventRow
  const parts = {
    type: fromText(type),
    identifier: fromText(identifier),
    data: freezeJson(JSON.parse(data) as JsonValue),
    version: version === null ? undefined : fromText(version),
    revision: revision ?? undefined,
    job: job === null ? undefined : fromText(job),
    cause: cause === null ? undefined : Number(cause),
    traceparent: traceparent === null ? undefined : fromText(traceparent),
    transformed: transformed === true ? (true as const) : undefined,
  }
  return {
    event: storedEvent(parts, Number(seq), Number(created)),
    told,
    size: data.length + identifier.length,
    run: run === null ? undefined : fromText(run),
  }
}
