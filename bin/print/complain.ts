import { escapeLines } from './escape.ts'

/**
 * Says on standard error what is not well. The words may quote anything: no terminal acts on them, and their further lines
 * can't be taken for another message.
 */
export function complain(words: string): void {
  process.stderr.write(`tidings: ${escapeLines(words).replaceAll('\n', '\n  ')}\n`)
}
