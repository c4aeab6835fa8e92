/** What an agent on a log does and no other. */
export interface HeldParts {
  /** The jobs that it drives. */
  readonly jobs: readonly string[]
  /** The listeners that it handles, or has a shard of. */
  readonly listeners: readonly string[]
  /** The numbers of its shards, from 0, of each shared listener that it runs; absent: it runs none. */
  readonly shards?: Readonly<Record<string, readonly number[]>>
}

/** An agent on a log. */
export interface AgentRow extends HeldParts {
  /** Unique to this start of the agent. */
  readonly id: string
  /** The name of the agent. */
  readonly agent: string
  /** The machine. */
  readonly host: string
  /** The process on that machine. */
  readonly pid: number
  /** The version of Tidings; absent: one that does not say. */
  readonly version?: string
  /** When it started, as an ISO 8601 string. */
  readonly since: string
  /** When it last said that it is there, as an ISO 8601 string. */
  readonly seen: string
  /** By how many ms the clock of its machine is ahead of the server's; absent where one process owns the log. */
  readonly skew?: number
}
