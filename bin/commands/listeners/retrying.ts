import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson, printNote } from '../../print/print.ts'
import { printRows } from '../../print/rows.ts'

const HEAD = ['listener', 'seq', 'type', 'identifier', 'attempts', 'next attempt', 'error']

export const retrying = command({
  summary:
    'List the events that wait for another attempt, and why the last one failed. --json prints one object per line (NDJSON).',
  takes: ['[NAME]'],
  options: {
    limit: { alias: 'n', type: 'number', default: 100, describe: 'The number of events' },
    ...reading,
  },
  examples: [
    ['', 'Lists the events that wait for another attempt, of all listeners'],
    ['my_listener --json', 'Lists those of one, for a program'],
  ],
  run: (given) =>
    askLog(given, async (operations) => {
      const [listener] = given._
      const { limit } = given
      const found = await operations.retrying.list(listener === undefined ? { limit } : { listener, limit })
      if (given.json) for (const row of found) printJson(row)
      else {
        const rows = found.map(({ listener: name, seq, type, identifier, attempts, at, error }) => {
          const last = error === undefined ? undefined : { words: '', why: error.message }
          return [name, seq, type, identifier, attempts, new Date(at), last]
        })
        if ((await printRows(HEAD, rows)) === 0) printNote('no events wait for another attempt')
      }
      return exitCodes.ok
    }),
})
