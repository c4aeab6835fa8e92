import type { Retention } from './retention.ts'

// What the upkeep of a log reports, whatever stores it.

/** Called with the progress of an operation: `done` of about `all` records or bytes. At the end, both are equal. */
export type Progress = (done: number, all: number) => void

/** Damage in a log. */
export interface Problem {
  /** What is wrong. */
  readonly message: string
  /** The event that it affects, if it affects a single one. */
  readonly seq?: number
}

/** The contents and the size of a log. Sizes are in bytes. */
export interface Stats {
  /** The bodies that are kept. */
  readonly events: {
    /** The number of bodies. */
    readonly count: number
    /** The seq of the oldest body; `last` + 1 when none is kept. */
    readonly first: number
    /** The seq of the newest event; 0 for an empty log. */
    readonly last: number
  }
  /** The approximate size of each kind of record in LevelDB's tables, without the newest writes; 0 in memory. In PostgreSQL: of tables. */
  readonly sizes: {
    /** The bodies of events. */
    readonly events: number
    /** The index of types, their counts, and the index of causes. In PostgreSQL: all indexes of events. */
    readonly types: number
    /** The identities. */
    readonly identities: number
    /** Cursors, retries and parked events. */
    readonly listeners: number
    /** State of jobs and listeners, claims and runs. */
    readonly state: number
  }
  /** The size of all files of the log; absent in memory. */
  readonly disk?: number
  /** The free space on its disk; absent in memory. */
  readonly free?: number
  /** The growth per day, measured over the last days. */
  readonly growth: {
    /** The number of days measured: the age of the log, from 1 to 7. */
    readonly days: number
    /** Accepted events per day. */
    readonly events: number
    /** Bytes written per day (compressed on disk). Only records that the retention keeps for ever count. */
    readonly bytes: number
  }
  /** In how many days the disk is full at this growth; absent in memory, and when the log does not grow. */
  readonly fullInDays?: number
  /** The retention that the log was opened with; absent without one. */
  readonly retention?: Retention
  /** What only a log in PostgreSQL has. */
  readonly server?: ServerStats
}

/** What a server of PostgreSQL knows of a log. Sizes are in bytes, numbers of rows are its estimates. */
export interface ServerStats {
  /** The disk that one event takes, with its indexes and its identity; absent without events. */
  readonly perEvent?: number
  /** The number of identities. */
  readonly identities: number
  /** The number of listeners that have a place in the log. */
  readonly listeners: number
  /** The tables, the largest first; those of events as one. */
  readonly tables: readonly {
    readonly name: string
    readonly rows: number
    readonly bytes: number
    /** Of the bytes, those of indexes. */
    readonly indexes: number
  }[]
  /** The oldest snapshot that is held open: rows that have died since can't be removed. Absent: none, or this role may not see it. */
  readonly snapshot?: HeldSnapshot
}

/** A snapshot of a server that is held open. */
export interface HeldSnapshot {
  /** How many transactions have begun since. */
  readonly age: number
  /** Who holds it, such as `process 4711 (pg_dump, of postgres)`. */
  readonly holder: string
  /** For how long, in ms; absent where the server does not know. */
  readonly ms?: number
}
