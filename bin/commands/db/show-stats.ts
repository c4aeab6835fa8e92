import type { Stats } from '../../../lib/index.ts'
import { exitCodes } from '../../cli/mistake.ts'
import { askLog } from '../../logs/ask-log.ts'
import { printJson } from '../../print/json.ts'
import { bar } from '../../print/progress-bar.ts'
import { printRows, type Row } from '../../print/rows.ts'
import { size } from '../../print/size.ts'
import { some } from '../../print/words.ts'
import type { Asked } from '../shared/asked.ts'

/** The width of a bar beside a number, in columns. */
const WIDTH = 10

/** Prints the content, size and growth of a log; resolves to the exit code. */
export function showStats(asked: Asked): Promise<number> {
  return askLog(asked, async ({ db }) => {
    const stats = await db.stats()
    if (asked.json) printJson(stats)
    else await printRows([], rows(stats))
    return exitCodes.ok
  })
}

function rows({ events, sizes, disk, free, growth, fullInDays, retention }: Stats): Row[] {
  const all = Object.values(sizes).reduce((sum, each) => sum + each, 0)
  const place = events.count === 0 ? `the next is ${events.first}` : `${events.first} to ${events.last}`
  return [
    ['events', String(events.count), place, ''],
    ...Object.entries(sizes).map(([kind, bytes]) => [
      'size',
      kind,
      size(bytes),
      bar(all === 0 ? 0 : bytes / all, WIDTH),
    ]),
    ...(disk === undefined ? [] : [['disk', 'used', size(disk), ''] as const]),
    ...(disk === undefined || free === undefined
      ? []
      : [['disk', 'free', size(free), bar(disk / (disk + free), WIDTH)]]),
    ['growth', 'a day', `${size(growth.bytes)}, ${some(Math.round(growth.events), 'event')}`, ''],
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
  ]
}

function inDays(days: number): string {
  if (days >= 3650) return 'in more than 10 years'
  return days < 1 ? 'within a day' : `in about ${some(Math.round(days), 'day')}`
}
