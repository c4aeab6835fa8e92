import type { ErrorInfo } from '../../core/error-info.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { Consumer, Log, Parked } from '../../log/port.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { knownListener } from './known.ts'
import { steerable } from './steerable.ts'

/** A summary of a parked event. */
export interface ParkedRow {
  /** The listener that parked the event. */
  readonly listener: string
  /** The seq of the event. */
  readonly seq: number
  /** The type of the event. */
  readonly type: string
  /** The identifier of the event. */
  readonly identifier: string
  /** How many deliveries were attempted. */
  readonly attempts: number
  /** When the event was parked, in ISO format. */
  readonly at: string
  /** Why the last attempt failed. */
  readonly error: Omit<ErrorInfo, 'stack'>
}

/** A parked event, in full. */
export interface ParkedEvent {
  /** The listener that parked the event. */
  readonly listener: string
  /** How many deliveries were attempted. */
  readonly attempts: number
  /** When the event was parked, in ISO format. */
  readonly at: string
  /** Why the last attempt failed, with the stack. */
  readonly error: ErrorInfo
  /** The event. */
  readonly event: StoredEvent
}

/** The operations on parked events. They reject a listener that the log does not know. */
export interface ParkedOperations {
  /** The parked events. */
  list(question?: {
    /** Only those of this listener; default all. */
    readonly listener?: string
  }): AsyncIterable<ParkedRow>
  /** One parked event in full; undefined if it is not parked. */
  show(listener: string, seq: number): Promise<ParkedEvent | undefined>
  /** Delivers one parked event again, or all without a seq; resolves to the seqs of those that were parked. */
  retry(listener: string, seq?: number): Promise<readonly number[]>
  /**
   * Drops one parked event, or all without a seq, so that the listener never handles it. The events themselves stay.
   */
  drop(listener: string, seq?: number): Promise<readonly number[]>
}

export function parkedOperations(log: Log, agent?: AgentControl): ParkedOperations {
  const settle = async (
    name: string,
    seq: number | undefined,
    take: (consumer: Consumer, seq: number) => Promise<boolean>,
  ): Promise<number[]> => {
    await knownListener(log, name)
    return steerable(log, agent, name).steer(async (consumer) => {
      const seqs = seq === undefined ? await seqsOf(consumer) : [seq]
      const taken = await Promise.all(seqs.map((each) => take(consumer, each)))
      return seqs.filter((_, i) => taken[i])
    })
  }
  return {
    list: ({ listener } = {}) => list(log, agent, listener),
    show: async (listener, seq) => {
      await knownListener(log, listener)
      return steerable(log, agent, listener).steer(async (consumer) => {
        for await (const parked of consumer.parked()) if (parked.event.seq === seq) return whole(listener, parked)
        return undefined
      })
    },
    retry: (listener, seq) => settle(listener, seq, (consumer, each) => consumer.release(each)),
    drop: (listener, seq) => settle(listener, seq, (consumer, each) => consumer.drop(each)),
  }
}

async function* list(
  log: Log,
  agent: AgentControl | undefined,
  listener: string | undefined,
): AsyncGenerator<ParkedRow> {
  if (listener !== undefined) await knownListener(log, listener)
  for await (const { name, lag } of log.consumers()) {
    if (lag.parked === 0 || (listener !== undefined && name !== listener)) continue
    yield* await steerable(log, agent, name).steer((consumer) => rowsOf(name, consumer))
  }
}

async function rowsOf(listener: string, consumer: Consumer): Promise<ParkedRow[]> {
  const rows: ParkedRow[] = []
  for await (const { event, attempts, at, error } of consumer.parked()) {
    const { seq, type, identifier } = event
    const { stack: _, ...words } = error
    rows.push({ listener, seq, type, identifier, attempts, at: new Date(at).toISOString(), error: words })
  }
  return rows
}

async function seqsOf(consumer: Consumer): Promise<number[]> {
  const seqs: number[] = []
  for await (const { event } of consumer.parked()) seqs.push(event.seq)
  return seqs
}

function whole(listener: string, { event, attempts, at, error }: Parked): ParkedEvent {
  return { listener, attempts, at: new Date(at).toISOString(), error, event }
}
