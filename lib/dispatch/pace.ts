/**
 * Decision 0032. The size of a batch from the log: as many events as are handled in about `ms`. Larger batches are
 * faster, because each is recorded before it is handed out. Smaller ones leave fewer suspects if the process dies.
 */
const BATCH = { least: 16, most: 2048, ms: 50 }

/** How long deliveries may run back to back, in ms, before they yield to the event loop. */
const SLICE = 1

/** Decides how many events one listener takes at once, and when it yields. All times are in ms since the epoch. */
export class Pace {
  readonly #least: number
  #batch: number
  #taken = 0
  #turn = 0
  #now = 0

  constructor(concurrency: number) {
    this.#least = Math.max(BATCH.least, concurrency)
    this.#batch = this.#least
  }

  /** How many events to take next. */
  get batch(): number {
    return this.#batch
  }

  /**
   * Records that `count` events were taken while `left` earlier ones remained. The batch grows if a full one was begun
   * so quickly that none are left, and halves if it took long.
   */
  took(count: number, left: number, now: number): void {
    const ms = now - this.#taken
    this.#taken = now
    this.startTurn(now)
    if (count < this.#batch) return
    if (left === 0 && ms < BATCH.ms / 2) this.#batch = Math.min(this.#batch * 4, BATCH.most)
    if (ms > BATCH.ms) this.#batch = Math.max(Math.floor(this.#batch / 2), this.#least)
  }

  /** Marks the start of a turn of the event loop. */
  startTurn(now: number): void {
    this.#turn = now
    this.#now = now
  }

  /** Sets the current time. */
  at(now: number): void {
    this.#now = now
  }

  /** Whether this turn of the loop has used up its time slice. */
  get isOver(): boolean {
    return this.#now - this.#turn > SLICE
  }
}
