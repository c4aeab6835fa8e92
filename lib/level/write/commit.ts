import type { EventRecord } from '../format/records.ts'
import type { Database } from '../store/database.ts'

/**
 * One write of a batch; without a value, the key is deleted. `order` is there where one key can be written both by what
 * waits in the queue and by a rider, which overtakes it: what was given out later stays.
 */
export type Op = readonly [key: string, value: string | undefined, order?: number]

/** Something whose writes can wait for the next commit: a consumer with its acks. */
export interface CommitParticipant {
  /** What is to be written now. Asked once a commit, while it is built. */
  collect(): readonly Op[]
  /** What was collected is durable (true), or has to be collected again (false). */
  settled(durable: boolean): void
}

/** What one accept adds to a commit. `first`: the lowest seq whose body is kept from this commit on, if that rises. */
export interface Addition {
  readonly ops: readonly Op[]
  readonly events: readonly EventRecord[]
  readonly bytes: number
  readonly first?: number
}

type Batch = ReturnType<Database['batch']>

/**
 * A commit that is being gathered or written: one atomic batch, one promise for all who wait for it.
 */
export class Commit {
  /** Takes each write at once: what waits for the disk as text of our own would outlive the young generation. */
  readonly #batch: Batch
  /** What others may overtake: it is written when the commit is. */
  readonly ops: Op[] = []
  readonly events: EventRecord[] = []
  bytes = 0
  /** How much of the disk it takes, at least: in characters of keys and records. */
  written = 0
  first = 0
  participants: readonly CommitParticipant[] = []
  /** The highest seq in it, or before it. */
  last = 0
  readonly durable: Promise<void>
  resolve: () => void = () => undefined
  reject: (error: Error) => void = () => undefined

  constructor(db: Database) {
    this.#batch = db.batch()
    this.durable = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    // Whoever waits hears of a failure; a commit that nobody waits for must not become an unhandledRejection.
    this.durable.catch(() => undefined)
  }

  add(op: Op): void {
    if (op[2] === undefined) this.put(op)
    else this.ops.push(op)
  }

  put([key, value]: Op): void {
    this.written += key.length + (value?.length ?? 0)
    if (value === undefined) this.#batch.del(key)
    else this.#batch.put(key, value)
  }

  write(options: { readonly sync?: boolean }): Promise<void> {
    return this.#batch.write(options)
  }
}
