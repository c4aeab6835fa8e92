import { exitCodes } from '../../cli/mistake.ts'
import { askWithCode } from '../../logs/ask-with-code.ts'
import type { Which } from '../../logs/which-log.ts'
import { complain } from '../../print/complain.ts'
import { printJson } from '../../print/json.ts'
import { printRows } from '../../print/rows.ts'
import { inWords, localTime } from '../../print/when.ts'
import type { Asked } from '../../user/surroundings.ts'

/** How many future runs of a job to show. */
export interface Future extends Which, Asked {
  readonly limit: number
  readonly json?: boolean | undefined
}

/** Prints when a job runs next; resolves to the exit code. */
export function nextRuns([name = '', file]: readonly string[], asked: Future): Promise<number> {
  return askWithCode(file, asked, async ({ jobs }) => {
    const answer = await jobs.next(name, { limit: asked.limit })
    if (asked.json) printJson(answer)
    else
      await printRows(
        ['slot', ''],
        answer.slots.map((slot) => [localTime(slot), inWords(slot)]),
      )
    const job = `job ${JSON.stringify(name)}`
    if (answer.enabled === false) complain(`${job} is not enabled: it runs when somebody asks it to`)
    else if (answer.paused) complain(`${job} is paused: it runs when somebody resumes it`)
    else if (answer.slots.length === 0 && asked.limit > 0) complain(`${job} has no slot to come: ${answer.schedule}`)
    return exitCodes.ok
  })
}
