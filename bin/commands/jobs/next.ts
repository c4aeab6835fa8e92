import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading, running } from '../../cli/options.ts'
import { askLogOrFile } from '../../logs/ask-log.ts'
import { relativeTime } from '../../print/format.ts'
import { printJson, printProblem } from '../../print/print.ts'
import { printRows } from '../../print/rows.ts'

export const next = command({
  summary: "Show when a job runs next, in the agent's time zone. If no agent runs, add the agent's FILE.",
  takes: ['NAME', '[FILE]'],
  options: {
    limit: { alias: 'n', type: 'number', default: 10, describe: 'The number of slots' },
    ...running,
    ...reading,
  },
  examples: [
    ['my_job', 'Shows the next ten slots of my_job'],
    ['my_job hello.ts -n 3', 'Shows three, whether or not the agent in hello.ts runs'],
  ],
  run: (given) => {
    const [name = '', file] = given._
    return askLogOrFile(file, given, async ({ jobs }) => {
      const answer = await jobs.next(name, { limit: given.limit })
      const rows = answer.slots.map((slot) => [new Date(slot), relativeTime(slot)])
      if (given.json) printJson(answer)
      else await printRows(['slot', ''], rows)
      const job = `job ${JSON.stringify(name)}`
      if (answer.enabled === false) printProblem(`${job} is not enabled: it runs only when you run it`)
      else if (answer.paused) printProblem(`${job} is paused: it runs again once you resume it`)
      else if (rows.length === 0 && given.limit > 0) printProblem(`${job} has no more slots: ${answer.schedule}`)
      return exitCodes.ok
    })
  },
})
