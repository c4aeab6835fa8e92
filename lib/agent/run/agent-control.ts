import type { Job } from '../../job/job.ts'
import type { RunReport } from '../../job/run-report.ts'
import type { Health } from './health.ts'
import type { Code } from './job-code.ts'
import type { ListenerControl } from './listener-runner.ts'
import type { Pausable } from './pauses.ts'
import type { JobStatus } from './status.ts'

/** A running agent, for operations that steer it: it applies at once what they have already written to the log. */
export interface AgentControl extends Code {
  readonly agent: string
  readonly since: Date
  /** Removes known secrets from text that leaves the process. */
  scrub(text: string): string
  health(): Promise<Pick<Health, 'jobs' | 'listeners'>>
  trigger(job: string): Promise<RunReport | undefined>
  pause(kind: Pausable, name: string, paused: boolean): void
  job(name: string): { readonly job: Job; status(): JobStatus; reset(): Promise<void> } | undefined
  /** The listener of that name; undefined if the agent has none. */
  listener(name: string): ListenerControl | undefined
}
