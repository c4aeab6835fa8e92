import { escapeLines } from './escape.ts'

/**
 * Says on standard error what is not well. The words may quote anything: no terminal acts on them, and their further lines
 * can't be taken for another message.
 */
export function complain(words: string): void {
  try {
    process.stderr.write(`tidings: ${escapeLines(words).replaceAll('\n', '\n  ')}\n`)
  } catch {
    // Standard error is a file on a full disk: there is nowhere left to say it.
  }
}
