import { escapeLines } from '../../lib/core/escape.ts'

/** Prints a value as JSON on one line; with `pretty`, on several. */
export function printJson(value: unknown, { pretty = false }: { readonly pretty?: boolean } = {}): void {
  process.stdout.write(pretty ? linesOf(JSON.stringify(value, null, 2)) : jsonLine(value))
}

/** Formats a value as one line of JSON, with its line break. */
export function jsonLine(value: unknown): string {
  return linesOf(JSON.stringify(value))
}

// Invisible characters become JSON escapes: the value stays the same, and no terminal interprets them.
function linesOf(json: string): string {
  return `${escapeLines(json)}\n`
}
