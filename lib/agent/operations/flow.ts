import { defined } from '../../core/defined.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { ConsumerInfo, Log } from '../../log/port.ts'
import type { EventFlow, Flow, ListenerFlow } from '../inspect/seen.ts'
import type { ParkedOperations } from './parked.ts'

/**
 * How the events of a log have flowed. One walk through the log, whose memory depends only on the number of types.
 *
 * @param parked the parked events
 */
export async function flowOf(log: Log, parked: ReturnType<ParkedOperations['list']>): Promise<Flow> {
  const consumers: ConsumerInfo[] = []
  for await (const consumer of log.consumers()) consumers.push(consumer)
  const events = new Map<string, EventFlow>()
  const listeners = new Map<string, ListenerFlow>()
  const add = (listener: string, type: string, more: Partial<Pick<ListenerFlow, 'passed' | 'parked'>>): void => {
    const key = JSON.stringify([listener, type])
    const { passed, parked } = listeners.get(key) ?? { passed: 0, parked: 0 }
    const sums = { passed: passed + (more.passed ?? 0), parked: parked + (more.parked ?? 0) }
    listeners.set(key, { listener, type, ...sums })
  }
  const types = new RecentTypes(log)
  for await (const event of log.events()) {
    const { seq, type, job, created } = event
    types.add(event)
    const cause = event.cause === undefined ? undefined : await types.of(event.cause)
    const key = JSON.stringify([type, job, cause])
    const count = (events.get(key)?.count ?? 0) + 1
    events.set(key, { type, ...defined({ job, cause }), count, last: seq })
    for (const { name, cursor, created: since } of consumers)
      if (seq <= cursor && created >= since) add(name, type, { passed: 1 })
  }
  for await (const { listener, type } of parked) add(listener, type, { parked: 1 })
  return { events: sorted(events), listeners: sorted(listeners) }
}

function sorted<T>(rows: ReadonlyMap<string, T>): readonly T[] {
  return [...rows.keys()].sort().map((key) => rows.get(key) as T)
}

/** How many types of recent events are kept in memory: most effects follow their cause soon. */
const RECENT = 10_000

/** The types of events by their seqs. */
class RecentTypes {
  readonly #log: Log
  readonly #types = new Map<number, string>()

  constructor(log: Log) {
    this.#log = log
  }

  add({ seq, type }: StoredEvent): void {
    this.#types.set(seq, type)
    if (this.#types.size <= RECENT) return
    for (const oldest of this.#types.keys()) {
      this.#types.delete(oldest)
      break
    }
  }

  /** Undefined for an event that the log no longer has. */
  async of(seq: number): Promise<string | undefined> {
    const known = this.#types.get(seq)
    if (known !== undefined) return known
    for await (const event of this.#log.events({ after: seq - 1, limit: 1 })) {
      return event.seq === seq ? event.type : undefined
    }
    return undefined
  }
}
