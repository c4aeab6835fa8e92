import {
  agent,
  type Delivery,
  type LevelLog,
  listener,
  type On,
  on,
  openLog,
  type StoredEvent,
  start,
  where,
} from '../../lib/index.ts'
import { idleListeners } from './idle-listeners.ts'
import { added, type Case, speed, time } from './measure.ts'
import { monitored } from './monitoring.ts'
import { readPromised, writePromised } from './promises.ts'
import { byFilter, byTime, byType } from './queries.ts'
import { command, node } from './start-up.ts'
import { draft, inDirectory, perSecond, publish, rawRecords, rawStore, rawWrite } from './workload.ts'

const EVENTS = 60_000

/** Publishes to durable listeners, until they have handled the last event. */
function endToEnd(inFlight: number, perAccept: number, listeners = 1): Promise<number> {
  return inDirectory(async (directory) => {
    const log = await openLog(directory)
    const all = Array.from({ length: listeners }, (_, i) =>
      listener(`hear ${i}`, on('pr.opened'), async () => undefined),
    )
    const running = await start(agent('bench', all), { log, logger: false })
    const rate = await perSecond(EVENTS, async () => {
      await publish(log, { from: 0, to: EVENTS, inFlight, perAccept })
      await running.drained()
    })
    await running.stop()
    await log.close()
    return rate
  })
}

function raw(count: number, batchSize: number, write = rawWrite): Promise<number> {
  return inDirectory(async (directory) => {
    const db = await rawStore(directory)
    const rate = await perSecond(count, () => write(db, 0, count, batchSize))
    await db.close()
    return rate
  })
}

/** A log with this many events. */
async function filled<T>(count: number, work: (log: LevelLog) => Promise<T>): Promise<T> {
  return inDirectory(async (directory) => {
    const log = await openLog(directory)
    await publish(log, { from: 0, to: count, inFlight: 16, perAccept: 100 })
    try {
      return await work(log)
    } finally {
      await log.close()
    }
  })
}

function duplicates(pick: (i: number) => number, stored: number): Promise<number> {
  const count = 100_000
  return filled(stored, (log) =>
    perSecond(count, async () => {
      for (let i = 0; i < count; i += 100) {
        await log.accept(Array.from({ length: 100 }, (_, k) => draft(pick(i + k))))
      }
    }),
  )
}

function rawLookUps(pick: (i: number) => number, stored: number): Promise<number> {
  const count = 100_000
  return inDirectory(async (directory) => {
    const db = await rawStore(directory)
    await rawWrite(db, 0, stored, 333)
    const rate = await perSecond(count, async () => {
      for (let i = 0; i < count; i++) db.getSync(rawRecords(pick(i))[1]?.[0] ?? '')
    })
    await db.close()
    return rate
  })
}

/** Spread over the whole log, and the same each time. */
const anywhere =
  (stored: number) =>
  (i: number): number =>
    (i * 7919) % stored

function replay(filters: number, handle: Handle = () => undefined): Promise<number> {
  return filled(EVENTS, async (log) => {
    let source: On<StoredEvent> = on('pr.*')
    for (let i = 0; i < filters; i++) source = source.pipe(where((event) => event.seq > 0))
    const hear = listener('hear', source, handle, { from: 'start' })
    return perSecond(EVENTS, async () => {
      const running = await start(agent('bench', [hear]), { log, logger: false })
      await running.drained()
      await running.stop()
    })
  })
}

type Handle = (event: StoredEvent, delivery: Delivery) => void

/** Reads its delivery, as a handler does that depends on the attempt. */
const looksAtDelivery: Handle = (_, { attempt }) => {
  if (attempt > 1) throw new Error('a replay delivers each event once')
}

function rawRead(): Promise<number> {
  return inDirectory(async (directory) => {
    const db = await rawStore(directory)
    await rawWrite(db, 0, EVENTS, 333)
    const rate = await perSecond(EVENTS, async () => {
      const iterator = db.iterator({ gte: 'e', lt: 'f', highWaterMarkBytes: 1 << 20 })
      for (let page = await iterator.nextv(5000); page.length > 0; page = await iterator.nextv(5000)) {
        for (const [, value] of page) JSON.parse(value)
      }
      await iterator.close()
    })
    await db.close()
    return rate
  })
}

/** As `rawRead`, of events that are checked and frozen. */
function readChecked(): Promise<number> {
  return inDirectory(async (directory) => {
    const db = await rawStore(directory)
    await writePromised(db, 0, EVENTS, 333)
    const rate = await perSecond(EVENTS, () => readPromised(db))
    await db.close()
    return rate
  })
}

/** A query for 100 events of a million, beside the same of ten thousand. */
function query(by: string, ask: (stored: number) => Promise<number>): Case {
  return {
    name: `100 events of a million, by ${by}`,
    against: '100 of ten thousand',
    hope: '< 10 ×',
    figure: time,
    ours: () => ask(MILLION),
    reference: () => ask(MILLION / 100),
  }
}

