import { defined } from '../../core/defined.ts'
import type { Log } from '../../log/port.ts'
import { MOST_READ } from './most-read.ts'

/** How many events of a type the log has. */
export interface TypeRow {
  /** The name of the type. */
  readonly type: string
  /** The number of its events in the log. */
  readonly count: number
  /** The seq of the newest; absent while none is counted. */
  readonly last?: number
  /** When the newest was accepted, in ISO format; absent while none is counted. */
  readonly at?: string
  /**
   * How many events of the log are not counted yet, whatever their type: an older version of Tidings has stored them.
   * Each call counts 20 000 of them. Absent once all are.
   */
  readonly unindexed?: number
}

/** The operations on types of events. */
export interface TypeOperations {
  /** The types of the events in the log, in order of their names: at most 20 000. */
  list(): Promise<readonly TypeRow[]>
}

export function typeOperations(log: Log): TypeOperations {
  return { list: () => typeRows(log) }
}

/** The types of the events in the log, in order of their names. */
export async function typeRows(log: Log): Promise<TypeRow[]> {
  const left = await log.index()
  const unindexed = left === 0 ? undefined : left
  const rows: TypeRow[] = []
  for await (const { type, count, last, at } of log.types()) {
    rows.push({
      type,
      count,
      ...defined({ last, at: at === undefined ? undefined : new Date(at).toISOString(), unindexed }),
    })
    if (rows.length === MOST_READ) break
  }
  return rows
}
