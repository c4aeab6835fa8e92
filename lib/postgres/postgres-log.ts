import type { Log } from '../log/port.ts'
import type { Pruned, Retention } from '../log/retention.ts'
import type { Problem, Progress, Stats } from '../log/upkeep.ts'

/** A log in PostgreSQL. */
export interface PostgresLog extends Log {
  /** Unique to this opening of the log, in the server's table of agents. */
  readonly agent: string
  /**
   * Drops the partitions of events that a retention does not keep, the oldest first, and never one that has an event that a
   * listener still needs; the disk is free at once. The newest partition stays, so up to an eighth more than asked for, and
   * at least the newest 1000 events, is kept. Identities stay, unless the retention limits them.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID`, `TIDINGS_DURATION_INVALID` (the retention), `TIDINGS_LOG_FAILED` (a long
   *   transaction reads the events, such as pg_dump; what was dropped until then stays dropped), `TIDINGS_LOG_CLOSED`
   */
  prune(retention: Retention): Promise<Pruned>
  /**
   * Measures the log: its tables and their indexes, its growth, and the oldest snapshot that keeps dead rows.
   *
   * @throws TidingsError `TIDINGS_LOG_FAILED`, `TIDINGS_LOG_CLOSED`
   */
  stats(): Promise<Stats>
  /**
   * Compares the tables of the log with each other, as they are at one moment. Works while the log is in use.
   *
   * @param options `progress` is called with the number of events verified so far, and of all events
   * @throws TidingsError `TIDINGS_LOG_FAILED`, `TIDINGS_LOG_CLOSED`
   */
  verify(options?: {
    /** Called as events are verified. */
    readonly progress?: Progress
  }): Promise<{
    /** Whether the log is sound. */
    readonly ok: boolean
    /** What is wrong, about 1000 problems at most. */
    readonly problems: readonly Problem[]
  }>
  /** Ends the log as a crash would: the connections are cut, and nothing more is written. */
  abandon(): void
}
