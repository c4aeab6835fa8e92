import type { StoredEvent } from '../core/event.ts'

/** The parts of an event beside its seq and its time; optional ones may be undefined. */
export interface EventParts {
  readonly type: string
  readonly identifier: string
  readonly data: unknown
  readonly job?: string | undefined
  readonly cause?: number | undefined
  readonly version?: string | undefined
  readonly revision?: number | undefined
  readonly transformed?: true | undefined
  readonly traceparent?: string | undefined
}

/** Returns an event in its only shape, whether newly accepted or read back, without properties that are undefined. */
export function storedEvent(from: EventParts, seq: number, created: number): StoredEvent {
  const { type, identifier, data } = from
  const event: { -readonly [K in keyof StoredEvent]: StoredEvent[K] } = { seq, type, identifier, data, created }
  if (from.job !== undefined) event.job = from.job
  if (from.cause !== undefined) event.cause = from.cause
  if (from.version !== undefined) event.version = from.version
  if (from.revision !== undefined) event.revision = from.revision
  if (from.transformed !== undefined) event.transformed = from.transformed
  if (from.traceparent !== undefined) event.traceparent = from.traceparent
  return Object.freeze(event)
}
