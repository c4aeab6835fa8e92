import { hasCode } from '../core/errors.ts'
import type { RetryRecord } from '../log/consumer/consumer-store.ts'
import type { ReadRecords } from '../log/consumer/stored-consumer.ts'
import type { Row } from './connection.ts'
import { MARKS } from './saves.ts'
import { fromText } from './text.ts'

/** The records of a consumer beside its cursor, from its marks and the text of what is in flight. */
export function recordsOf(marks: readonly Row[], flight: string | null): Omit<ReadRecords, 'cursor'> {
  const of = <T>(kind: keyof typeof MARKS): (readonly [seq: number, record: T])[] =>
    marks.flatMap(([found, seq, body]) =>
      found === MARKS[kind] ? [[Number(seq), JSON.parse(fromText(body as string)) as T] as const] : [],
    )
  return {
    inFlight: flight === null ? [] : (JSON.parse(fromText(flight)) as number[]),
    retries: of<RetryRecord>('retry').map(([seq, record]) => ({ ...record, seq })),
    parked: of('parked').map(([seq]) => seq),
    crashes: new Map(of<number>('crashes')),
  }
}

/** Resolves to undefined while another agent has the consumer. */
export async function unlessHeld<T>(taking: Promise<T>): Promise<T | undefined> {
  try {
    return await taking
  } catch (error) {
    if (hasCode(error, 'TIDINGS_LOG_LOCKED')) return undefined
    throw error
  }
}
