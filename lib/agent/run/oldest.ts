import type { Consumer, Log } from '../../log/port.ts'

/** The cursor of each consumer of a log, by name. */
export async function cursors(log: Log): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>()
  for await (const { name, cursor } of log.consumers()) found.set(name, cursor)
  return found
}

/**
 * When the oldest unsettled events of a consumer were accepted, in ms since the epoch: `waits` of those that wait for a
 * retry, `next` of the others; undefined if there is none. `types`: the event types that it listens on; `cursor`: the
 * seq up to which everything is settled.
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
