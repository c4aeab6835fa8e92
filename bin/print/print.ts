import type { Output } from './rows.ts'

/** Writes text, by default to standard output, and waits while that is read more slowly than it is written. */
export async function print(text: string, output: Output = process.stdout): Promise<void> {
  if (output.write(text) !== false || output.once === undefined) return
  await new Promise<void>((resolve) => output.once?.('drain', resolve))
}
