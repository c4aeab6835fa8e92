import { listenerNamespace } from '../dispatch/deliver.ts'
import type { Consumer, ConsumerOptions, Log } from '../log/port.ts'
import { isPaused, setPaused } from './pauses.ts'

/**
 * Gives a listener that the log knows another name, which it does not know: with its state, and paused if it was. What
 * it left under the old name goes last, so that a crash in between loses nothing.
 */
export async function renameListener(
  log: Log,
  from: string,
  to: string,
  hears: Pick<ConsumerOptions, 'types' | 'inOrder'> = {},
): Promise<Consumer> {
  const [before, after] = [log.store(listenerNamespace(from)), log.store(listenerNamespace(to))]
  for await (const { key, value } of before.list()) await after.set(key, value)
  const paused = await isPaused(log, 'listener', from)
  await setPaused(log, 'listener', to, paused)
  const consumer = await log.consumer(to, { start: 'now', formerly: from, ...hears })
  await setPaused(log, 'listener', from, false)
  for await (const { key } of before.list()) await before.delete(key)
  return consumer
}
