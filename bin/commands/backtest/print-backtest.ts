import type { Backtest, BacktestCounts, BacktestDay, BacktestGroup } from '../../../lib/cli.ts'
import { type ChartLine, printChart } from '../../print/chart.ts'
import { plural } from '../../print/format.ts'
import { printLine, printNote } from '../../print/print.ts'
import { printRows } from '../../print/rows.ts'

/** With more days than this, the chart is by month. */
const MOST_DAYS = 62

/** Prints the result of a backtest in words. `against`: what it was compared with. */
export async function printBacktest(result: Backtest, against: string | undefined): Promise<void> {
  const { listener, events, passes, difference, failures, days } = result
  printLine(`${listener}: ${plural(events, 'event')} read, ${result.heard} heard`)
  printCounts('passed', result)
  if (difference !== undefined) {
    printLine(`against ${against}`)
    printCounts('passed', difference.against)
    const { added, removed, changed, same } = difference
    const rows: readonly (readonly [kind: string, group: BacktestGroup, words: string])[] = [
      ['added', added, 'passes now, and did not'],
      ['removed', removed, 'passed, and does not now'],
      ['changed', changed, 'passes with other values'],
      ['same', same, 'passes with the same values'],
    ]
    await printRows(
      [],
      rows.map(([kind, { count }, words]) => [`  ${kind}`, String(count), words]),
    )
    await printExamples('added', added)
    await printExamples('removed', removed)
    await printExamples('changed', changed)
  }
  if (passes !== undefined) await printExamples('passed', passes)
  await printExamples('failed', failures)
  await printDays(days)
  if (result.heard === 0) printNote(`no event of a type that ${listener} hears`)
}

function printCounts(word: string, counts: BacktestCounts): void {
  const { passed, deliveries, filtered, waiting, failed } = counts
  const together = deliveries === passed ? '' : ` in ${plural(deliveries, 'delivery', 'deliveries')}`
  const rest = [
    `${filtered} filtered out`,
    ...(waiting > 0 ? [`${waiting} waiting`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ]
  printLine(`  ${passed} ${word}${together}, ${rest.join(', ')}`)
}

async function printExamples(kind: string, { count, examples }: BacktestGroup): Promise<void> {
  if (examples.length === 0) return
  const newest = count > examples.length ? `, the newest ${examples.length}` : ''
  printLine(`${kind} (${count}${newest})`)
  await printRows(
    ['  seq', 'accepted', 'type', 'identifier'],
    examples.map(({ seq, created, type, identifier, error }) => [
      `  ${seq}`,
      new Date(created),
      type,
      error === undefined ? identifier : { words: identifier, why: error.message },
    ]),
  )
}

async function printDays(days: readonly BacktestDay[]): Promise<void> {
  if (days.length === 0) return
  const isByMonth = days.length > MOST_DAYS
  const sums = new Map<string, { passed: number; added: number; removed: number; changed: number }>()
  for (const { day, passed, added = 0, removed = 0, changed = 0 } of days) {
    const key = isByMonth ? day.slice(0, '2027-01'.length) : day
    const sum = sums.get(key) ?? { passed: 0, added: 0, removed: 0, changed: 0 }
    sums.set(key, {
      passed: sum.passed + passed,
      added: sum.added + added,
      removed: sum.removed + removed,
      changed: sum.changed + changed,
    })
  }
  const lines = [...sums].map(([key, { passed, added, removed, changed }]): ChartLine => {
    const marks = [added > 0 ? `+${added}` : '', removed > 0 ? `-${removed}` : '', changed > 0 ? `~${changed}` : '']
    const label = `  ${[key, ...marks.filter(Boolean)].join(' ')}`
    return { label, count: passed, ...(passed === 0 ? { bar: false as const } : {}) }
  })
  printLine(`passed, by ${isByMonth ? 'month' : 'day'}`)
  await printChart(lines)
}
