import type { ParkedGroup } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson, printNote } from '../../print/print.ts'
import { printRows, type Row } from '../../print/rows.ts'

const HEAD = ['listener', 'events', 'type', 'error', 'code', 'last parked', 'newest', 'message']

export const groups = command({
  summary:
    'Count parked events by listener, type and error, the largest group first. --json prints one object per line (NDJSON).',
  takes: ['[LISTENER]'],
  options: reading,
  examples: [
    ['', 'Counts the parked events of all listeners'],
    ['my_listener --json', 'Counts those of one, for a program'],
  ],
  run: (given) =>
    askLog(given, async ({ parked }) => {
      const [listener] = given._
      const found = await parked.groups(listener === undefined ? {} : { listener })
      if (given.json) for (const group of found) printJson(group)
      else if ((await printRows(HEAD, found.map(rowOf))) === 0) printNote('no parked events')
      return exitCodes.ok
    }),
})

function rowOf({ listener, count, more, type, error, code, last, newest, message }: ParkedGroup): Row {
  return [
    listener,
    more ? `${count}+` : String(count),
    type,
    error,
    code,
    new Date(last),
    newest,
    { words: '', why: message },
  ]
}
