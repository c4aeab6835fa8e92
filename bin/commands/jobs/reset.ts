import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson, printLine } from '../../print/print.ts'
import { timeIn } from '../../print/times.ts'

export const reset = command({
  summary:
    'Restart the schedule of a job now, whatever was settled before: the remedy when a clock that was ahead has settled its slots. Drops pending retries; a slot that ran does not run again.',
  takes: ['NAME'],
  options: reading,
  examples: [['my_job', 'The next slot of my_job is the first one after now']],
  run: (given) =>
    askLog(given, async ({ jobs }) => {
      const [name = ''] = given._
      const answer = await jobs.reset(name)
      if (given.json) printJson(answer)
      else
        printLine(
          `the schedule of job ${JSON.stringify(name)} restarts at ${timeIn(answer.begins)}${was(answer.before)}`,
        )
      return exitCodes.ok
    }),
})

function was(before: string | undefined): string {
  return before === undefined ? '' : `; its slots were settled up to ${timeIn(before)}`
}
