import { quote, TidingsError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import { listenerNamespace } from '../dispatch/deliver.ts'
import type { Listener } from '../listener/listener.ts'
import { checkText, defaultLimits } from '../log/limits.ts'
import type { Consumer, ConsumerOptions, Log } from '../log/port.ts'
import { cursors } from './oldest.ts'
import { isPaused, setPaused } from './pauses.ts'

/**
 * Refuses a name that a listener can't be renamed to, before anything is stopped or written.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` for a name that is none, or that the log knows already, with `details.path`
 *   `to`; `TIDINGS_LOG_FAILED` while the log takes nothing
 */
export async function checkRename(log: Log, to: string): Promise<void> {
  checkText(to, defaultLimits.type, 'TIDINGS_LOG_INVALID', 'the name of a listener')
  const cursor = (await cursors(log)).get(to)
  if (cursor === undefined) return
  const message = `the log knows a listener ${quote(to)} already, with a cursor of its own at ${cursor}`
  throw new TidingsError('TIDINGS_LOG_INVALID', message, { details: { path: 'to' } })
}

/**
 * Gives a listener that the log knows another name, which it does not know: with its state, and paused if it was. Its
 * cursor goes over in one commit: before that, nothing changes for the old name; after that, the rename is done, and what
 * is left under the old name is only cleared away.
 */
export async function renameListener(
  log: Log,
  from: string,
  to: string,
  hears: Pick<ConsumerOptions, 'types' | 'inOrder'> = {},
): Promise<Consumer> {
  await checkRename(log, to)
  const [before, after] = [log.store(listenerNamespace(from)), log.store(listenerNamespace(to))]
  // What an attempt that failed has left there.
  for await (const { key } of after.list()) if ((await before.get(key)) === undefined) await after.delete(key)
  for await (const { key, value } of before.list()) await after.set(key, value)
  await setPaused(log, 'listener', to, await isPaused(log, 'listener', from))
  const consumer = await log.consumer(to, { start: 'now', formerly: from, ...hears })
  try {
    await setPaused(log, 'listener', from, false)
    for await (const { key } of before.list()) await before.delete(key)
  } catch {
    // It has its new name. The rest is a few values under a name that nobody has.
  }
  return consumer
}

/** Forgets a listener that the log knows: its cursor goes last, so that what was cut off in between is done again. */
export async function removeListener(log: Log, name: string): Promise<void> {
  const state = log.store(listenerNamespace(name))
  for await (const { key } of state.list()) await state.delete(key)
  await setPaused(log, 'listener', name, false)
  await log.forgetConsumer(name)
}

/** The name whose cursor a listener takes over: the log knows that one, and not its own. */
export async function olderName(
  log: Log,
  { name, settings: { formerly } }: Listener,
  logger: Logger,
): Promise<string | undefined> {
  if (formerly === undefined) return undefined
  const known = await cursors(log)
  if (!known.has(formerly) || formerly === name) return undefined
  if (!known.has(name)) return formerly
  // Two listeners, with a cursor and state of their own each: it is not clear which of them is meant.
  logger.warn(
    { listener: name, formerly },
    'formerly does nothing: the log knows both names; remove the older one with tidings listeners rm, or the option',
  )
  return undefined
}
