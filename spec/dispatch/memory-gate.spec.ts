import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { map, mergeMap, type OperatorFunction } from 'rxjs'
import { listenerRows } from '../../lib/agent/operations/rows.ts'
import { changed, countWithin, digest, firstPer, settled } from '../../lib/filters.ts'
import {
  agent,
  type Delivery,
  type LevelLog,
  type ListenerOptions,
  listener,
  memoryLog,
  on,
  operations,
  type StoredEvent,
  start,
} from '../../lib/index.ts'
import { type VirtualClock, virtualClock } from '../../lib/testing/index.ts'
import { list } from '../../lib/testing/log-bench.ts'
import { wrap } from '../support/agent-harness.ts'

type Numbered = StoredEvent<string, { n: number }>

interface Place {
  readonly clock: VirtualClock
  readonly log: LevelLog
  readonly heard: unknown[][]
  publish(n: number, after?: number): Promise<void>
  /** Runs the listener until `stop`. */
  run(
    operators: readonly OperatorFunction<Numbered, unknown>[],
    options?: ListenerOptions,
    handle?: (value: unknown, delivery: Delivery) => unknown,
  ): Promise<{ stop(): Promise<void> }>
}

const seqs = (delivery: Delivery): number[] => delivery.events.map(({ seq }) => seq)

async function place(t: TestContext): Promise<Place> {
  const clock = virtualClock()
  const log = await memoryLog({ clock })
  t.after(() => log.close())
  const heard: unknown[][] = []
  let count = 0
  return {
    clock,
    log,
    heard,
    async publish(n, after = 0) {
      await clock.advance(after)
      await log.accept([{ type: 'number', identifier: String(count++), data: { n } }])
      await clock.advance(1)
    },
    async run(operators, options = {}, handle = () => undefined) {
      const piped = (on('number').pipe as (...all: readonly unknown[]) => ReturnType<typeof on>)(...operators)
      const hear = listener(
        'hear',
        piped,
        (value, delivery) => {
          heard.push(seqs(delivery))
          return handle(value, delivery)
        },
        { from: 'start', backoff: { min: 100, max: 100 }, ...(options as object) },
      )
      const running = await start(agent('a', [hear]), { log, clock, logger: false })
      await clock.advance(10)
      return { stop: () => running.stop() }
    },
  }
}

/** A log that takes 60 ms for each batch that it hands out. */
function slowed(log: LevelLog, clock: VirtualClock): LevelLog {
  return wrap(log, {
    consumer: async (...args) => {
      const consumer = await log.consumer(...args)
      return wrap(consumer, {
        pull: async (max, signal) => {
          await new Promise<void>((resolve) => void clock.timer(resolve, 60))
          return consumer.pull(max, signal)
        },
      })
    },
  })
}

describe('a filter with a memory in a listener', () => {
  it('remembers across restarts', async (t) => {
    const { publish, run, heard } = await place(t)
    await publish(1)
    await (await run([changed('data.n')])).stop()
    await publish(1)
    await publish(2)
    await (await run([changed('data.n')])).stop()
    assert.deepEqual(heard, [[1], [3]])
  })

  it('does not count an event twice that is tried again, and keeps the verdict on it', async (t) => {
    const { publish, run, heard, clock } = await place(t)
    for (const n of [1, 2, 3, 4]) await publish(n)
    let failures = 2
    const running = await run([countWithin(2, '1h')], {}, () => {
      if (failures-- > 0) throw new Error('not now')
    })
    await clock.advance(1000)
    await running.stop()
    assert.deepEqual(heard, [[2], [4], [2], [4]])
  })

  it('passes an event that is told again as it did before, and is not fed by it', async (t) => {
    const { publish, run, heard, clock, log } = await place(t)
    for (const n of [1, 1, 2]) await publish(n)
    const running = await run([changed('data.n')])
    const consumer = await log.consumer('hear', { start: 'now' })
    await consumer.redeliver([1, 2])
    await clock.advance(100)
    await publish(2)
    await running.stop()
    assert.deepEqual(heard, [[1], [3], [1]])
  })

  it('passes what came before its memory, when it is told again', async (t) => {
    const { publish, run, heard, clock, log } = await place(t)
    for (const n of [1, 1]) await publish(n)
    const running = await run([firstPer('type', { every: '1h' })], { from: 'now' })
    await publish(2)
    const consumer = await log.consumer('hear', { start: 'now' })
    await consumer.redeliver([1, 2])
    await clock.advance(100)
    await running.stop()
    assert.deepEqual(heard, [[3], [1], [2]])
  })

  it('has not judged an event on which an operator before it fails, and passes it later', async (t) => {
    const { publish, run, heard, clock } = await place(t)
    for (const n of [1, 1, 2]) await publish(n)
    let failures = 1
    const fails = map((event: Numbered) => {
      if (event.seq === 1 && failures-- > 0) throw new Error('not now')
      return event
    })
    const running = await run([fails, changed('data.n')])
    await clock.advance(1000)
    await running.stop()
    assert.deepEqual(heard, [[2], [3], [1]])
  })

  it('forgets the verdicts on events that the log no longer has', async (t) => {
    const { publish, run, log } = await place(t)
    const kept = async () =>
      (await list(log.store('memory/hear').list('verdict/'))).map(({ key }) => Number(key.slice(8)))
    for (const n of [1, 2, 3]) await publish(n)
    await (await run([changed('data.n')])).stop()
    assert.deepEqual(await kept(), [1, 2, 3])
    await log.prune({ count: 1 })
    await publish(4)
    await (await run([changed('data.n')])).stop()
    assert.deepEqual(await kept(), [3, 4])
  })

  it('refuses an asynchronous operator before it, and says where it belongs', async (t) => {
    const { publish, run, heard, clock, log } = await place(t)
    await publish(1)
    const running = await run([mergeMap(async (event: Numbered) => event), changed('data.n')], { attempts: 1 })
    await clock.advance(10)
    const consumer = await log.consumer('hear', { start: 'now' })
    for await (const { error } of consumer.parked()) assert.match(error.message, /before changed\('data\.n'\) is async/)
    assert.equal((await consumer.lag()).parked, 1)
    assert.deepEqual(heard, [])
    await running.stop()
  })
})

