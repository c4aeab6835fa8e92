import { escape } from './escape.ts'

/** Prints a result in words, on a line of its own. */
export function tell(words: string): void {
  process.stdout.write(`${escape(words)}\n`)
}

/** Tells a person what a result does not show, such as that there is none; on standard error, which programs skip. */
export function note(words: string): void {
  process.stderr.write(`${escape(words)}\n`)
}
