import type { RunRow } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { plural, roughDuration } from '../../print/format.ts'
import { printJson, printNote } from '../../print/print.ts'
import { type Cell, printRows, type Row } from '../../print/rows.ts'
import { timeIn } from '../../print/times.ts'

const HEAD = ['slot', 'status', 'attempt', 'late', 'took', 'new', 'changed', 'duplicate', 'why']

export const history = command({
  summary:
    'Show the outcomes of the slots of a job, oldest first: its runs, and the slots that were missed or blocked. The log remembers a hundred. --json prints one object per line (NDJSON).',
  takes: ['NAME'],
  options: {
    limit: { alias: 'n', type: 'number', default: 20, describe: 'The number of slots, from the newest' },
    ...reading,
  },
  examples: [
    ['my_job', 'Shows the newest twenty slots'],
    ['my_job -n 100 --json', 'Shows everything that the log remembers'],
  ],
  run: (given) =>
    askLog(given, async ({ jobs }) => {
      const [name = ''] = given._
      const rows = [...(await jobs.history(name, { limit: given.limit }))].reverse()
      if (given.json) for (const row of rows) printJson(row)
      else if ((await printRows(HEAD, rows.map(rowOf))) === 0) printNote('no slots yet')
      return exitCodes.ok
    }),
})

function rowOf({ slot, status, attempt, late, ms, ...run }: RunRow): Row {
  const at = new Date(slot)
  if (run.slots !== undefined) return [at, status, ...Array<undefined>(6), passed(run)]
  const counts = [run.new, run.changed, run.duplicate]
  return [at, status, attempt, roughDuration(late), roughDuration(ms), ...counts, why(run)]
}

function why({ held, error, reason, began }: Omit<RunRow, 'slot' | 'status' | 'attempt' | 'late' | 'ms'>): Cell {
  const words = held === undefined ? '' : `${held} held`
  const because = error?.message ?? reason ?? (began === undefined ? 'its process died' : '')
  return words === '' && because === '' ? undefined : { words, why: because }
}

function passed({ slots = 0, until }: Pick<RunRow, 'slots' | 'until'>): string {
  const count = plural(slots, 'slot')
  return slots === 1 || until === undefined ? count : `${count}, until ${timeIn(until)}`
}