describe('settled in a listener', () => {
  it('waits across a restart, and is decided by when the events were created', async (t) => {
    const { publish, run, heard, clock } = await place(t)
    await publish(1)
    const first = await run([settled('data.n', '10s')])
    await clock.advance(5000)
    await first.stop()
    // While nothing runs: 1 stays for its ten seconds, and 2 does not.
    await publish(2, 6000)
    await publish(3, 5000)
    const second = await run([settled('data.n', '10s')])
    await clock.advance(1000)
    assert.deepEqual(heard, [[1]])
    await clock.advance(10_000)
    await second.stop()
    assert.deepEqual(heard, [[1], [3]])
  })

  it('lets go of a value at once when another has taken its place', async (t) => {
    const { publish, run, heard, clock, log } = await place(t)
    const running = await run([settled('data.n', '10m')], { ordered: true })
    for (const n of [1, 2, 2, 3]) await publish(n)
    const consumer = await log.consumer('hear', { start: 'now' })
    const waiting = async () => (await list(consumer.retrying())).map(({ event }) => event.seq)
    await clock.advance(100)
    assert.deepEqual(await waiting(), [4])
    const [row] = await listenerRows(log)
    assert.deepEqual([row?.waiting, row?.retrying], [1, 0])
    await clock.advance(600_000)
    await running.stop()
    assert.deepEqual([await waiting(), heard], [[], [[4]]])
  })

  it('catches up, however many waits are over, and however slow the log is', async (t) => {
    const { clock, log } = await place(t)
    const heard: number[] = []
    const source = on('number').pipe(settled('identifier', '10s', { per: 'identifier' }))
    const hear = listener('hear', source, (_, { event }) => void heard.push(event.seq), { from: 'start' })
    const run = async (ms: number): Promise<void> => {
      const running = await start(agent('a', [hear]), { log: slowed(log, clock), clock, logger: false })
      await clock.advance(ms)
      const stopping = running.stop()
      await clock.advance(1000)
      await stopping
    }
    const publish = (name: string) =>
      log.accept(Array.from({ length: 48 }, (_, i) => ({ type: 'number', identifier: `${name} ${i}`, data: { n: i } })))
    await publish('early')
    await run(2000)
    await publish('late')
    await clock.advance(60_000)
    assert.deepEqual(heard, [])
    await run(10_000)
    assert.deepEqual(
      heard.toSorted((a, b) => a - b),
      Array.from({ length: 96 }, (_, i) => i + 1),
    )
  })

  it('holds back nothing else, also where all events are ordered', async (t) => {
    const { publish, run, heard, clock } = await place(t)
    const running = await run([settled('data.n', '10s', { per: 'data.n' })], { ordered: true })
    await publish(1)
    await publish(2, 4000)
    await clock.advance(7000)
    assert.deepEqual(heard, [[1]])
    await clock.advance(4000)
    assert.deepEqual(heard, [[1], [2]])
    await running.stop()
  })
})

