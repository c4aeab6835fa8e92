import type { Clock } from '../core/clock.ts'
import type { StoredEvent } from '../core/event.ts'
import { memoryLog } from '../level/open-log.ts'
import type { Log } from '../log/port.ts'

/** The log of one case. Most handlers use none of it, and to open one costs more than the case. */
export class LazyLog {
  /** The parts that deliveries use. */
  readonly log: Log
  #opened: Promise<Log> | undefined

  constructor(clock: Clock) {
    const open = (): Promise<Log> => (this.#opened ??= memoryLog({ clock }))
    const parts: Pick<Log, 'id' | 'clock' | 'accept' | 'store' | 'events'> = {
      id: 'of a law',
      clock,
      accept: async (drafts, origin) => (await open()).accept(drafts, origin),
      events: async function* (query) {
        yield* (await open()).events(query)
      },
      store: (namespace) => ({
        get: async (key) => (await open()).store(namespace).get(key),
        set: async (key, value, options) => (await open()).store(namespace).set(key, value, options),
        delete: async (key) => (await open()).store(namespace).delete(key),
        list: async function* (prefix) {
          yield* (await open()).store(namespace).list(prefix)
        },
      }),
    }
    this.log = parts as Log
  }

  /** Resolves to what was published. */
  async published(): Promise<readonly StoredEvent[]> {
    const events: StoredEvent[] = []
    if (this.#opened !== undefined) for await (const event of this.log.events()) events.push(event)
    return events
  }

  async close(): Promise<void> {
    await (await this.#opened)?.close()
  }
}
