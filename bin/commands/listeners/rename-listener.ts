import { exitCodes } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson } from '../../print/json.ts'
import { whileWaiting } from '../../print/progress.ts'
import { tell } from '../../print/tell.ts'
import type { Asked } from '../shared/asked.ts'

/** Renames a listener, and prints the result; resolves to the exit code. */
export function renameListener(name: string, to: string, asked: Asked): Promise<number> {
  return askLog(asked, async ({ listeners }) => {
    const answer = await whileWaiting('waiting for the deliveries that go on', listeners.rename(name, to))
    if (asked.json) printJson(answer)
    else tell(`listener ${JSON.stringify(name)} is now ${JSON.stringify(to)}: its code has to call it so too`)
    return exitCodes.ok
  })
}
