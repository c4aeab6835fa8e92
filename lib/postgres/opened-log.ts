import type { Limits } from '../core/limits.ts'
import type { Retention } from '../log/retention.ts'
import type { LogClock } from './log-clock.ts'

/** The facts about a log that are read when it is opened. */
export interface OpenedLog {
  readonly id: string
  readonly identity: 'type' | 'identifier'
  readonly clock: LogClock
  readonly limits: Limits
  readonly retention?: Retention
}
