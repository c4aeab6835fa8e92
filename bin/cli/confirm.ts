import { escape } from '../../lib/core/escape.ts'
import { Failure, UsageError } from './errors.ts'

/** The streams on which the user is asked and answers. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean }
  readonly output: NodeJS.WritableStream & { readonly isTTY?: boolean }
}

/**
 * Asks the user on a terminal to confirm; without a terminal, only `--yes` confirms.
 *
 * @throws UsageError without a terminal; Failure when the answer is no
 */
export async function confirm(
  what: string,
  yes: boolean | undefined,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  if (yes === true) return
  if (!input.isTTY || !output.isTTY) throw new UsageError(`${what}: add --yes to confirm`)
  const { createInterface } = await import('node:readline')
  const terminal = createInterface({ input, output })
  const answer = await new Promise<string>((resolve) => {
    terminal.question(`${escape(what)}. Continue? [y/N] `, resolve)
    // Ctrl-C and Ctrl-D count as no.
    terminal.once('close', () => resolve(''))
  })
  terminal.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new Failure('nothing was changed')
}
