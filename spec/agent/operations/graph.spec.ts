import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  agent,
  connect,
  eventType,
  job,
  type LiveGraph,
  type Log,
  listener,
  manual,
  memoryLog,
  on,
  operations,
  Park,
  start,
} from '../../../lib/index.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const answered = eventType('answered').of<number>()
let polls = 0
const parts = [
  job('poll', manual(), ({ publish }) => publish('seen', String(++polls), 1)),
  job('idle', manual(), () => undefined, { publishes: [answered] }),
  listener('answer', on('seen'), (event, { publish }) => publish('told', event.identifier, 1)),
  listener('refuse', on('seen'), () => {
    throw new Park('no')
  }),
]

/** Without the engine's own events, and without what depends on time. */
function drawn({ nodes, edges }: LiveGraph) {
  return {
    nodes: nodes
      .filter(({ name }) => !name.startsWith('tidings.'))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ id, events, lag }) => [id, events ?? lag?.parked]),
    edges: edges
      .filter(({ to }) => !to.includes('tidings.'))
      .map(({ from, to, events, passed, parked }) => [`${from} → ${to}`, events ?? `${passed} (${parked})`] as const)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  }
}

async function emptyLog(t: TestContext): Promise<Log> {
  const log = await memoryLog()
  t.after(() => log.close())
  return log
}

describe('graph', () => {
  it('counts what flowed since the agent started, with all events of each type', async (t) => {
    const log = await emptyLog(t)
    await log.accept([{ type: 'seen', identifier: 'before', data: 1 }])
    const directory = temporaryDirectory(t)
    const running = await start(agent('a', parts), { log, logger: false, serve: directory })
    t.after(() => running.stop())
    for (let n = 0; n < 3; n++) await running.trigger('poll')
    await running.drained()
    const graph = await (await connect(directory))?.graph()
    assert.ok(graph)
    assert.equal(graph.agent, 'a')
    assert.ok(Date.parse(graph.since ?? '') <= Date.now())
    assert.deepEqual(drawn(graph), {
      nodes: [
        ['event answered', 0],
        ['event seen', 4],
        ['event told', 3],
        ['job idle', undefined],
        ['job poll', undefined],
        ['listener answer', 0],
        ['listener refuse', 3],
      ],
      edges: [
        ['event seen → listener answer', '3 (0)'],
        ['event seen → listener refuse', '3 (3)'],
        ['job idle → event answered', 0],
        ['job poll → event seen', 3],
        ['listener answer → event told', 3],
      ],
    })
    await running.stop()
    assert.deepEqual(drawn(await operations(log).graph()), {
      nodes: [
        ['event seen', 4],
        ['event told', 3],
        ['job idle', undefined],
        ['job poll', undefined],
        ['listener answer', 0],
        ['listener refuse', 3],
      ],
      edges: [['job poll → event seen', 3]],
    })
  })

  it('of a resting log reads the newest 10 000 events, and has at most 500 types', async (t) => {
    const log = await emptyLog(t)
    const drafts = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => ({ type: 'many', identifier: String(from + i), data: null }))
    await log.accept(drafts(0, 5000), { job: 'early' })
    const types = Array.from({ length: 600 }, (_, i) => ({ type: `t${i}`, identifier: '1', data: null }))
    await log.accept(types, { job: 'wide' })
    await log.accept(drafts(5000, 10_000), { job: 'late' })
    const { nodes, edges, more } = await operations(log).graph()
    assert.deepEqual([nodes.filter(({ kind }) => kind === 'event').length, more], [500, 101])
    assert.deepEqual(edges, [{ from: 'job late', to: 'event many', kind: 'publishes', events: 10_000 }])
  })
})
