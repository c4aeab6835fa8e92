import type { DeliveryRow } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { roughDuration } from '../../print/format.ts'
import { printJson, printNote } from '../../print/print.ts'
import { printRows, type Row } from '../../print/rows.ts'

const HEAD = ['began', 'seq', 'type', 'identifier', 'attempt', 'outcome', 'took', 'error, calls']

const UNKNOWN = 'no agent runs on this log: only a running agent remembers its deliveries'

export const deliveries = command({
  summary:
    'Show the newest deliveries to a listener of a running agent, oldest first: how they ended, and what its handler called. The agent remembers 256 since it loaded its code. --json prints one object per line (NDJSON).',
  takes: ['NAME'],
  options: {
    limit: { alias: 'n', type: 'number', default: 20, describe: 'The number of deliveries, from the newest' },
    ...reading,
  },
  examples: [['my_listener', 'Shows the newest twenty deliveries']],
  run: (given) =>
    askLog(given, async ({ listeners, status }) => {
      const [name = ''] = given._
      const found = [...(await listeners.deliveries(name, { limit: given.limit }))].reverse()
      if (given.json) for (const row of found) printJson(row)
      else if ((await printRows(HEAD, found.map(rowOf))) === 0)
        printNote((await status()).running ? 'no deliveries since the agent began' : UNKNOWN)
      return exitCodes.ok
    }),
})

function rowOf({ at, seq, type, identifier, attempt, outcome, ms, error, calls = [] }: DeliveryRow): Row {
  const called = calls.map(({ method, host, status }) => [method, host, status].filter(Boolean).join(' '))
  const more = [...(error === undefined ? [] : [error.message]), ...called].join(', ')
  const last = more === '' ? undefined : { words: '', why: more }
  return [new Date(at), seq, type, identifier, attempt, outcome, roughDuration(ms), last]
}
