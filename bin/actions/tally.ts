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
    const counting =
      (level: keyof Logger) =>
      (fields: object, words: string): void => {
        this.#counts.set(words, this.count(words) + 1)
        logger[level](fields, words)
      }
    return { debug: counting('debug'), info: counting('info'), warn: counting('warn'), error: counting('error') }
  }
}
