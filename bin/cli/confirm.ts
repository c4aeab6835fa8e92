import { escape } from '../../lib/core/escape.ts'
import { isInteractive, onTerminal, ownTerminal, type Terminal } from './ask.ts'
import { Failure, UsageError } from './errors.ts'

/**
 * Asks the user on a terminal to confirm; without a terminal, only `--yes` confirms.
 *
 * @throws UsageError without a terminal; Failure when the answer is no
 */
export async function confirm(
  what: string,
  yes: boolean | undefined,
  terminal: Terminal = ownTerminal(),
): Promise<void> {
  if (yes === true) return
  if (!isInteractive(terminal)) throw new UsageError(`${what}: add --yes to confirm`)
  const answer = await onTerminal(terminal, (ask) => ask(`${escape(what)}. Continue? [y/N] `))
  if (!/^y(es)?$/i.test(answer ?? '')) throw new Failure('nothing was changed')
}
