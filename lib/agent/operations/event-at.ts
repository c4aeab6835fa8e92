import type { StoredEvent } from '../../core/event.ts'
import type { Log } from '../../log/port.ts'

/** The event at a seq; undefined without one. */
export async function eventAt(log: Log, seq: number): Promise<StoredEvent | undefined> {
  for await (const event of log.events({ after: Math.max(0, seq - 1), limit: 1 }))
    return event.seq === seq ? event : undefined
  return undefined
}
