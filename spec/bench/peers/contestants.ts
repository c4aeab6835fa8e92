import type { Order } from './child.ts'
import { type Server, startPostgres, startRedis } from './servers.ts'

/** A system to measure, and what it needs. */
export interface Contestant {
  readonly name: string
  /** How it keeps the rules, for the page. */
  readonly how: string
  /** The module that drives it; undefined for the loop in Python. */
  readonly peer?: Order['peer']
  /** Its packages, the first of which gives it its version: the newest that run on Node 20. */
  readonly packages?: readonly string[]
  /** The package on Debian of a program that it needs. */
  readonly program?: 'redis-server' | 'postgresql' | 'python3'
  readonly server?: () => Promise<Server>
  /** The share of `--events` that it gets, so that a slow one does not take minutes. */
  readonly share: number
  readonly inFlight: number
  readonly rates: readonly number[]
}

/** The steady rate for all of them, in events a second. */
export const STEADY = 500

const usual = { share: 1, inFlight: 16, rates: [STEADY] }

export const contestants: readonly Contestant[] = [
  { ...usual, name: 'Tidings', peer: 'tidings', how: '100 drafts an accept, 16 in flight', rates: [STEADY, 10_000] },
  {
    ...usual,
    name: 'better-sqlite3',
    how: 'the same rules in SQL, WAL with `synchronous = FULL`: 100 drafts a transaction, a cursor for the listener',
    peer: 'better-sqlite3',
    packages: ['better-sqlite3@12.11.1'],
    // Its calls block.
    inFlight: 1,
  },
  {
    ...usual,
    name: 'BullMQ',
    how: 'Redis with `appendfsync always`: `addBulk` of 100, 16 in flight, the `jobId` is the identity; one worker takes 100 jobs at once, without order',
    peer: 'bullmq',
    packages: ['bullmq@6.7.0', 'ioredis@5.11.1'],
    program: 'redis-server',
    server: startRedis,
  },
  {
    ...usual,
    name: 'graphile-worker',
    how: 'PostgreSQL: `add_jobs` of 100, 16 in flight; a `job_key` is forgotten with its job, so a table of seen identities decides in the same statement; 24 jobs at once from a local queue of 500, without order',
    peer: 'graphile-worker',
    packages: ['graphile-worker@0.17.3'],
    program: 'postgresql',
    server: startPostgres,
  },
  {
    ...usual,
    name: 'pg-boss',
    how: 'PostgreSQL: `insert` of 100, 16 in flight; a `singletonKey` is forgotten with its job, so a table of seen identities decides in the same transaction; one worker takes 500 jobs at once, and is woken in the same process, as polling takes half a second',
    peer: 'pg-boss',
    packages: ['pg-boss@10.4.2'],
    program: 'postgresql',
    server: startPostgres,
  },
  {
    ...usual,
    name: 'loop in Python',
    how: 'SQLite as Python opens it: one `INSERT OR IGNORE` and one commit an event, then a call; nothing is kept about the listener, so a crash loses calls',
    program: 'python3',
    share: 0.2,
  },
]
