import { Failure, Mistake } from './mistake.ts'

/**
 * Asks a person on a terminal whether this is meant; elsewhere, only `--yes` says so.
 *
 * @throws Mistake where nobody can be asked; Failure when the answer is no
 */
export async function confirm(what: string, yes: boolean | undefined): Promise<void> {
  if (yes === true) return
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw new Mistake(`${what}: add --yes if that is meant`)
  const { createInterface } = await import('node:readline/promises')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`${what}. Is that meant? [y/N] `)
    if (!/^y(es)?$/i.test(answer.trim())) throw new Failure('nothing was done')
  } finally {
    terminal.close()
  }
}
