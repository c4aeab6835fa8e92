import { hasCode } from '../core/errors.ts'
import type { RetryRecord } from '../log/consumer/consumer-store.ts'
import type { ReadRecords } from '../log/consumer/stored-consumer.ts'
import type { Row } from './connection.ts'
import { ALONE, type Alone, MARKS } from './saves.ts'
import { fromText } from './text.ts'

/**
 * The records of a consumer beside its cursor, from its marks and the seqs of what was in flight; and who had its suspects
 * alone. An agent that lives was cut off or frozen when it lost the consumer, and did not crash (decision 0081). One that
 * has died is counted once: a process dies once.
 */
export function recordsOf(
  marks: readonly Row[],
  inFlight: readonly number[],
  living: ReadonlySet<unknown>,
): { readonly records: Omit<ReadRecords, 'cursor'>; readonly suspects: Map<number, Alone> } {
  const of = <T>(kind: string): (readonly [seq: number, record: T])[] =>
    marks.flatMap(([found, seq, body]) =>
      found === kind ? [[Number(seq), JSON.parse(fromText(body as string)) as T] as const] : [],
    )
  const suspects = new Map(of<Alone>(ALONE))
  const crashes = of<number>(MARKS.crashes).map(([seq, count]): [number, number] => {
    const alone = suspects.get(seq)
    if (alone === undefined) suspects.set(seq, { before: count, agents: [] })
    return [seq, alone === undefined ? count : alone.before + alone.agents.filter((each) => !living.has(each)).length]
  })
  const records = {
    inFlight,
    retries: of<RetryRecord>(MARKS.retry).map(([seq, record]) => ({ ...record, seq })),
    parked: of(MARKS.parked).map(([seq]) => seq),
    crashes: new Map(crashes),
  }
  return { records, suspects }
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
