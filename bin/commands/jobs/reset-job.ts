import { exitCodes } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson } from '../../print/json.ts'
import { tell } from '../../print/tell.ts'
import type { Asked } from '../shared/asked.ts'

/** Restarts the schedule of a job now, and prints the result; resolves to the exit code. */
export function resetJob(name: string, asked: Asked): Promise<number> {
  return askLog(asked, async ({ jobs }) => {
    const answer = await jobs.reset(name)
    if (asked.json) printJson(answer)
    else tell(`job ${JSON.stringify(name)} begins at ${answer.begins}${was(answer.before)}`)
    return exitCodes.ok
  })
}

function was(before: string | undefined): string {
  return before === undefined ? '' : `; its slots were settled up to ${before}`
}
