/** An agent on a log. */
export interface AgentRow {
  /** Unique to this start of the agent. */
  readonly id: string
  /** The name of the agent. */
  readonly agent: string
  /** The machine. */
  readonly host: string
  /** The process on that machine. */
  readonly pid: number
  /** When it started, as an ISO 8601 string. */
  readonly since: string
  /** When it last said that it is there, as an ISO 8601 string. */
  readonly seen: string
  /** The jobs that it drives. */
  readonly jobs: readonly string[]
  /** The listeners that it handles. */
  readonly listeners: readonly string[]
  /** By how many ms the clock of its machine is ahead of the server's; absent where one process owns the log. */
  readonly skew?: number
}
