import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson, printLine } from '../../print/print.ts'

export const abort = command({
  summary:
    'Abort what a job runs now, through its signal. The slot is recorded as abandoned and not tried again; the schedule continues. A run of always() begins again.',
  failsIf: 'the job does not run now',
  takes: ['NAME'],
  options: reading,
  examples: [['my_job', 'Aborts the run of my_job']],
  run: (given) =>
    askLog(given, async ({ jobs }) => {
      const [name = ''] = given._
      const answer = await jobs.abort(name)
      if (given.json) printJson(answer)
      else printLine(`job ${JSON.stringify(name)} ${answer.aborted ? 'aborted' : 'does not run now'}`)
      return answer.aborted ? exitCodes.ok : exitCodes.failed
    }),
})
