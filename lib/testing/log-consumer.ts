import assert from 'node:assert/strict'
import { HOUR } from '../core/time-units.ts'
import type { Start } from '../log/port.ts'
import { fc } from './fast-check.ts'
import { type Bench, draft, draftsOf, type LogTests, law, list, refused, seqsOf, take, takeAll } from './log-bench.ts'

/** Stores ten events, an hour apart; returns their seqs. */
async function tenHours({ log, clock }: Bench): Promise<number[]> {
  const found: number[] = []
  for (const each of draftsOf(10)) {
    const [receipt] = await log.accept([each])
    found.push(receipt?.seq as number)
    clock.step(HOUR)
  }
  return found
}

/** The guarantees about a consumer's start, its events and their order. */
export const consumerTests: LogTests = {
  'begins a new consumer at its start': async (bench) => {
    const start = bench.clock.now()
    const all = await tenHours(bench)
    const heard = async (name: string, from: Start, count: number): Promise<number[]> => {
      const consumer = await bench.log.consumer(name, { start: from })
      assert.equal(consumer.origin, 'new')
      return seqsOf(await takeAll(bench.log, consumer, count))
    }
    assert.deepEqual(await heard('start', 'start', 10), all)
    assert.deepEqual(await heard('now', 'now', 0), [])
    assert.deepEqual(await heard('seq', all[6] as number, 4), all.slice(6))
    assert.deepEqual(await heard('zero', 0, 10), all)
    assert.deepEqual(await heard('date', new Date(start + 3 * HOUR), 7), all.slice(3))
    assert.deepEqual(await heard('between', new Date(start + 3 * HOUR + 1), 6), all.slice(4))
    assert.deepEqual(await heard('later', new Date(start + 99 * HOUR), 0), [])
  },

  'begins a consumer that starts in the future with the first event created then, even if it is reopened': async (
    bench,
  ) => {
    const { log, clock } = bench
    const start = new Date(clock.now() + 2 * HOUR)
    const heard: number[] = []
    const accepted: number[] = []
    for (let i = 0; i < 4; i++) {
      accepted.push((await log.accept([draft(`hour ${i}`)]))[0]?.seq as number)
      const consumer = await log.consumer('c', { start })
      const handed = await takeAll(bench.log, consumer, i < 2 ? 0 : 1)
      heard.push(...seqsOf(handed))
      for (const each of handed) consumer.ack(each)
      await consumer.flush()
      assert.equal((await consumer.lag()).behind, 0)
      await clock.advance(HOUR)
    }
    assert.deepEqual(heard, accepted.slice(2))
    const moved = await log.consumer('c', { start: new Date(clock.now() + HOUR), move: true })
    await log.accept([draft('before the time')])
    await clock.advance(HOUR)
    const [last] = await log.accept([draft('at the time')])
    assert.deepEqual(seqsOf(await takeAll(bench.log, moved, 1)), [last?.seq])
  },

  'rejects a start far beyond the end of the log, which may be meant as a time': async ({ log, clock }) => {
    await log.accept(draftsOf(3))
    const last = await log.last()
    for (const start of [clock.now(), clock.now() - HOUR, Math.floor(clock.now() / 1000), Number.MAX_SAFE_INTEGER]) {
      const details = { seq: start, last }
      await assert.rejects(log.consumer('c', { start }), refused('TIDINGS_LOG_INVALID', details))
    }
    await log.consumer('c', { start: 'now' })
    await assert.rejects(log.consumer('c', { start: clock.now(), move: true }), refused('TIDINGS_LOG_INVALID'))
    const next = await log.consumer('next', { start: last + 1 })
    const [receipt] = await log.accept([draft('next')])
    assert.deepEqual(seqsOf(await takeAll(log, next, 1)), [receipt?.seq])
  },

  'rejects an invalid start or name of a consumer': async ({ log }) => {
    for (const start of ['then', -1, 1.5, new Date('never'), undefined] as Start[]) {
      await assert.rejects(log.consumer('c', { start }), refused('TIDINGS_LOG_INVALID'), String(start))
    }
    for (const name of ['', 'x'.repeat(257), '\ud800']) {
      await assert.rejects(log.consumer(name, { start: 'now' }), refused('TIDINGS_LOG_INVALID'))
    }
    assert.deepEqual(await list(log.consumers()), [])
  },

  'hands events accepted after the opening to a consumer that starts now': async ({ log }) => {
    await log.accept(draftsOf(3))
    const consumer = await log.consumer('c', { start: 'now' })
    const waiting = take(consumer, 2)
    const receipts = await log.accept(draftsOf(2, 'later '))
    const handed = await waiting
    assert.deepEqual(
      handed.map(({ event }) => event),
      receipts.map(({ event }) => event),
    )
    assert.deepEqual(
      handed.map(({ attempt, replay }) => [attempt, replay]),
      [
        [1, undefined],
        [1, undefined],
      ],
    )
  },

  'hands a consumer only events of its types, which may be patterns': async ({ log }) => {
    const types = ['a', 'git.commit', 'b', 'git.tag', 'github.issue', 'a']
    const all = (await log.accept(types.map((type, i) => draft(`${i}`, null, type)))).map(({ seq }) => seq)
    const consumer = await log.consumer('c', { start: 'start', types: ['b', 'git.*'] })
    assert.deepEqual(seqsOf(await takeAll(log, consumer, 3)), [all[1], all[2], all[3]])
  },

  'finds an event of a rare type behind thousands of others': async ({ log }) => {
    await log.accept(draftsOf(3000))
    const [receipt] = await log.accept([draft('rare', 1, 'rare')])
    const consumer = await log.consumer('c', { start: 'start', types: ['rare'] })
    assert.deepEqual(seqsOf(await take(consumer, 1)), [receipt?.seq])
  },

  'hands untold events to no consumer, wherever it starts': async ({ log, clock }) => {
    const start = new Date(clock.now())
    const early = await log.consumer('early', { start: 'now' })
    const untold = await log.accept(draftsOf(5), { told: false })
    const [told] = await log.accept([draft('told')])
    for (const from of ['start', start, untold[2]?.seq as number] as const) {
      assert.deepEqual(seqsOf(await takeAll(log, await log.consumer(String(from), { start: from }), 1)), [told?.seq])
    }
    assert.deepEqual(seqsOf(await takeAll(log, early, 1)), [told?.seq])
  },

  'hands out at most as many events as a pull asks for': async ({ log }) => {
    const all = (await log.accept(draftsOf(7))).map(({ seq }) => seq)
    const consumer = await log.consumer('c', { start: 'start' })
    const { signal } = new AbortController()
    assert.deepEqual(seqsOf(await consumer.pull(3, signal)), all.slice(0, 3))
    assert.deepEqual(seqsOf(await consumer.pull(100, signal)), all.slice(3))
  },

  'hands out nothing to an aborted pull, and loses nothing': async ({ log }) => {
    const consumer = await log.consumer('c', { start: 'now' })
    assert.deepEqual(await consumer.pull(1, AbortSignal.abort()), [])
    const controller = new AbortController()
    const waiting = consumer.pull(1, controller.signal)
    controller.abort()
    assert.deepEqual(await waiting, [])
    const [receipt] = await log.accept([draft('1')])
    const late = new AbortController()
    const reading = consumer.pull(1, late.signal)
    late.abort()
    const early = await reading
    const handed = [...early, ...(await takeAll(log, consumer, 1 - early.length))]
    assert.deepEqual(seqsOf(handed), [receipt?.seq])
  },

  'rejects a pull from a log that is closed, or is being closed': async ({ log }) => {
    const consumer = await log.consumer('c', { start: 'now' })
    const waiting = assert.rejects(take(consumer, 1), refused('TIDINGS_LOG_CLOSED'))
    const closed = log.close()
    const second = assert.rejects(take(consumer, 1), refused('TIDINGS_LOG_CLOSED'))
    await Promise.all([waiting, second, closed])
    await assert.rejects(take(consumer, 1), refused('TIDINGS_LOG_CLOSED'))
  },

  'catches up and then follows without gap or repeat, while others publish': law(
    fc.record({
      before: fc.nat({ max: 30 }),
      calls: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 12 }),
      pulls: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
      settles: fc.boolean(),
    }),
    async ({ log }, { before, calls, pulls, settles }) => {
      const first = await log.accept(draftsOf(before, 'before '))
      const consumer = await log.consumer('c', { start: 'start' })
      const accepted = calls.map((count, i) => log.accept(draftsOf(count, `call ${i}, `)))
      const total = before + calls.reduce((sum, count) => sum + count, 0)
      const heard: number[] = []
      for (let i = 0; heard.length < total; i++) {
        const handed = await take(consumer, Math.min(pulls[i % pulls.length] as number, total - heard.length))
        heard.push(...seqsOf(handed))
        if (settles) for (const each of handed) consumer.ack(each)
      }
      const expected = [...first, ...(await Promise.all(accepted)).flat()].map(({ seq }) => seq)
      assert.deepEqual(heard, expected)
      assert.deepEqual(await takeAll(log, consumer), [])
    },
  ),

  'keeps consumers of different names apart': async ({ log }) => {
    const all = (await log.accept(draftsOf(4))).map(({ seq }) => seq)
    const [one, two] = [await log.consumer('one', { start: 'start' }), await log.consumer('two', { start: 'start' })]
    for (const handed of await take(one, 4)) one.park(handed, { error: new Error('no') })
    assert.deepEqual(seqsOf(await take(two, 4)), all)
  },

  'lists its consumers with their progress': async ({ log, clock }) => {
    await log.accept(draftsOf(6))
    const consumer = await log.consumer('c', { start: 'start' })
    const [a, b, c, d] = await take(consumer, 4)
    assert(a && b && c && d)
    consumer.ack(a)
    consumer.retry(b, { at: clock.now() + HOUR })
    consumer.park(c, { error: 'no' })
    await consumer.flush()
    const lag = { behind: 2, running: 1, retrying: 1, parked: 1 }
    assert.deepEqual(await consumer.lag(), lag)
    const infos = await list(log.consumers())
    assert.deepEqual(infos, [{ name: 'c', cursor: c.event.seq, created: clock.now(), passed: [], lag }])
  },

  'keeps nothing of a transient consumer except the state its handlers wrote': async ({ log, clock }) => {
    const all = (await log.accept(draftsOf(4))).map(({ seq }) => seq)
    const consumer = await log.consumer('c', { start: 'start', transient: true })
    const [a, b, c] = await take(consumer, 3)
    assert(a && b && c)
    consumer.ack(a, [{ namespace: 'n', key: 'k', value: 1 }])
    consumer.retry(b, { at: clock.now() })
    consumer.park(c, { error: 'no' })
    await consumer.flush()
    assert.deepEqual(seqsOf(await take(consumer, 2)), [all[1], all[3]])
    assert.equal((await log.store('n').get('k'))?.value, 1)
    assert.deepEqual(await list(log.consumers()), [])
    const durable = await log.consumer('c', { start: 'start' })
    assert.equal(durable.origin, 'new')
    assert.deepEqual(seqsOf(await takeAll(log, durable, 4)), all)
    assert.deepEqual(await list(durable.parked()), [])
  },
}
