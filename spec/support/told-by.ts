import type { Log } from '../../lib/log/port.ts'
import { pullUntil } from '../../lib/testing/log-bench.ts'

/** The identifiers of all told events of the type `made`, in order, as a consumer hears them. */
export async function toldBy(log: Log): Promise<string[]> {
  const consumer = await log.consumer('told', { start: 'start', types: ['made'], transient: true })
  const told: string[] = []
  for (;;) {
    const handed = await pullUntil(consumer, 500, ({ behind }) => behind === 0)
    if (handed.length === 0) return told
    for (const each of handed) {
      told.push(each.event.identifier)
      consumer.ack(each)
    }
  }
}
