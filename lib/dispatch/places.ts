/** How many deliveries may run at a time, over several pumps. Each place that becomes free is offered to all in turn. */
export class Places {
  readonly #most: number
  #pumps: readonly ((now: number) => void)[] = []
  #taken = 0

  constructor(most: number) {
    this.#most = most
  }

  get isFree(): boolean {
    return this.#taken < this.#most
  }

  /** `begin` is called when a place is free. Returns a function that ends this. */
  join(begin: (now: number) => void): () => void {
    this.#pumps = [...this.#pumps, begin]
    return () => {
      this.#pumps = this.#pumps.filter((each) => each !== begin)
    }
  }

  take(): void {
    this.#taken += 1
  }

  /** Gives a place back, `now` in ms since the epoch. The pump that was offered one first is last the next time. */
  leave(now: number): void {
    this.#taken -= 1
    const pumps = this.#pumps
    for (let i = 0; i < pumps.length && this.isFree; i++) {
      const begin = pumps[i] as (now: number) => void
      if (pumps.length > 1) this.#pumps = [...this.#pumps.filter((each) => each !== begin), begin]
      begin(now)
    }
  }
}
