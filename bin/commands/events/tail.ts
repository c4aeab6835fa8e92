import { setTimeout as sleep } from 'node:timers/promises'
import type { FollowQuestion, StoredEvent } from '../../../lib/index.ts'
import { isPostgres } from '../../../lib/log-places.ts'
import { command } from '../../cli/command.ts'
import { exitCodes } from '../../cli/errors.ts'
import { reading } from '../../cli/options.ts'
import { askAt } from '../../logs/ask-log.ts'
import { whichLog } from '../../logs/which-log.ts'
import { jsonLine, print, printProblem } from '../../print/print.ts'
import { Table } from '../../print/rows.ts'
import { untilSignal } from '../../user/guards.ts'
import { HEAD, rowOf } from './ls.ts'
import { searching, searchOf } from './search.ts'

/** How often to check whether an agent has started, in ms. */
const LOOK = 300

const { type, id, where } = searching

export const tail = command({
  summary:
    'Show the newest events and, with -f, new ones as they arrive, until you stop it, also while the agent restarts.',
  takes: [],
  options: {
    follow: { alias: 'f', type: 'boolean', describe: 'Continue with new events as they arrive' },
    limit: { alias: 'n', type: 'number', default: 10, describe: 'The number of stored events to show first' },
    type,
    id,
    where,
    ...reading,
  },
  examples: [
    ['-f', 'Shows the newest ten, and every new one'],
    ["-f -n 0 --type 'github.*' --json", 'Shows new events from GitHub, one JSON object per line'],
  ],
  run: async (given) => {
    const directory = await whichLog(given)
    const table = new Table(HEAD)
    const show = async (events: readonly StoredEvent[]): Promise<void> =>
      given.json ? print(events.map(jsonLine).join('')) : table.print(events.map(rowOf))
    const last = await askAt(directory, async ({ events }) => {
      const newest: StoredEvent[] = []
      // Read before the list, so that events in between are neither printed twice nor lost.
      const seen = await events.last()
      for await (const event of events.list({ ...searchOf(given), reverse: true })) newest.unshift(event)
      await show(newest)
      return Math.max(seen, newest.at(-1)?.seq ?? 0)
    })
    if (given.follow)
      await follow(
        directory,
        { ...searchOf({ type: given.type, id: given.id, where: given.where }), after: last },
        show,
      )
    return exitCodes.ok
  },
})

// Continues across restarts of the agent, until the user stops it.
async function follow(
  directory: string,
  question: FollowQuestion,
  show: (events: readonly StoredEvent[]) => Promise<void>,
): Promise<void> {
  const { connect } = await import('../../../lib/index.ts')
  const over = new AbortController()
  void untilSignal().then(() => over.abort())
  // A shared log tells what any agent stores.
  if (isPostgres(directory))
    return askAt(directory, async ({ events }) => {
      for await (const event of events.follow(question, over.signal)) await show([event])
    })
  let after = question.after
  let reported = false
  while (!over.signal.aborted) {
    const agent = await connect(directory)
    if (agent === undefined) {
      if (!reported) printProblem(`no agent runs on ${directory}; waiting for one`)
      reported = true
    } else {
      reported = false
      try {
        for await (const event of agent.events.follow(
          { ...question, ...(after === undefined ? {} : { after }) },
          over.signal,
        )) {
          after = event.seq
          await show([event])
        }
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'TIDINGS_LOG_CLOSED') throw error
      }
    }
    await sleep(LOOK, undefined, { signal: over.signal }).catch(() => undefined)
  }
}
