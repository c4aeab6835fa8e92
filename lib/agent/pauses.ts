import { PAUSED_JOBS } from '../job/record.ts'
import type { KeyValue, Log } from '../log/port.ts'

/** What can be paused. */
export type Pausable = 'job' | 'listener'

/** What is paused stays so over restarts: it is written in the log, by name. */
function pauses(log: Log, kind: Pausable): KeyValue {
  return log.store(kind === 'job' ? PAUSED_JOBS : 'tidings/paused-listeners')
}

export async function isPaused(log: Log, kind: Pausable, name: string): Promise<boolean> {
  return (await pauses(log, kind).get(name)) !== undefined
}

/** Since when something is paused, in ms; `reason`: why a run cancelled its job. */
export interface Pause {
  readonly since: number
  readonly reason?: string
}

/** All that are paused, by name. */
export async function pausedNames(log: Log, kind: Pausable): Promise<ReadonlyMap<string, Pause>> {
  const names = new Map<string, Pause>()
  for await (const { key, value } of pauses(log, kind).list<Pause>()) names.set(key, value)
  return names
}

/** Writes it down. False: it was so already. */
export async function setPaused(log: Log, kind: Pausable, name: string, paused: boolean): Promise<boolean> {
  if ((await isPaused(log, kind, name)) === paused) return false
  if (paused) await pauses(log, kind).set(name, { since: log.clock.now() })
  else await pauses(log, kind).delete(name)
  return true
}
