import type { Clock } from '../core/clock.ts'
import type { Environment } from '../core/environment.ts'
import type { Log } from '../log/port.ts'
import type { Desk } from './desk.ts'
import type { Look } from './look-out.ts'
import type { Counts } from './record.ts'
import type { Slot } from './slots.ts'

/** How one run went. */
export interface RunReport extends Counts {
  readonly job: string
  readonly slot: Date
  readonly attempt: number
  /**
   * `abandoned` when it was cut off: it took too long, or the agent stopped; `replaced`: another slot took its place.
   */
  readonly status: 'done' | 'cancelled' | 'failed' | 'abandoned' | 'replaced'
  /** When; `late`: how much later than its slot, its jitter aside; `ms`: how long it took. */
  readonly began: Date
  /** In ms. */
  readonly late: number
  /** In ms. */
  readonly ms: number
  /** Why it failed, or was abandoned. */
  readonly error?: Error
  /** Why it cancelled its job. */
  readonly reason?: string
}

/** A slot that somebody asked for: `ended` hears how it went, or nothing when it did not run. */
export interface Trigger extends Slot {
  readonly ended?: (report: RunReport | undefined) => void
}

/** What jobs need to run on a log. */
export interface JobHost {
  readonly log: Log
  readonly clock: Clock
  readonly environment: Environment
  /** Aborts when no more runs are to begin. */
  readonly stop: AbortSignal
  /** Aborts when the runs that go on are to end. */
  readonly abort: AbortSignal
  /** Takes known secrets out of what is kept. */
  scrub(text: string): string
  began(slot: Slot): void
  ended(report: RunReport): void
  /** Hears now and then of a run that should never end. Default: nobody asks. */
  goesOn?(look: Look): void
  /** Default: nobody steers it. */
  readonly desk?: Desk
}
