import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson, printLine } from '../../print/print.ts'
import { whileWaiting } from '../../print/progress.ts'

export const rename = command({
  summary:
    "Rename a listener in the log, with its cursor, its state and its parked events, when you rename it in the code. (In the code, the option formerly: 'old name' does the same.)",
  takes: ['NAME', 'NEW_NAME'],
  options: reading,
  examples: [['my_listener printer', 'printer continues where my_listener was']],
  run: (given) =>
    askLog(given, async ({ listeners }) => {
      const [name = '', to = ''] = given._
      const answer = await whileWaiting('waiting for deliveries in progress', listeners.rename(name, to))
      if (given.json) printJson(answer)
      else printLine(`listener ${JSON.stringify(name)} is now ${JSON.stringify(to)}: rename it in the code too`)
      return exitCodes.ok
    }),
})
