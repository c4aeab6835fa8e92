/** A text output: a terminal shows tables, a pipe gets plain text, one row a line, with tabs between cells. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  /** Returns false if the caller should wait for `drain`. */
  write(text: string): unknown
  once?(event: 'drain', listener: () => void): unknown
}

/** Writes text, by default to standard output, and waits for a slow reader. */
export async function print(text: string, output: Output = process.stdout): Promise<void> {
  if (output.write(text) !== false || output.once === undefined) return
  await new Promise<void>((resolve) => output.once?.('drain', resolve))
}
