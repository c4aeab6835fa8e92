/** The part of the writer that decides whether publishers wait. */
interface Queue {
  /** The number of queued events. */
  readonly waiting: number
  /** Their size, in characters. */
  readonly size: number
  /** Resolves when the next commit is durable. */
  written(): Promise<void>
}

/** The limits of the queue (decision 0008). Beyond them, publishers wait. */
const MOST_DRAFTS = 10_000
const MOST_SIZE = 64 * 1024 * 1024

/** Makes publishers wait in line, first come first served, while the queue of the writer is full. */
export class Backpressure {
  readonly #queue: () => Queue
  #line = Promise.resolve()
  #inLine = 0

  constructor(queue: () => Queue) {
    this.#queue = queue
  }

  /**
   * Runs `act` at once while there is room and the line is empty. Otherwise calls `later` now, and what that returns when
   * its turn comes. With `prepare`, always waits in line, and then for `prepare`.
   */
  pass<T>(act: () => T, later: () => () => T = () => act, prepare?: () => Promise<void>): T | Promise<T> {
    if (prepare === undefined && this.#inLine === 0 && !isFull(this.#queue())) return act()
    const then = later()
    this.#inLine += 1
    const turn = this.#line.then(async () => {
      await this.#room(prepare)
      // Not earlier: a publisher that comes now must not overtake this one.
      this.#inLine -= 1
      return then()
    })
    this.#line = turn.then(
      () => undefined,
      () => undefined,
    )
    return turn
  }

  async #room(prepare?: () => Promise<void>): Promise<void> {
    try {
      while (isFull(this.#queue())) await this.#queue().written()
      await prepare?.()
    } catch {
      // The write failed, or the log was closed: `then` throws the error.
    }
  }
}

function isFull({ waiting, size }: Queue): boolean {
  return waiting >= MOST_DRAFTS || size >= MOST_SIZE
}
