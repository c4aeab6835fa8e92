import type { Operations, StoredEvent } from '../../../lib/index.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askLog } from '../../logs/ask-log.ts'
import { plural } from '../../print/format.ts'
import { jsonLine, print, printNote } from '../../print/print.ts'
import { progressBar } from '../../print/progress.ts'
import { printRows } from '../../print/rows.ts'
import { HEAD, rowOf } from './ls.ts'
import { searching } from './search.ts'

const { type, since } = searching

/** How many events one question reads: as many as an agent reads at a time. */
const STEP = 20_000

/** How many events one question finds at most. */
const MOST_FOUND = 100

export const searchText = command({
  summary:
    'Search events for text, newest first: in the type, the identifier and the data, in any case. --json prints one object per line (NDJSON).',
  takes: ['TEXT'],
  options: {
    type,
    since,
    before: { type: 'number', describe: 'Only events before this seq: to search on' },
    limit: { type: 'number', default: 20, describe: 'Find this many' },
    scan: { type: 'number', describe: 'Read at most this many events; default all' },
    ...reading,
  },
  examples: [
    ['error', 'Finds the newest twenty events in which there is "error"'],
    ['error --before 4711', 'Searches on, in the events before 4711'],
    ["'pull request' --type 'github.*' --since 7d --json", 'Searches what came from GitHub in the last week'],
  ],
  run: (given) =>
    askLog(given, async ({ events }) => {
      const [text = ''] = given._
      const { before, limit, scan = Number.POSITIVE_INFINITY } = given
      const asked = { text, ...(given.type && { types: given.type }), ...(given.since && { since: given.since }) }
      const state: Search = { before, limit, scan, read: 0 }
      const found = searchOn(events, asked, state)
      const row = given.json ? printEach(found) : printRows(HEAD, rows(found))
      const printed = await row
      if (printed === 0 && !given.json) printNote('no events')
      if (state.before !== undefined)
        printNote(
          `searched back to ${state.before} (${plural(state.read, 'event')} read): search on with --before ${state.before}`,
        )
      return exitCodes.ok
    }),
})

/** How far a search has come. */
interface Search {
  /** Older events than this one are left; undefined after the search: none are. */
  before: number | undefined
  readonly limit: number
  readonly scan: number
  read: number
}

async function* searchOn(
  events: Operations['events'],
  asked: { readonly text: string },
  state: Search,
): AsyncGenerator<StoredEvent> {
  const progress = progressBar('searching')
  let left = state.limit
  try {
    while (left > 0 && state.read < state.scan) {
      const answer = await events.search({
        ...asked,
        ...(state.before !== undefined && { before: state.before }),
        scan: Math.min(STEP, state.scan - state.read),
        limit: Math.min(left, MOST_FOUND),
      })
      state.read += answer.scanned
      state.before = answer.next
      left -= answer.events.length
      if (answer.events.length > 0) progress.end()
      yield* answer.events
      if (answer.next === undefined) return
      progress.show(state.read)
    }
  } finally {
    progress.end()
  }
}

async function printEach(events: AsyncIterable<StoredEvent>): Promise<number> {
  let printed = 0
  for await (const event of events) {
    await print(jsonLine(event))
    printed += 1
  }
  return printed
}

async function* rows(events: AsyncIterable<StoredEvent>): AsyncGenerator<ReturnType<typeof rowOf>> {
  for await (const event of events) yield rowOf(event)
}
