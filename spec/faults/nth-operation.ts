import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agent } from '../../lib/agent/define/agent.ts'
import { operationsOf } from '../../lib/agent/operations/operations.ts'
import type { Running } from '../../lib/agent/run/running.ts'
import { start } from '../../lib/agent/start.ts'
import { asError } from '../../lib/core/errors.ts'
import type { StoredEvent } from '../../lib/core/event.ts'
import { job } from '../../lib/job/job.ts'
import type { RunRow } from '../../lib/job/run-report.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { type Delivery, listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { every } from '../../lib/schedule/index.ts'
import { list } from '../../lib/testing/log-bench.ts'
import { type VirtualClock, virtualClock } from '../../lib/testing/virtual-clock.ts'
import { unhandled } from '../support/agent-harness.ts'
import { FailingStore, failingLog, OPERATIONS, type Operation } from '../support/failing-store.ts'

const SECOND = 1000
/** In seconds: the length of a life, the part of it with an event each second, and the pause between two lives. */
const LIFE = 21
const GIVEN = 10
const DOWN = 16
/** Everything is settled this long after the last input, in seconds: by then all pauses are over. */
const CALM = 15

/** A record of what was acknowledged, handled and parked, for the checks at the end. */
interface World {
  readonly clock: VirtualClock
  readonly accepted: Map<number, string>
  readonly handled: Record<'plain' | 'flaky' | 'news', Set<number>>
  readonly lines: string[]
}

function world(): World {
  const clock = virtualClock()
  const handled = { plain: new Set<number>(), flaky: new Set<number>(), news: new Set<number>() }
  return { clock, accepted: new Map(), handled, lines: [] }
}

/** Two jobs and three listeners, with state, retries, parking, and events of the engine. */
function parts({ handled, accepted }: World) {
  const run =
    (type: string) =>
    async ({ slot, publish, state }: Parameters<Parameters<typeof job>[2]>[0]) => {
      state.set('runs', ((await state.get<number>('runs')) ?? 0) + 1)
      const { seq } = await publish(type, slot.toISOString(), 1)
      accepted.set(seq, type)
    }
  const options = { from: 'start', backoff: { min: 500, max: 1000 }, attempts: 2 } as const
  return agent('every-n', [
    job('tick', every(10).seconds, run('tick'), { missed: 'all' }),
    job('tock', every(7).seconds, run('tock'), { missed: 'all', overlap: 'queue' }),
    listener('plain', on('made', 'tick', 'tock'), ({ seq }) => void handled.plain.add(seq), options),
    listener(
      'flaky',
      on('made'),
      async ({ seq }, { attempt, state }: Delivery) => {
        if (seq % 3 === 0 && attempt === 1) throw new Error('once more')
        if (seq % 5 === 0) throw new Error('never')
        const count = (await state.get<number>('count')) ?? 0
        state.set('count', count + 1)
        handled.flaky.add(seq)
      },
      { ...options, ordered: true },
    ),
    listener(
      'news',
      on('tidings.listener.parked'),
      ({ data }) => void handled.news.add((data as { seq: number }).seq),
      options,
    ),
  ])
}

const openLog = (store: FailingStore, { clock, lines }: World): Promise<LevelLog> =>
  failingLog(store, { clock, warn: (message) => void lines.push(message), sessions: true })

/** Starts an agent, and retries when that fails, as a process supervisor does; time passes meanwhile. */
async function insist<T>({ clock, lines }: World, act: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    let end: (() => T) | undefined
    act().then(
      (value) => (end = () => value),
      (error: unknown) => {
        lines.push(asError(error).message)
        if (tries < 3) end = () => undefined as T
        else
          end = () => {
            throw error
          }
      },
    )
    for (let waited = 0; end === undefined; waited++) {
      if (waited > 2000) throw new Error('nothing came of it')
      await clock.advance(100)
      // Loading a module takes real time, not the clock's.
      if (waited > 600) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const value = end()
    if (value !== undefined) return value
  }
}

/** A life of the agent: its input is offered until it is accepted. */
async function live(store: FailingStore, here: World, seconds: number, first: number): Promise<void> {
  const { clock, accepted, lines } = here
  const log = await insist(here, () => openLog(store, here))
  const said = (level: string) => (fields: object, words: string) =>
    words === 'listener failed' ||
    lines.push(
      `${level} ${words} ${JSON.stringify({ ...fields, err: undefined })} ${asError((fields as { err?: unknown }).err ?? '').message}`,
    )
  const logger = { debug: () => undefined, info: () => undefined, warn: said('warn'), error: said('error') }
  let running: Running
  try {
    running = await insist(here, () => start(parts(here), { log, clock, logger }))
  } catch (error) {
    await log.close().catch(() => undefined)
    throw error
  }
  for (let second = 0; second < seconds; second++) {
    if (second < GIVEN) {
      const draft = { type: 'made', identifier: `${first + second}`, data: null }
      const [receipt] = await insist(here, () => log.accept([draft]))
      accepted.set(receipt?.seq as number, 'made')
    }
    await clock.advance(SECOND)
  }
  if (first > 0) {
    store.calm = true
    await look(log, running, here)
  }
  let stopped = false
  const stopping = running.stop().finally(() => (stopped = true))
  for (let waited = 0; !stopped && waited < 200; waited++) await clock.advance(100)
  await stopping
  await log.close().catch((error: unknown) => void lines.push(`close: ${asError(error).message}`))
}

