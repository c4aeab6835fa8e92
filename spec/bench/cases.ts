import {
  agent,
  type LevelLog,
  listener,
  type On,
  on,
  openLog,
  type StoredEvent,
  start,
  where,
} from '../../lib/index.ts'
import { draft, inDirectory, perSecond, rawRecords, rawStore, rawWrite } from './workload.ts'

/**
 * One line of the table: what is measured, against what, and how much of it is hoped for. Both give a rate, in events a
 * second; they run in turns.
 */
export interface Case {
  readonly name: string
  readonly against: string
  readonly atLeast: number
  ours(): Promise<number>
  reference(): Promise<number>
}

const EVENTS = 60_000

async function drain(count: number, inFlight: number, perAccept: number, log: LevelLog): Promise<void> {
  let next = 0
  const publisher = async (): Promise<void> => {
    while (next < count) {
      const first = next
      next += perAccept
      await log.accept(Array.from({ length: perAccept }, (_, i) => draft(first + i)))
    }
  }
  await Promise.all(Array.from({ length: inFlight }, publisher))
}

/** Publishes, with one durable listener that hears it all: until the last event is handled. */
function endToEnd(count: number, inFlight: number, perAccept: number): Promise<number> {
  return inDirectory(async (directory) => {
    const log = await openLog(directory)
    const hear = listener('hear', on('pr.opened'), async () => undefined)
    const running = await start(agent('bench', [hear]), { log, logger: false })
    const rate = await perSecond(count, async () => {
      await drain(count, inFlight, perAccept, log)
      await running.drained()
    })
    await running.stop()
    await log.close()
    return rate
  })
}

function raw(count: number, batchSize: number): Promise<number> {
  return inDirectory(async (directory) => {
    const db = await rawStore(directory)
    const rate = await perSecond(count, () => rawWrite(db, 0, count, batchSize))
    await db.close()
    return rate
  })
}

/** A log with so many events in it. */
async function filled<T>(count: number, work: (log: LevelLog) => Promise<T>): Promise<T> {
  return inDirectory(async (directory) => {
    const log = await openLog(directory)
    await drain(count, 16, 100, log)
    try {
      return await work(log)
    } finally {
      await log.close()
    }
  })
}

function duplicates(pick: (i: number) => number, count: number): Promise<number> {
  return filled(EVENTS, (log) =>
    perSecond(count, async () => {
      for (let i = 0; i < count; i += 100) {
        await log.accept(Array.from({ length: 100 }, (_, k) => draft(pick(i + k))))
      }
    }),
  )
}

function rawLookUps(count: number): Promise<number> {
  return inDirectory(async (directory) => {
    const db = await rawStore(directory)
    await rawWrite(db, 0, EVENTS, 333)
    const rate = await perSecond(count, async () => {
      for (let i = 0; i < count; i++) db.getSync(rawRecords(scattered(i))[1]?.[0] ?? '')
    })
    await db.close()
    return rate
  })
}

/** All over the log, and the same each time. */
function scattered(i: number): number {
  return (i * 7919) % EVENTS
}

function replay(listeners: number, filters: number): Promise<number> {
  return filled(EVENTS, async (log) => {
    let source: On<StoredEvent> = on('pr.*')
    for (let i = 0; i < filters; i++) source = source.pipe(where((event) => event.seq > 0))
    const all = Array.from({ length: listeners }, (_, i) =>
      listener(`hear ${i}`, source, () => undefined, { from: 'start' }),
    )
    return perSecond(EVENTS, async () => {
      const running = await start(agent('bench', all), { log, logger: false })
      await running.drained()
      await running.stop()
    })
  })
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

const ONE_BY_ONE = 3000

export const cases: readonly Case[] = [
  {
    name: 'one draft an accept, 1024 in flight, end to end',
    against: 'raw chained synced batches of 333',
    atLeast: 0.8,
    ours: () => endToEnd(EVENTS, 1024, 1),
    reference: () => raw(EVENTS, 333),
  },
  {
    name: '100 drafts an accept, 16 in flight, end to end',
    against: 'raw chained synced batches of 333',
    atLeast: 1,
    ours: () => endToEnd(EVENTS, 16, 100),
    reference: () => raw(EVENTS, 333),
  },
  {
    name: 'one awaited accept at a time',
    against: 'one raw awaited synced batch at a time',
    atLeast: 0.8,
    ours: () =>
      inDirectory(async (directory) => {
        const log = await openLog(directory)
        const rate = await perSecond(ONE_BY_ONE, () => drain(ONE_BY_ONE, 1, 1, log))
        await log.close()
        return rate
      }),
    reference: () => raw(ONE_BY_ONE, 1),
  },
  {
    name: 'duplicates, seen lately',
    against: 'raw getSync on such a store',
    atLeast: 4,
    ours: () => duplicates((i) => EVENTS - 1 - (i % 1000), 100_000),
    reference: () => rawLookUps(100_000),
  },
  {
    name: 'duplicates, anywhere in the log',
    against: 'raw getSync on such a store',
    atLeast: 0.8,
    ours: () => duplicates(scattered, 100_000),
    reference: () => rawLookUps(100_000),
  },
  {
    name: 'replay of stored events to a trivial listener',
    against: 'raw nextv and JSON.parse',
    atLeast: 0.7,
    ours: () => replay(1, 0),
    reference: rawRead,
  },
  {
    name: 'ten listeners that all match',
    against: 'one listener',
    atLeast: 0.5,
    ours: () => replay(10, 0),
    reference: () => replay(1, 0),
  },
]
