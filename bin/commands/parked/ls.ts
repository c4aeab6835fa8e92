import type { ParkedRow } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { jsonLine, print, printNote } from '../../print/print.ts'
import { printRows, type Row } from '../../print/rows.ts'

const HEAD = ['listener', 'seq', 'type', 'identifier', 'attempts', 'parked', 'error']

export const ls = command({
  summary: 'List the events that were set aside after their last attempt. --json prints one object per line (NDJSON).',
  takes: ['[LISTENER]'],
  options: reading,
  examples: [
    ['', 'Lists the parked events of all listeners'],
    ['my_listener', 'Lists those of one'],
  ],
  run: (given) =>
    askLog(given, async ({ parked }) => {
      const [listener] = given._
      const found = parked.list(listener === undefined ? {} : { listener })
      if (given.json) for await (const row of found) await print(jsonLine(row))
      else if ((await printRows(HEAD, rowsOf(found))) === 0) printNote('no parked events')
      return exitCodes.ok
    }),
})

async function* rowsOf(rows: AsyncIterable<ParkedRow>): AsyncGenerator<Row> {
  for await (const { listener, seq, type, identifier, attempts, at, error } of rows) {
    yield [listener, seq, type, identifier, attempts, new Date(at), { words: '', why: error.message }]
  }
}
