import type { Operations } from '../../../lib/index.ts'
import { confirm } from '../../cli/confirm.ts'
import { exitCodes } from '../../cli/errors.ts'
import { askLog } from '../../logs/ask-log.ts'
import type { LogCommandOptions } from '../../logs/which-log.ts'
import { printJson, printLine } from '../../print/print.ts'

/** Removes a job or a listener after confirmation, and prints the result; resolves to the exit code. */
export function remove(
  kind: 'job' | 'listener',
  name: string,
  options: LogCommandOptions,
  of: (operations: Operations) => { remove(name: string): Promise<{ readonly name: string }> },
): Promise<number> {
  return askLog(options, async (operations) => {
    await confirm(`this removes everything the log knows about ${kind} ${JSON.stringify(name)}, for good`, options.yes)
    const answer = await of(operations).remove(name)
    if (options.json) printJson(answer)
    else printLine(`${kind} ${JSON.stringify(name)} is removed`)
    return exitCodes.ok
  })
}
