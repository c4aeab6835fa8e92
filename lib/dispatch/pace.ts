/**
 * How many events are taken from the log in one go: as many as are handled in about `ms`. What is taken is written down
 * first, which waits for the disk; but all of it is suspected, and tried one at a time, when the process dies over it.
 */
const BATCH = { least: 16, most: 2048, ms: 50 }

/** How long deliveries may follow one another, in ms, before others on the loop have their turn. */
const SLICE = 1

/** How fast one listener is fed. All times in ms since the epoch. */
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
   * So many were taken, while so many were left of those before. More next time if a full batch was begun so quickly
   * that nothing is left; half as many if it took long.
   */
  took(count: number, left: number, now: number): void {
    const ms = now - this.#taken
    this.#taken = now
    this.startTurn(now)
    if (count < this.#batch) return
    if (left === 0 && ms < BATCH.ms / 2) this.#batch = Math.min(this.#batch * 4, BATCH.most)
    if (ms > BATCH.ms) this.#batch = Math.max(Math.floor(this.#batch / 2), this.#least)
  }

  /** A turn of the event loop begins. */
  startTurn(now: number): void {
    this.#turn = now
    this.#now = now
  }

  /** What the time is now. */
  at(now: number): void {
    this.#now = now
  }

  /** Whether this turn of the loop has lasted long enough. */
  get isOver(): boolean {
    return this.#now - this.#turn > SLICE
  }
}
