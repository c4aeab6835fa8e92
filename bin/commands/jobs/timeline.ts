import type { TimelineRow } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { plural, roughDuration } from '../../print/format.ts'
import { printJson, printNote } from '../../print/print.ts'
import { printRows, type Row } from '../../print/rows.ts'

const HEAD = ['slot', 'job', 'status', 'late', 'took', 'new', 'changed', 'duplicate', 'why']

export const timeline = command({
  summary:
    'Show the newest slots of all jobs, oldest first: runs, and slots that were missed or blocked. --json prints one object per line (NDJSON).',
  takes: [],
  options: {
    since: { type: 'string', describe: 'Only slots from a date, or a time ago, on (2h, 2027-01-31)' },
    until: { type: 'string', describe: 'Only slots up to a date, or a time ago' },
    limit: { alias: 'n', type: 'number', default: 20, describe: 'The number of slots, from the newest' },
    ...reading,
  },
  examples: [
    ['', 'Shows the newest twenty slots'],
    ['--since 6h -n 1000 --json', 'Shows those of the last six hours, for a program'],
  ],
  run: (given) =>
    askLog(given, async ({ jobs }) => {
      const { since, until, limit } = given
      const rows = [...(await jobs.timeline({ ...(since && { since }), ...(until && { until }), limit }))].reverse()
      if (given.json) for (const row of rows) printJson(row)
      else if ((await printRows(HEAD, rows.map(rowOf))) === 0) printNote('no slots yet')
      return exitCodes.ok
    }),
})

function rowOf({ job, slot, status, attempt, late = 0, ms = 0, slots, error, reason, ...run }: TimelineRow): Row {
  const began = attempt > 0 && status !== 'running'
  const counts = [run.new, run.changed, run.duplicate].map((count) => (began ? (count ?? 0) : undefined))
  const times = [late, ms].map((each) => (began ? roughDuration(each) : undefined))
  const because = error?.message ?? reason
  const passed = slots === undefined || slots === 1 ? undefined : plural(slots, 'slot')
  const why = because === undefined ? passed : { words: '', why: because }
  return [new Date(slot), job, status, ...times, ...counts, why]
}
