import type { KeyCount, Operations, Tally } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { type ChartLine, printChart } from '../../print/chart.ts'
import { plural } from '../../print/format.ts'
import { printJson, printLine, printNote } from '../../print/print.ts'
import { whileWaiting } from '../../print/progress.ts'
import { searching, searchOf } from './search.ts'

export const count = command({
  summary: 'Count events, or chart how many there are of each value.',
  takes: [],
  options: {
    ...searching,
    by: { type: 'string', describe: 'Count those of each type, job, hour, day or value of a path (data.repo.name)' },
    limit: { type: 'number', describe: 'With --by: only this many values, those with most events; the newest times' },
    ...reading,
  },
  examples: [
    ['', 'Counts all events'],
    ['--type my_event_type --since 1d', 'Counts those of one type in the last day'],
    ['--by type', 'Charts how many there are of each type'],
    ["--by hour --since today --type 'github.*'", 'Charts what came from GitHub today, by the hour'],
    ['--by data.repo.name --limit 10 --json', 'Lists the ten most frequent values: [{ "key": …, "count": … }]'],
  ],
  run: (given) =>
    askLog(given, async ({ events }) => {
      const { by, limit, json, ...search } = given
      if (by !== undefined)
        await chart(events, { ...searchOf(search), by, ...(limit === undefined ? {} : { limit }) }, json)
      else if (limit !== undefined) throw new UsageError('--limit needs --by')
      else {
        const number = await whileWaiting('counting events', events.count(searchOf(search)))
        if (json) printJson({ count: number })
        else printLine(String(number))
      }
      return exitCodes.ok
    }),
})

type Question = Parameters<Operations['events']['tally']>[0]

async function chart(events: Operations['events'], question: Question, json: boolean | undefined): Promise<void> {
  const tally = await whileWaiting('counting events', events.tally(question))
  if (json) printJson(tally.counts)
  else if (tally.counts.length === 0 && tally.others === undefined) printNote('no events')
  else await printChart([...tally.counts.map(lineOf), ...othersOf(tally)])
}

function lineOf({ key, count }: KeyCount): ChartLine {
  const label = typeof key === 'string' ? key : key === null ? '(missing)' : JSON.stringify(key)
  return { label, count }
}

function othersOf({ others }: Tally): ChartLine[] {
  return others === undefined ? [] : [{ label: `(${plural(others.keys, 'other')})`, count: others.events, bar: false }]
}
