import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  agent,
  connect,
  type Flow,
  job,
  listener,
  manual,
  memoryLog,
  on,
  openLog,
  operations,
  Park,
  start,
} from '../../../lib/index.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

let polls = 0
const parts = [
  job('poll', manual(), ({ publish }) => publish('seen', String(++polls), 1)),
  listener('answer', on('seen'), (event, { publish }) => publish('answered', event.identifier, 1)),
  listener('refuse', on('answered'), () => {
    throw new Park('no')
  }),
]

const expected = {
  events: [
    { type: 'answered', cause: 'seen', count: 2 },
    { type: 'seen', job: 'poll', count: 2 },
  ],
  listeners: [
    { listener: 'answer', type: 'answered', passed: 2, parked: 0 },
    { listener: 'answer', type: 'seen', passed: 2, parked: 0 },
    { listener: 'refuse', type: 'answered', passed: 2, parked: 2 },
    { listener: 'refuse', type: 'seen', passed: 2, parked: 0 },
  ],
}

/** Without the announcements, which may come later, and the seqs, which depend on them. */
function counts(flow: Flow | undefined) {
  const own = <T extends { readonly type: string }>(rows: readonly T[] = []): T[] =>
    rows.filter(({ type }) => !type.startsWith('tidings.'))
  return { listeners: own(flow?.listeners), events: own(flow?.events).map(({ last: _, ...counted }) => counted) }
}

describe('flow', () => {
  it('counts events by source, and what listeners have passed and parked, of a running agent and of its log', async (t) => {
    const directory = temporaryDirectory(t)
    const log = await openLog(directory)
    t.after(() => log.close())
    const running = await start(agent('a', parts), { log, logger: false, serve: directory })
    for (let n = 0; n < 2; n++) {
      await running.trigger('poll')
      await running.drained()
    }
    const agentOnIt = await connect(directory)
    assert.deepEqual(counts(await agentOnIt?.flow()), expected)
    await running.stop()
    assert.deepEqual(counts(await operations(log).flow()), expected)
  })

  it('knows the cause of an event however long ago it was, unless the log has lost it', async (t) => {
    const log = await memoryLog()
    t.after(() => log.close())
    const drafts = (type: string, count: number) =>
      Array.from({ length: count }, (_, i) => ({ type, identifier: String(i), data: null }))
    await log.accept(drafts('first', 1))
    await log.accept(drafts('many', 10_001))
    await log.accept(drafts('late', 1), { cause: 1 })
    await log.accept(drafts('lost', 1), { cause: 999_999 })
    const { events } = await operations(log).flow()
    assert.deepEqual(events, [
      { type: 'first', count: 1, last: 1 },
      { type: 'late', cause: 'first', count: 1, last: 10_003 },
      { type: 'lost', count: 1, last: 10_004 },
      { type: 'many', count: 10_001, last: 10_002 },
    ])
  })
})
