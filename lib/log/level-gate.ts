/** What a gate looks at: how many drafts wait, and when that changes. */
interface Queue {
  readonly waiting: number
  written(): Promise<void>
}

/** More drafts than this never wait for the disk: beyond, their publishers do. */
const MOST_DRAFTS = 10_000

/** Lets publishers pass in the order in which they came, while there is room for their drafts. */
export class Gate {
  readonly #queue: () => Queue
  #line = Promise.resolve()
  #inLine = 0

  constructor(queue: () => Queue) {
    this.#queue = queue
  }

  /** Undefined: pass. Otherwise: pass when this resolves. */
  enter(): Promise<void> | undefined {
    if (this.#inLine === 0 && this.#queue().waiting < MOST_DRAFTS) return undefined
    this.#inLine += 1
    this.#line = this.#line.then(() => this.#room())
    return this.#line
  }

  async #room(): Promise<void> {
    try {
      while (this.#queue().waiting >= MOST_DRAFTS) await this.#queue().written()
    } catch {
      // The write failed, or the log was closed: whoever passes hears of it.
    } finally {
      this.#inLine -= 1
    }
  }
}
