import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson, printLine } from '../../print/print.ts'
import { whileWaiting } from '../../print/progress.ts'
import { searching, searchOf } from './search.ts'

export const count = command({
  summary: 'Count events.',
  takes: [],
  options: { ...searching, ...reading },
  examples: [
    ['', 'Counts all events'],
    ['--type my_event_type --since 1d', 'Counts those of one type in the last day'],
  ],
  run: (given) =>
    askLog(given, async ({ events }) => {
      const number = await whileWaiting('counting events', events.count(searchOf(given)))
      if (given.json) printJson({ count: number })
      else printLine(String(number))
      return exitCodes.ok
    }),
})
