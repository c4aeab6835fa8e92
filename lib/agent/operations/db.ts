import { TidingsError } from '../../core/errors.ts'
import type { LevelLog } from '../../level/level-log.ts'
import type { BackedUp } from '../../level/upkeep/backup.ts'
import type { Compacted } from '../../level/upkeep/compact.ts'
import type { Log } from '../../log/port.ts'
import type { Pruned, Retention } from '../../log/retention.ts'
import type { Problem, Stats } from '../../log/upkeep.ts'
import { type Step, steps } from './progress-stream.ts'

/** The result of a verification. */
export interface Verified {
  /** Whether the log is intact. */
  readonly ok: boolean
  /** The inconsistencies found. */
  readonly problems: readonly Problem[]
}

/** Keeps a log sound, small and safe while it is in use. Longer operations yield their progress as `Step`s. */
export interface DbOperations {
  /** The id of the log, which is unique: a UUID. */
  id(): Promise<string>
  /** The statistics of the log. */
  stats(): Promise<Stats>
  /** Removes the bodies of old events, except those that a listener still needs. */
  prune(retention: Retention): Promise<Pruned>
  /** Frees the disk space of pruned events. */
  compact(): AsyncIterable<Step<Compacted>>
  /** Checks every record against every other that it should agree with. */
  verify(): AsyncIterable<Step<Verified>>
  /** Copies the log, as it is now, into a folder. A relative path refers to the working folder of the caller. */
  backup(directory: string): AsyncIterable<Step<BackedUp>>
}

export function dbOperations(log: Log): DbOperations {
  return {
    id: async () => log.id,
    stats: async () => having(log, 'stats').stats(),
    prune: async (retention) => having(log, 'prune').prune(retention),
    compact: () => steps(async (progress) => having(log, 'compact').compact({ progress })),
    verify: () => steps(async (progress) => having(log, 'verify').verify({ progress })),
    backup: (directory) => steps(async (progress) => having(log, 'backup').backup(directory, { progress })),
  }
}

type Upkeep = Pick<LevelLog, 'stats' | 'prune' | 'compact' | 'verify' | 'backup'>

function having<K extends keyof Upkeep>(log: Log, operation: K): Pick<Upkeep, K> {
  if (operation in log) return log as Log & Upkeep
  const words =
    'this log is in PostgreSQL, which frees its disk by itself: back it up with pg_dump, or so that any moment can be restored (PITR)'
  throw new TidingsError('TIDINGS_LOG_INVALID', words)
}
