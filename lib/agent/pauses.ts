import type { KeyValue, Log } from '../log/port.ts'

/** What can be paused. */
export type Pausable = 'job' | 'listener'

/** What is paused stays so over restarts: it is written in the log, by name. */
function pauses(log: Log, kind: Pausable): KeyValue {
  return log.store(`tidings/paused-${kind}s`)
}

export async function isPaused(log: Log, kind: Pausable, name: string): Promise<boolean> {
  return (await pauses(log, kind).get(name)) !== undefined
}

/** The names of all that are paused. */
export async function pausedNames(log: Log, kind: Pausable): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for await (const { key } of pauses(log, kind).list()) names.add(key)
  return names
}

/** Writes it down. False: it was so already. */
export async function setPaused(log: Log, kind: Pausable, name: string, paused: boolean): Promise<boolean> {
  if ((await isPaused(log, kind, name)) === paused) return false
  if (paused) await pauses(log, kind).set(name, { since: log.clock.now() })
  else await pauses(log, kind).delete(name)
  return true
}
