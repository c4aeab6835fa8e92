import type { Operations, PauseAnswer } from '../../../lib/index.ts'
import { exitCodes } from '../../cli/errors.ts'
import { askLog } from '../../logs/ask-log.ts'
import type { LogCommandOptions } from '../../logs/which-log.ts'
import { printJson, printLine } from '../../print/print.ts'

/** Pauses or resumes a job or a listener, and prints the result; resolves to the exit code. */
export function pause(
  kind: 'job' | 'listener',
  options: LogCommandOptions,
  act: (operations: Operations) => Promise<PauseAnswer>,
): Promise<number> {
  return askLog(options, async (operations) => {
    const answer = await act(operations)
    if (options.json) printJson(answer)
    else printLine(sentence(kind, answer))
    return exitCodes.ok
  })
}

function sentence(kind: string, { name, paused, changed }: PauseAnswer): string {
  const subject = `${kind} ${JSON.stringify(name)}`
  if (changed) return `${subject} is ${paused ? 'paused' : 'resumed'}`
  return `${subject} ${paused ? 'was already paused' : 'was not paused'}`
}
