import type { Consumer, Log } from '../log/port.ts'

/** How far each consumer of a log is. */
export async function cursors(log: Log): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>()
  for await (const { name, cursor } of log.consumers()) found.set(name, cursor)
  return found
}

/**
 * When the oldest events that a consumer has not settled were accepted, in ms: of those that wait for another attempt,
 * and of the others; undefined: there is none. `types`: what it hears; `cursor`: how far it is.
 */
export async function oldestOf(
  log: Log,
  consumer: Consumer,
  { cursor, types }: { readonly cursor: number; readonly types: readonly string[] | undefined },
): Promise<{ readonly waits: number | undefined; readonly next: number | undefined }> {
  const { behind, running, retrying } = await consumer.lag()
  const waits = retrying > 0 ? await first(consumer.retrying()) : undefined
  const hears = types === undefined ? {} : { types }
  const next = behind + running > 0 ? await first(log.events({ after: cursor, limit: 1, ...hears })) : undefined
  return { waits: waits?.event.created, next: next?.created }
}

async function first<T>(all: AsyncIterable<T>): Promise<T | undefined> {
  for await (const each of all) return each
  return undefined
}
