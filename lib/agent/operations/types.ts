import type { Log } from '../../log/port.ts'

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
}

/** The operations on types of events. */
export interface TypeOperations {
  /** The types of the events in the log, in order of their names. */
  list(): Promise<readonly TypeRow[]>
}

export function typeOperations(log: Log): TypeOperations {
  return { list: () => typeRows(log) }
}

export async function typeRows(log: Log): Promise<TypeRow[]> {
  const rows = new Map<string, TypeRow>()
  for await (const { type, seq, created } of log.events()) {
    const count = (rows.get(type)?.count ?? 0) + 1
    rows.set(type, { type, count, last: seq, at: new Date(created).toISOString() })
  }
  return [...rows.values()].toSorted((a, b) => (a.type < b.type ? -1 : 1))
}
