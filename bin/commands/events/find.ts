import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson, printNote } from '../../print/print.ts'
import { whileWaiting } from '../../print/progress.ts'
import { printRows } from '../../print/rows.ts'
import { HEAD, rowOf } from './ls.ts'

export const find = command({
  summary:
    'Find the events with exactly this identifier, newest first: the latest of each type. --json prints one object per line (NDJSON).',
  takes: ['IDENTIFIER'],
  options: reading,
  examples: [['123', 'Lists the latest event with identifier 123 of each type']],
  run: (given) =>
    askLog(given, async ({ events }) => {
      const [identifier = ''] = given._
      const found = await whileWaiting('asking each type', events.find(identifier))
      if (given.json) for (const event of found) printJson(event)
      else if ((await printRows(HEAD, found.map(rowOf))) === 0) printNote('no events')
      return exitCodes.ok
    }),
})
