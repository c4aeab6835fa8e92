import type { ErrorInfo } from '../../core/error-info.ts'
import type { Log } from '../../log/port.ts'
import { count } from '../../log/query.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { knownListener } from './known.ts'
import { MOST_READ } from './most-read.ts'
import { steerable } from './steerable.ts'

/** An event that waits for another attempt. */
export interface RetryingRow {
  /** The listener that is to handle it. */
  readonly listener: string
  /** The seq of the event. */
  readonly seq: number
  /** The type of the event. */
  readonly type: string
  /** The identifier of the event. */
  readonly identifier: string
  /** How many deliveries were attempted; 0 for an event that was released, told again, or in flight at a crash. */
  readonly attempts: number
  /** When the next attempt is due, in ISO format. */
  readonly at: string
  /** Why the last attempt failed; absent before the first failure. */
  readonly error?: Omit<ErrorInfo, 'stack'>
}

/** The operations on events that wait for another attempt. They reject a listener that the log does not know. */
export interface RetryingOperations {
  /** The events that wait for another attempt, of each listener lowest seq first. Events that filters hold back are among them. */
  list(question?: {
    /** Only those of this listener; default all. */
    readonly listener?: string
    /** At most this many, up to 20 000; default 1000. */
    readonly limit?: number
  }): Promise<readonly RetryingRow[]>
}

/** How many are listed by default. */
const USUAL = 1000

export function retryingOperations(log: Log, agent?: AgentControl): RetryingOperations {
  return {
    list: async ({ listener, limit } = {}) => {
      if (listener !== undefined) await knownListener(log, listener)
      const most = Math.min(count(limit, 'limit', USUAL), MOST_READ)
      const rows: RetryingRow[] = []
      for await (const { name, lag } of log.consumers()) {
        if (lag.retrying === 0 || (listener !== undefined && name !== listener) || rows.length >= most) continue
        await steerable(log, agent, name).steer(async (consumer) => {
          for await (const { event, attempts, at, error } of consumer.retrying()) {
            const { seq, type, identifier } = event
            const due = new Date(at).toISOString()
            rows.push({ listener: name, seq, type, identifier, attempts, at: due, ...wordsOf(error) })
            if (rows.length >= most) return
          }
        })
      }
      return rows
    },
  }
}

function wordsOf(error: ErrorInfo | undefined): Pick<RetryingRow, 'error'> {
  if (error === undefined) return {}
  const { stack: _, ...words } = error
  return { error: words }
}
