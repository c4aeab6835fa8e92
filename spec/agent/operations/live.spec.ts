import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { LiveFeed } from '../../../lib/agent/operations/live.ts'
import { operationsOf } from '../../../lib/agent/operations/operations.ts'
import {
  agent,
  job,
  type LiveBatch,
  type LiveQuestion,
  type Log,
  listener,
  manual,
  memoryLog,
  on,
  start,
} from '../../../lib/index.ts'
import { type VirtualClock, virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { until } from '../../support/until.ts'

async function watched(t: TestContext): Promise<{ clock: VirtualClock; log: Log; feed: LiveFeed }> {
  const clock = virtualClock()
  const log = await memoryLog({ clock })
  t.after(() => log.close())
  return { clock, log, feed: new LiveFeed(log) }
}

interface Watching {
  readonly batches: LiveBatch[]
  readonly ended: Promise<void>
  stop(): void
}

/** Watches as a fast reader does. Resolves once the first batch has come. */
async function watch(feed: Pick<LiveFeed, 'watch'>, question: LiveQuestion = {}): Promise<Watching> {
  const over = new AbortController()
  const batches: LiveBatch[] = []
  const ended = (async () => {
    for await (const batch of feed.watch(question, over.signal)) batches.push(batch)
  })()
  await until(() => batches.length === 1)
  return { batches, ended, stop: () => over.abort() }
}

const drafts = (type: string, count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({ type, identifier: String(from + i), data: i }))

describe('live', () => {
  it('tells every 250 ms what has come: counts by type, and the newest 50, newest last', async (t) => {
    const { clock, log, feed } = await watched(t)
    await log.accept(drafts('before', 3))
    const { batches, ended, stop } = await watch(feed)
    assert.deepEqual(batches, [{ seq: 3, n: 0, byType: {}, newest: [], jobs: [], listeners: [] }])
    await clock.advance(1000)
    assert.equal(batches.length, 1)
    await log.accept([...drafts('a', 70), ...drafts('b', 5), ...drafts('a', 3)])
    await clock.advance(249)
    assert.equal(batches.length, 1)
    await clock.advance(1)
    const batch: LiveBatch | undefined = batches[1]
    assert.deepEqual([batch?.seq, batch?.n, batch?.byType], [78, 75, { a: 70, b: 5 }])
    assert.deepEqual(
      batch?.newest.map(({ seq }) => seq),
      Array.from({ length: 50 }, (_, i) => 29 + i),
    )
    assert.equal(batch.resync, undefined)
    stop()
    await ended
  })

  it('tells of the types that are asked for, also where the log counts them as other', async (t) => {
    const { clock, log, feed } = await watched(t)
    await log.accept(Array.from({ length: 100 }, (_, i) => ({ type: `t${i}`, identifier: '1', data: 1 })))
    const [some, all] = [await watch(feed, { types: ['rare.*', 't1'] }), await watch(feed)]
    await log.accept([...drafts('rare.one', 2), ...drafts('t1', 1, 7), ...drafts('t2', 4, 7)])
    await clock.advance(250)
    assert.deepEqual([some.batches[1]?.n, some.batches[1]?.byType], [3, { 'rare.one': 2, t1: 1 }])
    assert.deepEqual(all.batches[1]?.byType, { t1: 1, t2: 4, other: 2 })
    await log.accept(drafts('t2', 4, 20))
    await clock.advance(250)
    assert.deepEqual([some.batches.length, all.batches.length], [2, 3])
    some.stop()
    all.stop()
    await Promise.all([some.ended, all.ended])
    assert.throws(() => feed.watch({ types: [''] }, new AbortController().signal), { code: 'TIDINGS_LOG_INVALID' })
  })

  it('begins with a batch to resync where the viewer was connected before', async (t) => {
    const { log, feed } = await watched(t)
    await log.accept([...drafts('a', 60), ...drafts('b', 2)])
    const gap = await watch(feed, { after: 1 })
    assert.deepEqual(gap.batches[0]?.resync, true)
    assert.deepEqual(
      [gap.batches[0]?.seq, gap.batches[0]?.n, gap.batches[0]?.byType, gap.batches[0]?.newest[0]?.seq],
      [62, 50, { a: 48, b: 2 }, 13],
    )
    gap.stop()
    await gap.ended
  })

  it('merges what a slow viewer has not taken: never more than 50 events wait for it', async (t) => {
    const { clock, log, feed } = await watched(t)
    const over = new AbortController()
    const slow = feed.watch({}, over.signal)[Symbol.asyncIterator]()
    await slow.next()
    for (let round = 0; round < 20; round++) {
      await log.accept(drafts('a', 30, 100 * round))
      await clock.advance(250)
    }
    const { value } = (await slow.next()) as { value: LiveBatch }
    assert.deepEqual([value.seq, value.n, value.byType, value.newest.length], [600, 600, { a: 600 }, 50])
    assert.equal(value.newest.at(-1)?.seq, 600)
    over.abort()
    assert.equal((await slow.next()).done, true)
  })

  it('reads once for all viewers, and does nothing without viewers', async (t) => {
    const { clock, log } = await watched(t)
    let reads = 0
    const counting: Log = Object.create(log, {
      events: { value: (query: object) => ((reads += 1), log.events(query)) },
      last: { value: () => log.last() },
      meter: { value: log.meter },
      dense: { value: true },
      clock: { value: clock },
      committed$: { value: log.committed$ },
    }) as Log
    const feed = new LiveFeed(counting)
    const viewers = [await watch(feed), await watch(feed), await watch(feed)]
    assert.equal(clock.timers, 1)
    await log.accept(drafts('a', 5))
    await clock.advance(250)
    assert.equal(reads, 1)
    for (const { batches } of viewers) assert.equal(batches.at(-1)?.n, 5)
    for (const { stop, ended } of viewers) {
      stop()
      await ended
    }
    assert.equal(clock.timers, 0)
    await log.accept(drafts('b', 5))
    await clock.advance(1000)
    assert.equal(reads, 1)
  })

  it('tells one who comes later only what comes after', async (t) => {
    const { clock, log, feed } = await watched(t)
    const first = await watch(feed)
    await log.accept(drafts('a', 4))
    const second = await watch(feed)
    await log.accept(drafts('a', 2, 50))
    await clock.advance(250)
    const told = ({ batches }: Watching) => batches.map(({ n }) => n)
    assert.deepEqual(
      [told(first), told(second)],
      [
        [0, 4, 2],
        [0, 2],
      ],
    )
    assert.deepEqual(
      first.batches.flatMap(({ newest }) => newest.map(({ seq }) => seq)),
      [1, 2, 3, 4, 5, 6],
    )
    first.stop()
    second.stop()
    await Promise.all([first.ended, second.ended])
  })

  it('counts what it reads where other processes write to the log, too', async (t) => {
    const { clock, log } = await watched(t)
    const parts = { dense: false, clock, committed$: log.committed$, meter: { types: new Map() } }
    const shared = { ...parts, last: () => log.last(), events: (query: object) => log.events(query) }
    const { batches, ended, stop } = await watch(new LiveFeed(shared as unknown as Log))
    await log.accept([...drafts('a', 70), ...drafts('b', 2)])
    await clock.advance(250)
    assert.deepEqual([batches[1]?.n, batches[1]?.byType, batches[1]?.newest.length], [72, { a: 70, b: 2 }, 50])
    await log.accept(drafts('c', 1500))
    await clock.advance(250)
    assert.deepEqual([batches[2]?.n, batches[2]?.byType], [1000, { c: 1000 }])
    stop()
    await ended
  })

  it('ends when the log is closed', async (t) => {
    const { log, feed } = await watched(t)
    const { ended } = await watch(feed)
    await log.close()
    await ended
  })

  it('names jobs and listeners whose state may have changed', async (t) => {
    const clock = virtualClock()
    const log = await memoryLog({ clock })
    const parts = [
      job('poll', manual(), ({ publish, slot }) => publish('seen', slot.toISOString(), 1)),
      job('idle', manual(), () => undefined),
      listener('hear', on('seen'), () => undefined),
    ]
    const running = await start(agent('a', parts), { log, logger: false })
    t.after(async () => {
      await running.stop()
      await log.close()
    })
    const control = running as unknown as Parameters<typeof operationsOf>[1]
    const { live, jobs } = operationsOf(log, control)
    await running.trigger('poll')
    await running.drained()
    const { batches, ended, stop } = await watch({ watch: live })
    await clock.advance(250)
    const before = batches.length
    await running.trigger('poll')
    await running.drained()
    await clock.advance(250)
    const told = batches.slice(before)
    assert.deepEqual([...new Set(told.flatMap((batch) => batch.jobs))], ['poll'])
    assert.deepEqual([...new Set(told.flatMap((batch) => batch.listeners))].includes('hear'), true)
    await jobs.pause('idle')
    await clock.advance(250)
    assert.deepEqual(batches.at(-1)?.jobs, ['idle'])
    stop()
    await ended
  })
})
