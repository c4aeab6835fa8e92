import { escapeLines } from './escape.ts'

/** Prints a value as JSON on one line; with `pretty`, on several. */
export function printJson(value: unknown, { pretty = false }: { readonly pretty?: boolean } = {}): void {
  process.stdout.write(pretty ? linesOf(JSON.stringify(value, null, 2)) : jsonLine(value))
}

/** A value as JSON on one line, with its end. */
export function jsonLine(value: unknown): string {
  return linesOf(JSON.stringify(value))
}

// What is unseen is written as JSON escapes, so the text says the same and no terminal acts on it.
function linesOf(json: string): string {
  return `${escapeLines(json)}\n`
}
