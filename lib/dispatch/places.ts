/** How many deliveries may run at a time, over several pumps. Each place that becomes free is offered to all in turn. */
export class Places {
  readonly #most: number
  readonly #pumps = new Set<(now: number) => void>()
  #taken = 0

  constructor(most: number) {
    this.#most = most
  }

  get isFree(): boolean {
    return this.#taken < this.#most
  }

  /** `begin` is called when a place is free. Returns a function that ends this. */
  join(begin: (now: number) => void): () => void {
    this.#pumps.add(begin)
    return () => this.#pumps.delete(begin)
  }

  take(): void {
    this.#taken += 1
  }

  /** Gives a place back, `now` in ms since the epoch. The pump that was offered one first is last the next time. */
  leave(now: number): void {
    this.#taken -= 1
    for (const begin of this.#pumps.size === 1 ? this.#pumps : [...this.#pumps]) {
      if (!this.isFree) return
      if (this.#pumps.size > 1 && this.#pumps.delete(begin)) this.#pumps.add(begin)
      begin(now)
    }
  }
}
