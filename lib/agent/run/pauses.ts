import { PAUSED_JOBS } from '../../job/job-record.ts'
import type { KeyValue, Log } from '../../log/port.ts'

/** The kinds of parts that can be paused. */
export type Pausable = 'job' | 'listener'

/** A job or a listener, by its name. */
export interface PartName {
  readonly kind: Pausable
  readonly name: string
}

// Pauses survive restarts: the log stores them by name.
function pauses(log: Log, kind: Pausable): KeyValue {
  return log.store(kind === 'job' ? PAUSED_JOBS : 'tidings/paused-listeners')
}

/** Whether the log has stored a pause of this job or listener. */
export async function isPaused(log: Log, kind: Pausable, name: string): Promise<boolean> {
  return (await pauses(log, kind).get(name)) !== undefined
}

/** A stored pause. */
export interface Pause {
  /** When it began, in ms since the epoch. */
  readonly since: number
  /** Why a run cancelled its job; absent for a pause on request. */
  readonly reason?: string
}

/** All paused jobs or listeners, by name. */
export async function pausedNames(log: Log, kind: Pausable): Promise<ReadonlyMap<string, Pause>> {
  const names = new Map<string, Pause>()
  for await (const { key, value } of pauses(log, kind).list<Pause>()) names.set(key, value)
  return names
}

/** Stores a pause or its end. Resolves to false if nothing changed. */
export async function setPaused(log: Log, kind: Pausable, name: string, paused: boolean): Promise<boolean> {
  if ((await isPaused(log, kind, name)) === paused) return false
  if (paused) await pauses(log, kind).set(name, { since: log.clock.now() })
  else await pauses(log, kind).delete(name)
  return true
}
