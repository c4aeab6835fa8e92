/** What a gate looks at: how many drafts wait, how large they are (in characters), and when that changes. */
interface Queue {
  readonly waiting: number
  readonly size: number
  written(): Promise<void>
}

/** More drafts than this, or larger ones, never wait for the disk: beyond, their publishers do. */
const MOST_DRAFTS = 10_000
const MOST_SIZE = 64 * 1024 * 1024

/** Lets publishers pass in the order in which they came, while there is room for their drafts. */
export class Backpressure {
  readonly #queue: () => Queue
  #line = Promise.resolve()
  #inLine = 0

  constructor(queue: () => Queue) {
    this.#queue = queue
  }

  /**
   * Runs `act`: at once while there is room and nobody waits, otherwise after those who came before; then it is what
   * `later`, which is asked at once, gives. With `prepare`, it waits for its turn in any case, and for that as well.
   */
  pass<T>(act: () => T, later: () => () => T = () => act, prepare?: () => Promise<void>): T | Promise<T> {
    if (prepare === undefined && this.#inLine === 0 && !isFull(this.#queue())) return act()
    const then = later()
    this.#inLine += 1
    const turn = this.#line.then(async () => {
      await this.#room(prepare)
      // No sooner: whoever comes now must not get in before.
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
      // The write failed, or the log was closed: whoever passes hears of it.
    }
  }
}

function isFull({ waiting, size }: Queue): boolean {
  return waiting >= MOST_DRAFTS || size >= MOST_SIZE
}
