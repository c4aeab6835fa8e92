import type { StoredEvent } from '../../lib/index.ts'

/**
 * An event as CloudEvents 1.0 has it, in its JSON format. `source` and `id` together are unique: the id of the log, and the
 * seq. What CloudEvents have no name for are extensions; their integers have 32 bits, so numbers are text.
 */
export function cloudEventOf(event: StoredEvent, log: string): Readonly<Record<string, unknown>> {
  const { seq, type, identifier, created, data, job, cause, version, revision, transformed } = event
  const extensions = { identifier, job, version, transformed, cause: text(cause), revision: text(revision) }
  return {
    specversion: '1.0',
    id: String(seq),
    source: `urn:uuid:${log}`,
    type,
    subject: identifier,
    time: new Date(created).toISOString(),
    datacontenttype: 'application/json',
    ...Object.fromEntries(Object.entries(extensions).filter(([, value]) => value !== undefined)),
    data,
  }
}

const text = (number: number | undefined): string | undefined => (number === undefined ? undefined : String(number))

/** The event of a CloudEvent. One from elsewhere has no `identifier`: its source and its id are unique together. */
export function eventOfCloudEvent(value: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { type, identifier, source, id, time, data, data_base64, job, version, transformed, revision } = value
  if (data_base64 !== undefined) throw new TypeError('a CloudEvent with data_base64 has no JSON data')
  const fields = {
    type,
    identifier: identifier ?? `${String(source)} ${String(id)}`,
    created: typeof time === 'string' ? Date.parse(time) : undefined,
    job,
    version,
    transformed,
    revision: typeof revision === 'string' ? Number(revision) : revision,
  }
  return {
    ...Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== undefined)),
    data: data ?? null,
  }
}
