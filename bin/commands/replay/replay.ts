import type { Operations, ReplayQuestion, ReplayRow } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { confirm } from '../../cli/confirm.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { plural } from '../../print/format.ts'
import { jsonLine, print, printJson, printLine, printNote } from '../../print/print.ts'
import { progressBar } from '../../print/progress.ts'
import { printRows, type Row } from '../../print/rows.ts'
import { searching, searchOf } from '../events/search.ts'
import { parseRate } from './rate.ts'
import { tellAll } from './tell-all.ts'

const HEAD = ['seq', 'accepted', 'type', 'identifier', 'state']

export const replay = command({
  summary:
    'Tell stored events to one listener: those it has never heard, because they are older than it, were skipped, were stored untold, or are parked. With --again, also those it has heard. Asks, or takes --yes. Ctrl-C stops it; the same command continues.',
  takes: ['LISTENER', '[SEQ...]'],
  options: {
    ...searching,
    id: { ...searching.id, alias: 'identifier' },
    parked: { type: 'boolean', describe: 'Only parked events of the listener' },
    again: { type: 'boolean', describe: 'Also events that the listener has heard' },
    after: { type: 'number', describe: 'Only events with a higher seq: where an interrupted --again continues' },
    rate: { type: 'string', describe: 'At most this many events per second (20), or per time (10/min)' },
    dry: { type: 'boolean', describe: 'Only list the events that would be told' },
    ...reading,
  },
  examples: [
    ['my_listener --dry', 'Lists what my_listener has never heard'],
    ["my_listener --type 'github.*' --since 7d", 'Tells it those of the last week that it has never heard'],
    ['my_listener 12 20-30 --again', 'Tells it these events once more'],
    ['my_listener --again --since today --rate 10/min', 'Repeats today, ten events a minute'],
  ],
  failsIf: 'events are left to tell',
  run: async (given) => {
    const { parked, again, after } = given
    const [listener = '', ...seqs] = given._
    const rate = given.rate === undefined ? undefined : parseRate(given.rate)
    const chosen = { parked, again, after, seqs: seqs.length === 0 ? undefined : seqs.join(',') }
    const question = { ...searchOf(given), ...pruned(chosen) }
    return askLog(given, async (operations) => {
      if (given.dry) return list(operations, listener, question, given.json)
      const found = await choose(operations, listener, question)
      printRemarks(listener, found, again === true)
      const events = plural(found.seqs.length, 'event')
      const by = `listener ${JSON.stringify(listener)}`
      if (found.seqs.length > 0 && seqs.length === 0)
        await confirm(`${events} would be told to ${by}${again ? ', some of them again' : ''}`, given.yes)
      const told = await tellAll(operations, listener, found.seqs, { again: again === true, rate })
      const left = found.seqs.length - told.done
      if (given.json) printJson({ listener, chosen: found.seqs.length, told: told.told, left, after: told.after })
      else printLine(`${plural(told.told, 'event')} handed to ${by}${told.running ? '' : ', for when its agent runs'}`)
      if (left > 0) printNote(`${told.why}; ${plural(left, 'event')} left: ${resuming(again, told.after)}`)
      return left === 0 ? exitCodes.ok : exitCodes.failed
    })
  },
})

function resuming(again: boolean | undefined, after: number): string {
  return again ? `add --after ${after} to continue` : 'the same command continues'
}

function pruned(parts: { readonly [K in keyof ReplayQuestion]: ReplayQuestion[K] | undefined }): ReplayQuestion {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined))
}

/** What was found, by the states of the events. */
interface Found {
  readonly seqs: readonly number[]
  readonly states: ReadonlyMap<ReplayRow['state'], number>
  /** How many of the chosen events do not pass the filters; undefined if these remember nothing. */
  readonly filtered: number | undefined
}

/** Gathers rows, and passes on the chosen ones. */
class Gathering {
  readonly seqs: number[] = []
  readonly states = new Map<ReplayRow['state'], number>()
  filtered: number | undefined

  add({ seq, state, chosen, filtered }: ReplayRow): boolean {
    this.states.set(state, (this.states.get(state) ?? 0) + 1)
    if (!chosen) return false
    this.seqs.push(seq)
    if (filtered !== undefined) this.filtered = (this.filtered ?? 0) + Number(filtered)
    return true
  }
}

async function choose({ replay }: Operations, listener: string, question: ReplayQuestion): Promise<Found> {
  const found = new Gathering()
  const progress = progressBar('looking for events')
  try {
    for await (const row of replay.list(listener, question)) if (found.add(row)) progress.show(found.seqs.length)
  } finally {
    progress.end()
  }
  return found
}

async function list(
  { replay }: Operations,
  listener: string,
  question: ReplayQuestion,
  json: boolean | undefined,
): Promise<number> {
  const found = new Gathering()
  async function* chosen(): AsyncGenerator<ReplayRow> {
    for await (const row of replay.list(listener, question)) if (found.add(row)) yield row
  }
  if (json) for await (const row of chosen()) await print(jsonLine(row))
  else await printRows(HEAD, rowsOf(chosen()))
  printRemarks(listener, found, question.again === true)
  return exitCodes.ok
}

async function* rowsOf(rows: AsyncIterable<ReplayRow>): AsyncGenerator<Row> {
  for await (const { seq, created, type, identifier, state, filtered } of rows)
    yield [seq, new Date(created), type, identifier, filtered ? `${state}, filtered out` : state]
}

/** Says why events are left out, and what filters with a memory make of the replay. */
function printRemarks(listener: string, { seqs, states, filtered }: Found, again: boolean): void {
  const left = again
    ? []
    : (
        [
          ['heard', 'already heard (--again tells them)'],
          ['perhaps', 'older than the listener, and perhaps heard: the log does not know (--again tells them)'],
          ['coming', 'not heard yet, and come by themselves'],
        ] as const
      ).flatMap(([state, words]) => {
        const count = states.get(state) ?? 0
        return count === 0 ? [] : [`${count} ${words}`]
      })
  if (seqs.length === 0) printNote('nothing to tell')
  if (left.length > 0) printNote(`left out: ${left.join('; ')}`)
  if (filtered === undefined) return
  const some = filtered === 0 ? '' : `; ${filtered} of the ${seqs.length} do not pass`
  printNote(
    `the filters of ${JSON.stringify(listener)} remember: a replay feeds no memory, and events keep their verdict${some}`,
  )
}