const ONE_BY_ONE = 3000
const MILLION = 1_000_000

export const cases: readonly Case[] = [
  {
    name: 'one draft an accept, 1024 in flight, end to end',
    against: 'raw chained synced batches of 333',
    hope: '≥ 0.95 ×',
    figure: speed,
    ours: () => endToEnd(1024, 1),
    reference: () => raw(EVENTS, 333),
  },
  {
    name: '100 drafts an accept, 16 in flight, end to end',
    against: 'raw chained synced batches of 333',
    hope: '≥ 1.2 ×',
    figure: speed,
    ours: () => endToEnd(16, 100),
    reference: () => raw(EVENTS, 333),
  },
  {
    name: 'the promises to an accepted event, without an engine',
    against: 'raw chained synced batches of 333',
    hope: 'the limit of both',
    figure: speed,
    ours: () => raw(EVENTS, 333, writePromised),
    reference: () => raw(EVENTS, 333),
  },
  {
    name: 'one awaited accept at a time',
    against: 'one raw awaited synced batch at a time',
    hope: '≥ 0.9 ×',
    figure: speed,
    ours: () =>
      inDirectory(async (directory) => {
        const log = await openLog(directory)
        const orders = { from: 0, to: ONE_BY_ONE, inFlight: 1, perAccept: 1 }
        const rate = await perSecond(ONE_BY_ONE, () => publish(log, orders))
        await log.close()
        return rate
      }),
    reference: () => raw(ONE_BY_ONE, 1),
  },
  {
    name: 'duplicates, seen lately',
    against: 'raw getSync on such a store',
    hope: '≥ 4 ×',
    figure: speed,
    ours: () => duplicates((i) => EVENTS - 1 - (i % 1000), EVENTS),
    reference: () => rawLookUps((i) => EVENTS - 1 - (i % 1000), EVENTS),
  },
  {
    name: 'duplicates, anywhere among a million',
    against: 'raw getSync on such a store',
    hope: '≥ 0.9 ×',
    figure: speed,
    ours: () => duplicates(anywhere(MILLION), MILLION),
    reference: () => rawLookUps(anywhere(MILLION), MILLION),
  },
  {
    name: 'replay of stored events to a trivial listener',
    against: 'raw nextv and JSON.parse',
    hope: '≥ 0.8 ×',
    figure: speed,
    ours: () => replay(0),
    reference: rawRead,
  },
  {
    name: 'the promises to a stored event, without an engine',
    against: 'raw nextv and JSON.parse',
    hope: 'the limit of it',
    figure: speed,
    ours: readChecked,
    reference: rawRead,
  },
  {
    name: 'a pipe of 5 filters on a listener',
    against: 'none',
    hope: '< 1.5 µs',
    figure: added,
    ours: () => replay(5),
    reference: () => replay(0),
  },
  {
    name: 'a handler that looks at its delivery',
    against: 'one that does not',
    hope: '< 0.5 µs',
    figure: added,
    ours: () => replay(0, looksAtDelivery),
    reference: () => replay(0),
  },
  {
    name: '10 listeners that all match',
    against: 'one, both while 100 drafts an accept come, 16 in flight',
    hope: '≤ 1.5 ×',
    figure: time,
    ours: () => endToEnd(16, 100, 10),
    reference: () => endToEnd(16, 100, 1),
  },
  {
    name: 'CPU of an event beside 200 listeners that hear none',
    against: 'the same beside one such listener',
    hope: '< 1.5 ×',
    figure: time,
    ours: () => idleListeners(200),
    reference: () => idleListeners(1),
  },
  {
    name: 'CPU of an event that is counted for metrics',
    against: 'the same, uncounted',
    hope: '< 1.02 ×',
    figure: time,
    ours: () => monitored({}),
    reference: () => monitored({ counted: false }),
  },
  {
    name: 'CPU of an event while five watch `live`',
    against: 'the same, unwatched',
    hope: '< 1.05 ×',
    figure: time,
    ours: () => monitored({ viewers: 5 }),
    reference: () => monitored({}),
  },
  query('type', byType),
  query('time', byTime),
  query('a filter of type and time', byFilter),
  {
    name: '`tidings --version`',
    against: '`node -e 0`',
    hope: '≤ 1.8 ×',
    figure: time,
    ours: () => command('dist/bin/tidings.js', '--version'),
    reference: node,
  },
  {
    name: '`agent-test -m -j hello.myJob`',
    against: '`node -e 0`',
    hope: '≤ 3.5 ×',
    figure: time,
    ours: () => command('dist/bin/agent-test.js', '-m', '-j', 'hello.myJob'),
    reference: node,
  },
]
