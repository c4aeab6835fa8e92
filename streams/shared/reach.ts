import type { JobContext } from '../../lib/index.ts'

/** When an answer was read, and when something in it comes within reach, in ms since the epoch. */
interface Stored {
  readonly read: number
  readonly next: number | null
}

/** The key in the job's state. */
const KEY = 'reach'

/**
 * Decides whether a look needs the whole answer, changed or not. It does when the same answer tells more by now: something
 * has come within reach, or the clock was set back, so that what seemed to be over is ahead again.
 */
export class Reach {
  readonly #context: JobContext
  readonly #stored: Stored | undefined

  private constructor(context: JobContext, stored: Stored | undefined) {
    this.#context = context
    this.#stored = stored
  }

  /** Reads what the look remembers that read the answer. */
  static async of(context: JobContext): Promise<Reach> {
    return new Reach(context, await context.state.get<Stored>(KEY))
  }

  /** Whether an answer that has not changed tells more by now. */
  get hasMore(): boolean {
    if (this.#stored === undefined) return false
    const now = this.#context.now()
    const { read, next } = this.#stored
    return now < read || (next !== null && next <= now)
  }

  /** Remembers that the answer was read; `next`: when something in it comes within reach, undefined for nothing. */
  save(next?: number): void {
    const stored: Stored = { read: this.#context.now(), next: next ?? null }
    this.#context.state.set(KEY, stored)
  }
}
