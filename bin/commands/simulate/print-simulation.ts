import { formatDuration, type Simulated, type Timeline } from '../../../lib/cli.ts'
import { type ChartLine, printChart } from '../../print/chart.ts'
import { plural } from '../../print/format.ts'
import { printLine, printNote } from '../../print/print.ts'
import { printRows } from '../../print/rows.ts'

/** With more days than this, the chart is by month. */
const MOST_DAYS = 62

const DAY = 86_400_000

/** How many different things of one kind are listed. */
const MOST_LISTED = 20

/** The result of a simulation as JSON. */
export function jsonOf({ timeline, faults, refused }: Simulated, whole: boolean): object {
  const { origin, counts, days, sent, parked } = timeline
  const all = whole ? { timeline: timeline.entries } : {}
  return { ...origin, counts, days, sent: sumsOf(timeline, sent), parked, refused, faults, ...all }
}

/** Prints a simulation in words, with charts. */
export async function printSimulation({ timeline, refused }: Simulated): Promise<void> {
  const { origin, counts, parked, sent } = timeline
  const { runs, failedRuns, requests, programs, events, deliveries, retries, faults } = counts
  const length = origin.to - origin.from
  const words = length % DAY === 0 ? plural(length / DAY, 'day') : formatDuration(length)
  const from = new Date(origin.from).toISOString()
  printLine(`${origin.agent}: ${words} from ${from}, seed ${origin.seed}`)
  printLine(
    `  ${plural(runs, 'run')}, ${failedRuns} failed; ${plural(requests, 'request')}, ${plural(programs, 'program')}`,
  )
  printLine(
    `  ${plural(events, 'event')}, ${plural(deliveries, 'delivery', 'deliveries')}, ${plural(retries, 'retry', 'retries')}, ${counts.parked} parked`,
  )
  if (faults > 0) printLine(`  ${plural(faults, 'fault')}, which lost and repeated nothing`)
  await printDays('runs', timeline)
  await printDays('events', timeline)
  await printSums('sent', sumsOf(timeline, sent))
  await printSums('parked', sums(parked.map(({ listener, error }) => `listener ${listener}: ${error}`)))
  for (const asked of refused.slice(0, MOST_LISTED)) printNote(`refused, because the world does not have it: ${asked}`)
}

interface Sum {
  readonly words: string
  readonly count: number
}

function sums(all: readonly string[]): readonly Sum[] {
  const counts = new Map<string, number>()
  for (const words of all) counts.set(words, (counts.get(words) ?? 0) + 1)
  return Array.from(counts, ([words, count]) => ({ words, count }))
}

function sumsOf(_: Timeline, sent: Timeline['sent']): readonly Sum[] {
  return sums(sent.map(({ by, asked }) => `${by}: ${asked}`))
}

async function printSums(what: string, all: readonly Sum[]): Promise<void> {
  if (all.length === 0) return
  const shown = all.toSorted((a, b) => b.count - a.count).slice(0, MOST_LISTED)
  printLine(shown.length < all.length ? `${what}, ${shown.length} of ${all.length} kinds` : what)
  await printRows(
    [],
    shown.map(({ words, count }) => [`  ${count}`, words]),
  )
}

async function printDays(what: 'runs' | 'events', { days }: Timeline): Promise<void> {
  const isByMonth = days.length > MOST_DAYS
  const counts = new Map<string, number>()
  for (const each of days) {
    const key = isByMonth ? each.day.slice(0, '2026-01'.length) : each.day
    counts.set(key, (counts.get(key) ?? 0) + each[what])
  }
  printLine(`${what}, by ${isByMonth ? 'month' : 'day'}`)
  const line = ([key, count]: readonly [string, number]): ChartLine => ({
    label: `  ${key}`,
    count,
    ...(count === 0 ? { bar: false as const } : {}),
  })
  await printChart([...counts].map(line))
}
