import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type FollowQuestion, type StoredEvent } from '../../../lib/index.ts'
import { exitCodes } from '../../cli/mistake.ts'
import { askAt } from '../../logs/ask-log.ts'
import { type Which, whichLog } from '../../logs/which-log.ts'
import { complain } from '../../print/complain.ts'
import { jsonLine } from '../../print/json.ts'
import { lineOf } from '../../print/line.ts'
import { print } from '../../print/print.ts'
import { untilSignal } from '../../user/guards.ts'
import { questionOf, type Wanted } from './event-question.ts'
import { rowOf } from './list-events.ts'

/** How often to check whether an agent has started, in ms. */
const LOOK = 300

type Asked = Pick<Wanted, 'type' | 'id' | 'limit'> & Which & { readonly json?: boolean | undefined }

/** Prints the newest events and, with `follow`, new ones as they arrive; resolves to the exit code. */
export async function tailEvents(asked: Asked & { readonly follow?: boolean | undefined }): Promise<number> {
  const directory = await whichLog(asked)
  const show = (event: StoredEvent): Promise<void> => print(asked.json ? jsonLine(event) : lineOf(rowOf(event)))
  const last = await askAt(directory, async ({ events }) => {
    const newest: StoredEvent[] = []
    // Read before the list, so that events in between are neither printed twice nor lost.
    const seen = await events.last()
    for await (const event of events.list({ ...questionOf(asked), reverse: true })) newest.unshift(event)
    for (const event of newest) await show(event)
    return Math.max(seen, newest.at(-1)?.seq ?? 0)
  })
  if (asked.follow) await follow(directory, { ...questionOf({ type: asked.type, id: asked.id }), after: last }, show)
  return exitCodes.ok
}

// Continues across restarts of the agent, until the user stops it.
async function follow(
  directory: string,
  question: FollowQuestion,
  show: (event: StoredEvent) => Promise<void>,
): Promise<void> {
  const over = new AbortController()
  void untilSignal().then(() => over.abort())
  let after = question.after
  let told = false
  while (!over.signal.aborted) {
    const agent = await connect(directory)
    if (agent === undefined) {
      if (!told) complain(`no agent runs on ${directory}; waiting for one`)
      told = true
    } else {
      told = false
      try {
        for await (const event of agent.events.follow(
          { ...question, ...(after === undefined ? {} : { after }) },
          over.signal,
        )) {
          after = event.seq
          await show(event)
        }
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'TIDINGS_LOG_CLOSED') throw error
      }
    }
    await sleep(LOOK, undefined, { signal: over.signal }).catch(() => undefined)
  }
}
