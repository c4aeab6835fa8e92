import type { Logger } from '../../../lib/index.ts'

/** Counts the log lines of a running agent by message. */
export class Tally {
  readonly #counts = new Map<string, number>()

  /** Returns how often this message was logged. */
  count(words: string): number {
    return this.#counts.get(words) ?? 0
  }

  /** Returns a logger that counts every line and passes it on. */
  over(logger: Logger): Logger {
    const over = Object.create(logger) as Logger
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      const count = (words: string): unknown => this.#counts.set(words, this.count(words) + 1)
      over[level] = function (this: Logger, ...said) {
        count(said[1])
        logger[level].apply(this, said)
      }
    }
    return over
  }
}