describe('digest in a listener', () => {
  it('is one delivery: one key, one retry, one ack', async (t) => {
    const { publish, run, heard, clock, log } = await place(t)
    const keys = new Set<string>()
    let failures = 1
    const running = await run([digest({ every: '10s' })], {}, (_, { key }) => {
      keys.add(key)
      if (failures-- > 0) throw new Error('not now')
    })
    for (const n of [1, 2, 3]) await publish(n)
    await clock.advance(11_000)
    const consumer = await log.consumer('hear', { start: 'now' })
    assert.deepEqual(await consumer.lag(), { behind: 0, running: 0, retrying: 0, parked: 0 })
    await running.stop()
    assert.deepEqual(heard, [
      [1, 2, 3],
      [1, 2, 3],
    ])
    assert.equal(keys.size, 1)
  })

  it('keeps what it has collected across a restart, and adds to it', async (t) => {
    const { publish, run, heard, clock } = await place(t)
    await publish(1)
    await (await run([digest({ every: '1m' })])).stop()
    await publish(2, 30_000)
    const running = await run([digest({ every: '1m' })])
    await publish(3, 10_000)
    assert.deepEqual(heard, [])
    await clock.advance(25_000)
    assert.deepEqual(heard, [[1, 2, 3]])
    // The next one begins with the next event, and none is empty.
    await clock.advance(300_000)
    await publish(4)
    await clock.advance(61_000)
    await running.stop()
    assert.deepEqual(heard, [[1, 2, 3], [4]])
  })

  it('is handed out when it is full, and not again when its time is up', async (t) => {
    const { publish, run, heard, clock, log } = await place(t)
    const running = await run([digest({ size: 2, every: '1m' })])
    for (const n of [1, 2, 3]) await publish(n)
    assert.deepEqual(heard, [[1, 2]])
    // Only the third waits, and nothing is retried.
    await clock.advance(10)
    const [row] = await listenerRows(log)
    const until = new Date(clock.now() + 60_000)
    assert.deepEqual([row?.waiting, row?.retrying, row?.behind], [1, 0, 0])
    assert.ok(new Date(row?.waitingUntil as string) <= until, row?.waitingUntil)
    await clock.advance(120_000)
    assert.deepEqual((await listenerRows(log))[0]?.waiting, undefined)
    await running.stop()
    assert.deepEqual(heard, [[1, 2], [3]])
  })

  it('parks and releases as one', async (t) => {
    const { publish, run, heard, clock, log } = await place(t)
    let broken = true
    const running = await run([digest({ size: 3 })], { attempts: 1 }, () => {
      if (broken) throw new Error('broken')
    })
    for (const n of [1, 2, 3]) await publish(n)
    const consumer = await log.consumer('hear', { start: 'now' })
    assert.equal((await consumer.lag()).parked, 1)
    broken = false
    // A parked digest keeps the bodies of all its events.
    await publish(4)
    await log.prune({ count: 0 })
    assert.equal(await consumer.release(1), true)
    await clock.advance(100)
    await running.stop()
    assert.deepEqual(heard, [
      [1, 2, 3],
      [1, 2, 3],
    ])
  })

  for (const [what, before] of [
    ['until a time', { every: '1m' }],
    ['until it is full', { size: 10 }],
  ] as const) {
    it(`loses nothing that it has collected ${what} when its code changes`, async (t) => {
      const { publish, run, heard, clock } = await place(t)
      for (const n of [1, 2]) await publish(n)
      await (await run([digest(before)])).stop()
      const running = await run([digest({ every: '3h' })])
      await publish(3)
      await clock.advance(3_700_000)
      assert.deepEqual(heard, [[1, 2]])
      await clock.advance(3 * 3_600_000)
      await running.stop()
      assert.deepEqual(heard, [[1, 2], [3]])
    })
  }

  it('begins again when its listener is moved back, and loses no event that waited', async (t) => {
    const { publish, run, heard, clock, log } = await place(t)
    for (const n of [1, 2]) await publish(n)
    await (await run([digest({ every: '1m' })])).stop()
    await operations(log).listeners.reset('hear', { to: 'start' })
    const running = await run([digest({ every: '1m' })])
    await publish(3)
    await clock.advance(70_000)
    await running.stop()
    assert.deepEqual(heard, [[1, 2, 3]])
  })

  it('is the last operator', () => {
    assert.throws(
      () =>
        on('number').pipe(
          digest({ size: 2 }),
          map((all) => all),
        ),
      { code: 'TIDINGS_SOURCE_INVALID', message: /^digest\(\{ size: 2 \}\) must be the last operator/ },
    )
  })
})
