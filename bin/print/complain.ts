import { escapeLines } from '../../lib/core/escape.ts'

/**
 * Prints a problem to standard error. Quoted text is safe: terminals do not interpret it, and its further lines can't
 * pass for another message.
 */
export function complain(words: string): void {
  try {
    process.stderr.write(`tidings: ${escapeLines(words).replaceAll('\n', '\n  ')}\n`)
  } catch {
    // Standard error is a file on a full disk: the problem can't be reported.
  }
}
