/** Where text goes: a terminal is shown tables, a pipe gets plain text, one row a line, its cells between tabs. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  /** False: more should wait for `drain`. */
  write(text: string): unknown
  once?(event: 'drain', listener: () => void): unknown
}

/** Writes text, by default to standard output, and waits while that is read more slowly than it is written. */
export async function print(text: string, output: Output = process.stdout): Promise<void> {
  if (output.write(text) !== false || output.once === undefined) return
  await new Promise<void>((resolve) => output.once?.('drain', resolve))
}
