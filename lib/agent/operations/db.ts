import { TidingsError } from '../../core/errors.ts'
import type { BackedUp } from '../../log/level-backup.ts'
import type { Compacted } from '../../log/level-compact.ts'
import type { LevelLog } from '../../log/level-log.ts'
import type { Stats } from '../../log/level-stats.ts'
import type { Problem } from '../../log/level-verify.ts'
import type { Log } from '../../log/port.ts'
import type { Pruned, Retention } from '../../log/retention.ts'
import { type Step, steps } from '../steps.ts'

/** Whether a log is as it was written, and what is not. */
export interface Verified {
  readonly ok: boolean
  readonly problems: readonly Problem[]
}

/** What keeps a log sound, small and safe, while it is in use. Longer works tell how far they are, as `Step`s. */
export interface DbOperations {
  stats(): Promise<Stats>
  /** Removes the bodies of old events, never one that a listener still needs. */
  prune(retention: Retention): Promise<Pruned>
  /** Gives the disk back that pruned events still take. */
  compact(): AsyncIterable<Step<Compacted>>
  /** Compares every record with every other that it should agree with. */
  verify(): AsyncIterable<Step<Verified>>
  /** Copies the log, as it is at this moment, into a folder. A relative path starts at the working folder of the caller. */
  backup(directory: string): AsyncIterable<Step<BackedUp>>
}

export function dbOperations(log: Log): DbOperations {
  return {
    stats: async () => own(log).stats(),
    prune: async (retention) => own(log).prune(retention),
    compact: () => steps(async (progress) => own(log).compact({ progress })),
    verify: () => steps(async (progress) => own(log).verify({ progress })),
    backup: (directory) => steps(async (progress) => own(log).backup(directory, { progress })),
  }
}

type Own = Pick<LevelLog, 'stats' | 'prune' | 'compact' | 'verify' | 'backup'>

// A log that is kept elsewhere is looked after there.
function own(log: Log): Log & Own {
  if ('compact' in log) return log as Log & Own
  throw new TidingsError('TIDINGS_LOG_INVALID', 'this log is not kept in a folder: it is looked after where it is')
}
