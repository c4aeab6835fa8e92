import type { HeldAnswer, Operations } from '../../../lib/index.ts'
import { exitCodes } from '../../cli/errors.ts'
import { askLog } from '../../logs/ask-log.ts'
import type { LogCommandOptions } from '../../logs/which-log.ts'
import { plural } from '../../print/format.ts'
import { printJson, printLine } from '../../print/print.ts'

/** Releases or discards the held drafts of a job, and prints how many; resolves to the exit code. */
export function settleHeld(
  name: string,
  options: LogCommandOptions,
  act: (operations: Operations, name: string) => Promise<HeldAnswer>,
  outcome: (drafts: string) => string,
): Promise<number> {
  return askLog(options, async (operations) => {
    const answer = await act(operations, name)
    if (options.json) printJson(answer)
    else printLine(sentence(answer, outcome))
    return exitCodes.ok
  })
}

function sentence({ name, new: fresh, changed, duplicate }: HeldAnswer, outcome: (drafts: string) => string): string {
  const job = `job ${JSON.stringify(name)}`
  if (fresh + changed + duplicate === 0) return `${job} holds no drafts`
  const known = duplicate === 0 ? '' : `; ${duplicate} were already known`
  return `${job} ${outcome(plural(fresh + changed, 'draft'))}${known}`
}
