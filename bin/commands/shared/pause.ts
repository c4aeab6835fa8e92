import type { Operations, PauseAnswer } from '../../../lib/index.ts'
import { exitCodes } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson } from '../../print/json.ts'
import { tell } from '../../print/tell.ts'
import type { Asked } from './asked.ts'

/** Pauses or resumes a job or a listener, and prints the result; resolves to the exit code. */
export function pause(
  kind: 'job' | 'listener',
  asked: Asked,
  act: (operations: Operations) => Promise<PauseAnswer>,
): Promise<number> {
  return askLog(asked, async (operations) => {
    const answer = await act(operations)
    if (asked.json) printJson(answer)
    else tell(sentence(kind, answer))
    return exitCodes.ok
  })
}

function sentence(kind: string, { name, paused, changed }: PauseAnswer): string {
  const subject = `${kind} ${JSON.stringify(name)}`
  if (changed) return `${subject} ${paused ? 'is paused' : 'goes on'}`
  return `${subject} ${paused ? 'was paused already' : 'was not paused'}`
}
