import type { Logger } from '../../lib/index.ts'

/** What happened while an agent ran, by the lines of its log. */
export class Tally {
  readonly #counts = new Map<string, number>()

  /** How often these words were logged. */
  count(words: string): number {
    return this.#counts.get(words) ?? 0
  }

  /** A logger that passes everything on, and counts. */
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
