import { background, type CancelTimer } from '../core/clock.ts'
import { SECOND } from '../core/time-units.ts'
import type { Connection } from './connection.ts'

/** How often the end of the log is looked at, in ms: where notifications arrive, and where they do not. */
const POLL = { heard: SECOND, unheard: SECOND / 10 }

/**
 * Tells the agents that share a log about new events. A notification follows the commit, in a transaction of its own:
 * inside, it would hold a lock of the whole database while the commit is flushed. A lost one costs a second. A pooler may
 * pass none on, or only some: while looking at the end of the log finds what was not heard, it is looked at more often.
 */
export class Wake {
  readonly #schema: string
  readonly #onReached: (seq: number, first?: number) => boolean
  #connection: Connection | undefined
  #stop: CancelTimer = () => undefined
  #hears = false
  #telling = false
  #untold = 0

  /**
   * `onReached` is called with the seqs to which the log is known to reach, and with the first that it keeps. Returns
   * whether the seq is news.
   */
  constructor(schema: string, onReached: (seq: number, first?: number) => boolean) {
    this.#schema = schema
    this.#onReached = onReached
  }

  /** Listens on a connection, in the place of an earlier one. */
  async start(connection: Connection): Promise<void> {
    this.stop()
    this.#connection = connection
    this.#hears = false
    await connection.listen(this.#schema, (payload) => {
      this.#hears = true
      if (connection === this.#connection) this.#onReached(Number(payload))
    })
    // Its own notification shows whether any arrive.
    await connection.ask('SELECT pg_notify($1, $2)', [this.#schema, '0'])
    let looked = 0
    this.#stop = background(() => {
      looked += 1
      if (!this.#hears || looked % (POLL.heard / POLL.unheard) === 0) void this.#look(connection)
    }, POLL.unheard)
  }

  /** Tells the other agents that the log reaches to this seq. One notification is on its way at a time. */
  tell(seq: number): void {
    this.#untold = Math.max(this.#untold, seq)
    if (!this.#telling) void this.#tell()
  }

  stop(): void {
    this.#stop()
    this.#connection = undefined
  }

  async #tell(): Promise<void> {
    this.#telling = true
    while (this.#untold > 0 && this.#connection !== undefined) {
      const seq = this.#untold
      this.#untold = 0
      const text = `SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)`
      await this.#connection.ask(text, [this.#schema, String(seq)]).catch(() => undefined)
    }
    this.#telling = false
  }

  async #look(connection: Connection): Promise<void> {
    const [[seq, first] = []] = await connection.ask(`SELECT seq, first FROM "${this.#schema}".head`).catch(() => [])
    if (connection !== this.#connection || seq === undefined) return
    if (this.#onReached(Number(seq), Number(first))) this.#hears = false
  }
}
