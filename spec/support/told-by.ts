import type { Log } from '../../lib/log/port.ts'

/** How long a consumer waits for another event before it has heard all, in ms. */
const PATIENCE = 30

/** The identifiers of all told events of the type `made`, in order, as a consumer hears them. */
export async function toldBy(log: Log): Promise<string[]> {
  const consumer = await log.consumer('told', { start: 'start', types: ['made'], transient: true })
  const told: string[] = []
  for (;;) {
    const over = new AbortController()
    const timer = setTimeout(() => over.abort(), PATIENCE)
    const handed = await consumer.pull(500, over.signal)
    clearTimeout(timer)
    if (handed.length === 0) return told
    for (const each of handed) {
      told.push(each.event.identifier)
      consumer.ack(each)
    }
  }
}
