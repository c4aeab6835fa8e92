import { wrap } from '../../lib/core/columns.ts'
import { escape, escapeLines } from '../../lib/core/escape.ts'

/** A text output: a terminal shows tables, a pipe gets plain text, one row a line, with tabs between cells. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  /** Returns false if the caller should wait for `drain`. */
  write(text: string): unknown
  once?(event: 'drain', listener: () => void): unknown
}

/** The width of lines where no terminal says it, in columns. */
const WIDTH = 80

/** How many columns a line of this output may have. */
export function widthOf({ isTTY, columns }: Pick<Output, 'isTTY' | 'columns'>): number {
  return isTTY === true && columns !== undefined && columns > 0 ? columns : WIDTH
}

/** Breaks a line that is too long for a terminal; a pipe gets it in one piece. */
function fitting(line: string, output: Pick<Output, 'isTTY' | 'columns'>): string {
  return output.isTTY === true ? wrap(line, widthOf(output)).join('\n') : line
}

/** Writes text, by default to standard output, and waits for a slow reader. */
export async function print(text: string, output: Output = process.stdout): Promise<void> {
  if (output.write(text) !== false || output.once === undefined) return
  await new Promise<void>((resolve) => output.once?.('drain', resolve))
}

/** Prints a result in words, on its own line. */
export function printLine(words: string): void {
  process.stdout.write(`${fitting(escape(words), process.stdout)}\n`)
}

/** Prints a remark on a result, such as that it is empty, to standard error, which programs ignore. */
export function printNote(words: string): void {
  process.stderr.write(`${fitting(escape(words), process.stderr)}\n`)
}

/**
 * Prints a problem to standard error. Quoted text is safe: terminals do not interpret it, and its further lines can't
 * pass for another message.
 */
export function printProblem(words: string): void {
  try {
    const lines = `tidings: ${escapeLines(words).replaceAll('\n', '\n  ')}`.split('\n')
    process.stderr.write(`${lines.map((line) => fitting(line, process.stderr)).join('\n')}\n`)
  } catch {
    // Standard error is a file on a full disk: the problem can't be reported.
  }
}

/** Prints a value as JSON on one line; with `pretty`, on several. */
export function printJson(value: unknown, { pretty = false }: { readonly pretty?: boolean } = {}): void {
  process.stdout.write(pretty ? prettyLines(value) : jsonLine(value))
}

// A person reads it: a line that is too long for the terminal is continued below.
function prettyLines(value: unknown): string {
  const lines = linesOf(JSON.stringify(value, null, 2))
    .trimEnd()
    .split('\n')
  return `${lines.map((line) => fitting(line, process.stdout)).join('\n')}\n`
}

/** Formats a value as one line of JSON, with its line break. */
export function jsonLine(value: unknown): string {
  return linesOf(JSON.stringify(value))
}

// Invisible characters become JSON escapes: the value stays the same, and no terminal interprets them.
function linesOf(json: string): string {
  return `${escapeLines(json)}\n`
}
