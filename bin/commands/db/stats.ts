import type { HeldSnapshot, ServerStats, Stats } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { formatSize, plural, roughDuration } from '../../print/format.ts'
import { printJson } from '../../print/print.ts'
import { bar } from '../../print/progress.ts'
import { printRows, type Row } from '../../print/rows.ts'

/** The width of a bar beside a number, in columns. */
const WIDTH = 10

export const stats = command({
  summary: 'Show the content of a log, its size, its growth, and how long the disk space lasts.',
  takes: [],
  options: reading,
  examples: [
    ['', 'Shows the only log in .tidings'],
    ['--agent home --json', 'Shows the log of agent home, in bytes, for a program'],
  ],
  run: (given) =>
    askLog(given, async ({ db }) => {
      const found = await db.stats()
      if (given.json) printJson(found)
      else await printRows([], rows(found))
      return exitCodes.ok
    }),
})

function rows({ events, sizes, disk, free, growth, fullInDays, retention, server }: Stats): Row[] {
  const all = Object.values(sizes).reduce((sum, each) => sum + each, 0)
  const place = events.count === 0 ? `the next is ${events.first}` : `${events.first} to ${events.last}`
  return [
    ['events', String(events.count), place, ''],
    ...Object.entries(sizes).map(([kind, bytes]) => [
      'size',
      kind,
      formatSize(bytes),
      bar(all === 0 ? 0 : bytes / all, WIDTH),
    ]),
    ...(disk === undefined ? [] : [['disk', 'used', formatSize(disk), ''] as const]),
    ...(disk === undefined || free === undefined
      ? []
      : [['disk', 'free', formatSize(free), bar(disk / (disk + free), WIDTH)]]),
    ['growth', 'a day', `${formatSize(growth.bytes)}, ${plural(Math.round(growth.events), 'event')}`, ''],
    ...(fullInDays === undefined ? [] : [['disk', 'full', inDays(fullInDays), '']]),
    ...(retention === undefined
      ? []
      : [
          [
            'kept',
            Object.entries(retention)
              .map((part) => part.join(' '))
              .join(', '),
            '',
            '',
          ],
        ]),
    ...(server === undefined ? [] : serverRows(server)),
  ]
}

function serverRows({ perEvent, identities, listeners, tables, snapshot }: ServerStats): Row[] {
  return [
    ['identities', `about ${identities}`, '', ''],
    ['listeners', String(listeners), '', ''],
    ...(perEvent === undefined ? [] : [['disk', 'an event', formatSize(perEvent), ''] as const]),
    ...tables.map(({ name, bytes, indexes }) => [
      'table',
      name,
      formatSize(bytes),
      indexes === 0 ? '' : `indexes ${formatSize(indexes)}`,
    ]),
    ...(snapshot === undefined ? [] : [['snapshot', 'oldest', heldBy(snapshot), ''] as const]),
  ]
}

function heldBy({ age, holder, ms }: HeldSnapshot): string {
  return `${plural(age, 'transaction')} old, held by ${holder}${ms === undefined ? '' : ` for ${roughDuration(ms)}`}`
}

function inDays(days: number): string {
  if (days >= 3650) return 'in more than 10 years'
  return days < 1 ? 'within a day' : `in about ${plural(Math.round(days), 'day')}`
}
