import { escape } from '../../lib/core/escape.ts'

/** Prints a result in words, on its own line. */
export function tell(words: string): void {
  process.stdout.write(`${escape(words)}\n`)
}

/** Prints a remark on a result, such as that it is empty, to standard error, which programs ignore. */
export function note(words: string): void {
  process.stderr.write(`${escape(words)}\n`)
}
