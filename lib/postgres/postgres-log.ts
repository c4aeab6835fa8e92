import type { Log } from '../log/port.ts'

/** A log in PostgreSQL. */
export interface PostgresLog extends Log {
  /** Unique to this opening of the log, in the server's table of agents. */
  readonly agent: string
  /** Ends the log as a crash would: the connections are cut, and nothing more is written. */
  abandon(): void
}
