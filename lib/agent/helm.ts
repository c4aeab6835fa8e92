import type { Job } from '../job/job.ts'
import type { RunReport } from '../job/job-host.ts'
import type { Consumer, Start } from '../log/port.ts'
import type { Code } from './code.ts'
import type { Health } from './health.ts'
import type { Pausable } from './pauses.ts'
import type { JobStatus } from './status.ts'

/** What can be done with a listener, whether an agent has it or not. */
export interface Steerable {
  /** Does something with what the log has for it. */
  steer<T>(steer: (consumer: Consumer) => Promise<T>): Promise<T>
  /** It goes on from another place. */
  move(start: Start): Promise<void>
  /** It goes on under another name. */
  rename(name: string): Promise<void>
}

/** An agent that runs, for those who steer it: what the log says of it already takes effect at once. */
export interface Helm extends Code {
  readonly agent: string
  readonly since: Date
  /** Takes known secrets out of what is told. */
  scrub(text: string): string
  health(): Promise<Pick<Health, 'jobs' | 'listeners'>>
  trigger(job: string): Promise<RunReport | undefined>
  pause(kind: Pausable, name: string, paused: boolean): void
  job(name: string): { readonly job: Job; status(): JobStatus; reset(): Promise<void> } | undefined
  /** The listener of that name; undefined: the agent has none. */
  listener(name: string): Steerable | undefined
}
