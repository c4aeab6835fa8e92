import { quote, TidingsError } from '../../core/errors.ts'
import { checkName } from '../../core/limits.ts'
import type { Logger } from '../../core/logger.ts'
import { listenerNamespace } from '../../dispatch/deliverer.ts'
import { memoryNamespace } from '../../dispatch/memory-gate.ts'
import { type Kept, verdictKey } from '../../listener/judge/kept.ts'
import type { Listener } from '../../listener/listener.ts'
import type { Consumer, ConsumerOptions, Log } from '../../log/port.ts'
import { isPaused, setPaused } from './pauses.ts'

/** The cursor of each consumer of a log, by name. */
export async function knownCursors(log: Log): Promise<ReadonlyMap<string, number>> {
  const known = new Map<string, number>()
  for await (const { name, cursor } of log.consumers()) known.set(name, cursor)
  return known
}

/**
 * Rejects an impossible new name for a listener, before anything is stopped or written.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` for an invalid name, or one that the log already knows, with
 *   `details.path` `to`; `TIDINGS_LOG_FAILED` while the log accepts no writes
 */
export async function checkRename(log: Log, to: string): Promise<void> {
  checkName(to, 'TIDINGS_LOG_INVALID', 'the name of a listener')
  const cursor = (await knownCursors(log)).get(to)
  if (cursor === undefined) return
  const message = `the log already knows a listener ${quote(to)}, with its own cursor at ${cursor}`
  throw new TidingsError('TIDINGS_LOG_INVALID', message, { details: { path: 'to' } })
}

/**
 * Renames a listener that the log knows to a name that it does not know; its state and its pause go along. Its cursor
 * moves in one commit: before that, nothing changes for the old name; after that, the rename is complete, and the rest
 * only clears the old name.
 */
export async function renameListener(
  log: Log,
  from: string,
  to: string,
  consumes: Omit<ConsumerOptions, 'start'> = {},
): Promise<Consumer> {
  await checkRename(log, to)
  for (const namespace of NAMESPACES) {
    const [before, after] = [log.store(namespace(from)), log.store(namespace(to))]
    // Clear what a failed attempt left there.
    for await (const { key } of after.list()) if ((await before.get(key)) === undefined) await after.delete(key)
    for await (const { key, value } of before.list()) await after.set(key, value)
  }
  await setPaused(log, 'listener', to, await isPaused(log, 'listener', from))
  const consumer = await log.consumer(to, { start: 'now', formerly: from, ...consumes })
  try {
    await setPaused(log, 'listener', from, false)
    await clear(log, from)
  } catch {
    // The rename is complete. What remains is a few values under an unused name.
  }
  return consumer
}

/** The namespace of what replays have told to a listener. */
export function replayNamespace(listener: string): string {
  return `replay/${listener}`
}

/** What the log keeps of a listener beside its cursor: its state, the memory of its filters, and its replays. */
const NAMESPACES = [listenerNamespace, memoryNamespace, replayNamespace]

async function clear(log: Log, name: string, namespaces = NAMESPACES): Promise<void> {
  for (const namespace of namespaces) {
    const store = log.store(namespace(name))
    for await (const { key } of store.list()) await store.delete(key)
  }
}

/**
 * Forgets what the filters of a listener remember: it is moved back, and hears its events as if for the first time. Those
 * that wait at a filter are heard again in their turn.
 */
export async function forgetMemory(log: Log, consumer: Consumer): Promise<void> {
  const { name } = consumer
  const memory = log.store(memoryNamespace(name))
  const waiting: number[] = []
  for await (const { event } of consumer.retrying()) {
    const kept = await memory.get<Kept>(verdictKey(event.seq))
    if (kept?.value.until !== undefined) waiting.push(event.seq)
  }
  await clear(log, name, [memoryNamespace])
  if (waiting.length > 0) await consumer.redeliver(waiting)
}

/** Removes a listener from the log. Its cursor goes last, so that an interrupted removal can be repeated. */
export async function removeListener(log: Log, name: string): Promise<void> {
  await clear(log, name)
  await setPaused(log, 'listener', name, false)
  await log.forgetConsumer(name)
}

/** The former name of a listener, if the log knows that and not the current one. Warns if it knows both. */
export async function formerName(
  log: Log,
  { name, settings: { formerly } }: Listener,
  logger: Logger,
): Promise<string | undefined> {
  if (formerly === undefined) return undefined
  const known = await knownCursors(log)
  if (!known.has(formerly) || formerly === name) return undefined
  if (!known.has(name)) return formerly
  // Two listeners, each with its own cursor and state: which one is meant is ambiguous.
  logger.warn(
    { listener: name, formerly },
    'formerly does nothing: the log knows both names; remove the older one with tidings listeners rm, or the option',
  )
  return undefined
}
