import type { Log } from '../../log/port.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { type Pausable, setPaused } from '../run/pauses.ts'
import { knownJob, knownListener } from './known.ts'

/** The outcome of a pause or a resume. */
export interface PauseAnswer {
  /** The name of the job or listener. */
  readonly name: string
  /** Whether it is paused now. */
  readonly paused: boolean
  /** False if it already was so. */
  readonly changed: boolean
}

/** Pauses and resumes jobs or listeners: in the log, and at once in a running agent. */
export function pausing(
  log: Log,
  agent: AgentControl | undefined,
  kind: Pausable,
): Readonly<Record<'pause' | 'resume', (name: string) => Promise<PauseAnswer>>> {
  const pause = async (name: string, paused: boolean): Promise<PauseAnswer> => {
    await (kind === 'job' ? knownJob(log, name) : knownListener(log, name))
    const changed = await setPaused(log, kind, name, paused)
    agent?.pause(kind, name, paused)
    return { name, paused, changed }
  }
  return { pause: (name) => pause(name, true), resume: (name) => pause(name, false) }
}
