import type { Operations } from '../../../lib/index.ts'
import { confirm } from '../../cli/confirm.ts'
import { exitCodes } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson } from '../../print/json.ts'
import { tell } from '../../print/tell.ts'
import type { Asked } from './asked.ts'

/** Removes a job or a listener after confirmation, and prints the result; resolves to the exit code. */
export function remove(
  kind: 'job' | 'listener',
  name: string,
  asked: Asked,
  of: (operations: Operations) => { remove(name: string): Promise<{ readonly name: string }> },
): Promise<number> {
  return askLog(asked, async (operations) => {
    await confirm(`the log forgets what it knows of ${kind} ${JSON.stringify(name)}, for good`, asked.yes)
    const answer = await of(operations).remove(name)
    if (asked.json) printJson(answer)
    else tell(`${kind} ${JSON.stringify(name)} is forgotten`)
    return exitCodes.ok
  })
}
