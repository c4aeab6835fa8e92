import { randomBytes } from 'node:crypto'
import { systemClock } from '../../lib/core/clock.ts'
import type { Draft } from '../../lib/core/event.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { draft, list } from '../../lib/testing/log-bench.ts'
import { filterFromStart, levelLog, onDisk } from '../support/level-log.ts'

/** A log on disk that keeps a FILTER from its first event. */
export function openFiltered(directory: string): Promise<LevelLog> {
  return levelLog({
    ...onDisk(directory),
    ...filterFromStart(directory),
    clock: systemClock,
    warn: () => undefined,
  })
}

const listeners = ['behind', 'busy', 'young'] as const

/** Every accepted identity. */
const identities: readonly Draft[] = Array.from({ length: 660 }, (_, n) =>
  draft(`no. ${n}`, null, n % 3 === 0 ? 'often' : 'rare'),
)

/** LevelDB stores incompressible data as it is, so its decompression cannot notice a flipped bit. */
const body = (): string => randomBytes(75).toString('base64')

const publish = (log: LevelLog, from: number, to: number): Promise<unknown> =>
  log.accept(identities.slice(from, to).map((each) => ({ ...each, data: body() })))

/**
 * A log with records of every kind: most in tables of several ages, and those of its last life in LevelDB's log file,
 * where commits without events lie between those with events.
 */
export async function tell(directory: string): Promise<void> {
  const lives: ((log: LevelLog) => Promise<unknown>)[] = [
    async (log) => {
      for (let n = 0; n < 400; n += 40) await publish(log, n, n + 40)
      await log.consumer('behind', { start: 'start' })
      await hear(log, 'busy', 30)
      for (let n = 0; n < 30; n++) await log.store('n').set(`old ${n}`, body())
      await (await log.claim('j', new Date(1000), 1000))?.done('done')
    },
    async (log) => {
      for (let n = 400; n < 600; n += 20) await publish(log, n, n + 20)
      await hear(log, 'busy', 100)
      await log.compact()
    },
    async (log) => {
      await hear(log, 'busy', 50)
      await publish(log, 600, 610)
    },
    async (log) => {
      await log.consumer('young', { start: 'now' })
      for (let n = 0; n < 50; n++) {
        if (n % 10 === 5) await publish(log, 610 + (n - 5), 620 + (n - 5))
        await log.store('n').set(`${n}`, body().repeat(10))
        if (n % 5 === 0) await hear(log, 'busy', 10)
        await log.note('j', new Date(2000 + n), n)
      }
      await (await log.claim('j', new Date(3000), 1000))?.done('done')
    },
  ]
  for (const live of lives) {
    const log = await openFiltered(directory)
    await live(log)
    // Enough events for the filter to exist.
    await new Promise((resolve) => setTimeout(resolve, 50))
    await log.close()
  }
}

async function hear(log: LevelLog, name: string, count: number): Promise<void> {
  const consumer = await log.consumer(name, { start: 'start' })
  for (const [i, each] of (await consumer.pull(count, new AbortController().signal)).entries()) {
    if (i === 4) consumer.retry(each, { at: 1e15, error: 'later' })
    else if (i === 5) consumer.park(each, { error: 'never' })
    else consumer.ack(each, [{ namespace: 'n', key: 'heard', value: each.event.seq }])
  }
  await consumer.flush()
}

/** The answers of a log to every query, by name, as text. */
export async function askEverything(log: LevelLog): Promise<Record<string, string>> {
  const said: Record<string, unknown> = { last: await log.last() }
  said['events'] = await list(log.events())
  said['events of a type, newest first'] = await list(log.events({ types: ['rare'], reverse: true }))
  said['events by identity'] = await Promise.all(identities.map((each) => log.get(each.type, each.identifier)))
  said['listeners'] = (await list(log.consumers())).map(({ name, cursor, lag }) => [name, cursor, lag])
  for (const name of listeners) {
    const consumer = await log.consumer(name, { start: 'now' })
    const waiting = (await list(consumer.retrying())).map(({ event, attempts }) => [event.seq, attempts])
    const parked = (await list(consumer.parked())).map(({ event, attempts }) => [event.seq, attempts])
    said[`listener ${name}`] = [consumer.origin, waiting, parked, await consumer.lag()]
  }
  const states = await list(log.store('n').list())
  said['state'] = states
  said['state by key'] = await Promise.all(states.map(({ key }) => log.store('n').get(key)))
  said['runs'] = await list(log.runs('j'))
  return Object.fromEntries(Object.entries(said).map(([what, answer]) => [what, JSON.stringify(answer)]))
}

/** The receipts when everything is published again. This changes the log if it has forgotten an identity. */
export async function askAgain(log: LevelLog): Promise<string> {
  const slot = (await log.claim('j', new Date(3000), 1000)) === undefined ? 'done' : 'not done'
  return JSON.stringify([slot, await log.accept(identities)])
}
