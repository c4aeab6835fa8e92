import { escape } from './escape.ts'

/** Prints a value as JSON on one line; with `pretty`, on several. */
export function printJson(value: unknown, { pretty = false }: { readonly pretty?: boolean } = {}): void {
  // What is unseen is written as JSON escapes, so the text says the same and no terminal acts on it.
  const lines = JSON.stringify(value, null, pretty ? 2 : 0).split('\n')
  process.stdout.write(`${lines.map(escape).join('\n')}\n`)
}