/** Checks everything, once nothing fails any more. */
async function look(log: LevelLog, running: Running, here: World): Promise<void> {
  const { accepted, handled, clock } = here
  const events = new Map((await list(log.events())).map((event): [number, StoredEvent] => [event.seq, event]))
  for (const [seq, type] of accepted)
    assert.equal(events.get(seq)?.type, type, `event ${seq} was acknowledged, and is lost`)
  const { jobs, listeners, problems } = await running.status()
  assert.deepEqual(problems, [])
  assert.equal(jobs.length, 2)
  for (const { name, behind, running: going, retrying } of listeners)
    assert.deepEqual({ name, open: behind + going + retrying }, { name, open: 0 })
  const mine = (type: RegExp) => [...events.values()].filter((event) => type.test(event.type)).map(({ seq }) => seq)
  assert.deepEqual(missing(mine(/^(made|tick|tock)$/), handled.plain), [], 'plain has not heard')
  const parked = new Set(
    (await list((await log.consumer('flaky', { start: 'now' })).parked())).map(({ event }) => event.seq),
  )
  assert.deepEqual(missing(mine(/^made$/), new Set([...handled.flaky, ...parked])), [], 'flaky has not heard')
  assert.deepEqual(missing([...parked], handled.news), [], 'nobody told that these are parked')
  for (const [name, seconds] of [
    ['tick', 10],
    ['tock', 7],
  ] as const)
    fates(name, await operationsOf(log, running as never).jobs.history(name), clock.now() - SECOND, seconds)
  assert.deepEqual(await log.verify(), { ok: true, problems: [] })
}

function missing(wanted: readonly number[], known: ReadonlySet<number>): number[] {
  return wanted.filter((seq) => !known.has(seq))
}

// Each slot has exactly one fate. Times before the job was first seen are not slots.
function fates(name: string, rows: readonly RunRow[], until: number, seconds: number): void {
  const known = new Map<number, string[]>()
  const add = (at: number, status: string): void => void known.set(at, [...(known.get(at) ?? []), status])
  const step = seconds * SECOND
  for (const { slot, until: last = slot, status } of rows)
    for (let at = Date.parse(slot); at <= Date.parse(last); at += step) add(at, status)
  const first = Math.min(...known.keys())
  for (let at = first; at <= until; at += step) {
    const all = known.get(at) ?? []
    const final = all.filter((status) => status !== 'abandoned')
    assert.ok(
      all.length >= 1 && final.length <= 1,
      `${name}: slot ${new Date(at).toISOString()} has ${all.join() || 'no fate'}`,
    )
  }
}

/** Runs both lives while the nth operation of a kind fails; returns the number of operations. */
async function lives(fails: (operation: Operation, nth: number) => boolean): Promise<FailingStore> {
  const here = world()
  const store = new FailingStore(fails)
  try {
    const seen = await unhandled(async () => {
      await live(store, here, LIFE, 0)
      await here.clock.advance(DOWN * SECOND)
      await live(store, here, LIFE + CALM, 100)
    })
    assert.deepEqual(seen, [])
  } catch (error) {
    throw new Error(`${asError(error).message}\n${here.lines.join('\n')}`, { cause: error })
  }
  return store
}

/** The operations to fail: all, or `most` of them, spread evenly, with the first and the last. */
function numbers(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i + 1)
  return [...new Set(Array.from({ length: most }, (_, i) => 1 + Math.round((i * (count - 1)) / (most - 1))))]
}

/** `most`: how many operations of each kind fail, each in lives of its own. */
export function nthOperationSuite(most: number): void {
  describe('a store with one failing operation, in two lives of two jobs and three listeners', () => {
    let counts: Record<Operation, number> | undefined
    it('works, with many operations, when no operation fails', async () => {
      const { done } = await lives(() => false)
      counts = { ...done }
      for (const operation of OPERATIONS) assert.ok(done[operation] >= 2, operation)
    })

    for (const operation of OPERATIONS) {
      it(`delivers every event, and gives every slot its fate: ${operation}`, async (t) => {
        const tried = numbers(counts?.[operation] ?? 0, most)
        assert.ok(tried.length > 0)
        const wrong: string[] = []
        let failed = 0
        for (const n of tried) {
          const store = await lives((kind, nth) => kind === operation && nth === n).catch((error: unknown) => {
            wrong.push(`${operation} ${n} of ${counts?.[operation]}: ${asError(error).message}`)
          })
          failed += store?.failed ?? 0
        }
        t.diagnostic(`${operation}: ${tried.length} of ${counts?.[operation]} were tried, ${failed} failed`)
        assert.deepEqual(wrong, [], `${wrong.length} of ${tried.length} went wrong`)
      })
    }
  })
}
