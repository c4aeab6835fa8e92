import { exitCodes } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import type { Which } from '../../logs/which-log.ts'
import { printJson } from '../../print/json.ts'
import { whileWaiting } from '../../print/progress.ts'
import { tell } from '../../print/tell.ts'
import { questionOf, type Wanted } from './event-question.ts'

/** Prints the number of events; resolves to the exit code. */
export function countEvents(asked: Wanted & Which & { readonly json?: boolean | undefined }): Promise<number> {
  return askLog(asked, async ({ events }) => {
    const count = await whileWaiting('counting events', events.count(questionOf(asked)))
    if (asked.json) printJson({ count })
    else tell(String(count))
    return exitCodes.ok
  })
}
