import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { map } from 'rxjs'
import {
  always,
  eventType,
  every,
  type Heard,
  job,
  type Log,
  listener,
  manual,
  memoryLog,
  on,
  Park,
  Retry,
  tryOut,
  where,
} from '../../../lib/index.ts'

const tick = eventType('tick').of<{ n: number }>()
const tock = eventType('tock').of<{ n: number }>()

const ticks = (...ids: readonly string[]) => job('ticks', every(2).seconds, () => ids.map((id, n) => tick(id, { n })))
const hear = listener('hear', on(tick), () => undefined, { from: 'start' })

async function someLog(t: { after(run: () => Promise<void>): void }): Promise<Log> {
  const log = await memoryLog()
  t.after(() => log.close())
  return log
}

const idsOf = (heard: readonly Heard[]): string => heard.map(({ identifier }) => identifier).join(' ')

describe('tryOut', () => {
  it('runs the job once, now, and reports the outcome of each draft', async (t) => {
    const log = await someLog(t)
    const first = await tryOut({ log, job: ticks('a') })
    const second = await tryOut({ log, job: ticks('a', 'b', 'b') })
    assert.deepEqual(first.published, [{ type: 'tick', identifier: 'a', status: 'new', seq: 1 }])
    assert.deepEqual(
      second.published.map(({ identifier, status, seq }) => `${identifier} ${status} ${seq}`),
      ['a duplicate 1', 'b new 2', 'b duplicate 2'],
    )
    const { slot: _, ms: __, began: ___, late: ____, ...run } = second.run ?? {}
    assert.deepEqual(run, { job: 'ticks', attempt: 1, status: 'done', new: 1, changed: 0, duplicate: 2 })
  })

  it('delivers the events accepted meanwhile, its own too, whatever the option `from`', async (t) => {
    const log = await someLog(t)
    await log.accept([tick('old', { n: 0 })])
    const both = listener(
      'both',
      on(tick, tock),
      async (event, { publish }) => {
        if (event.type === 'tick') await publish(tock, event.identifier, event.data)
      },
      { from: 'start' },
    )
    const { heard, published } = await tryOut({ log, job: ticks('a', 'b'), listener: both })
    assert.deepEqual(heard.map(({ type, identifier }) => `${type} ${identifier}`).sort(), [
      'tick a',
      'tick b',
      'tock a',
      'tock b',
    ])
    assert.equal(published.length, 4)
    assert.deepEqual((await tryOut({ log, job: ticks('a', 'b'), listener: both })).heard, [])
  })

  it('delivers stored events again: those from before the run, of types that the listener listens on', async (t) => {
    const log = await someLog(t)
    await log.accept([tick('a', { n: 0 }), tock('a', { n: 1 }), tick('b', { n: 2 })])
    const again = async (which: { type?: string; identifier?: string }, ...more: readonly string[]) =>
      tryOut({ log, listener: hear, again: which, ...(more.length === 0 ? {} : { job: ticks(...more) }) })
    assert.equal(idsOf((await again({ type: 'tick' })).heard), 'a b')
    assert.equal(idsOf((await again({ type: 'tick', identifier: 'b' })).heard), 'b')
    const patterned = await again({ type: 't*ck', identifier: 'a' })
    assert.deepEqual([idsOf(patterned.heard), patterned.again, patterned.unheard], ['a', 2, 1])
    const both = await again({ type: 'tick' }, 'a', 'c')
    assert.deepEqual(idsOf(both.heard).split(' ').sort(), ['a', 'b', 'c'])
    assert.equal((await again({ type: 'nothing' })).again, 0)
  })

  it('leaves no cursor, retry or parked event behind', async (t) => {
    const log = await someLog(t)
    const failing = listener('hear', on(tick), () => Promise.reject(new Error('down')))
    await tryOut({ log, job: ticks('a'), listener: failing })
    await tryOut({ log, listener: failing, again: { type: 'tick' } })
    for await (const { name } of log.consumers()) assert.fail(`there is a consumer ${name}`)
    const consumer = await log.consumer('hear', { start: 'start' })
    assert.equal(consumer.origin, 'new')
    assert.deepEqual(await consumer.lag(), { behind: 1, running: 0, retrying: 0, parked: 0 })
  })

  it('leaves the stored cursor of a listener of that name alone', async (t) => {
    const log = await someLog(t)
    await log.accept([tick('a', { n: 0 })])
    await log.consumer('hear', { start: 'start' })
    await tryOut({ log, job: ticks('b'), listener: hear, again: { type: 'tick' } })
    const cursors: unknown[] = []
    for await (const { name, cursor } of log.consumers()) cursors.push([name, cursor])
    assert.deepEqual(cursors, [['hear', 0]])
  })

  it('tries each delivery once, whatever its listener or its error asks for', async (t) => {
    const log = await someLog(t)
    const errors = [new Error('down'), new Retry({ after: '1h' }), new Park('not this')]
    let attempts = 0
    const failing = listener(
      'failing',
      on(tick),
      (event) => {
        attempts += 1
        const error = errors[event.data.n]
        if (error !== undefined) throw error
      },
      { attempts: 9 },
    )
    const { heard } = await tryOut({ log, job: ticks('a', 'b', 'c', 'd'), listener: failing })
    assert.equal(attempts, 4)
    assert.deepEqual(
      heard.map(({ identifier, error }) => `${identifier} ${error?.message.slice(0, 8) ?? 'fine'}`),
      ['a down', `b ${errors[1]?.message.slice(0, 8)}`, 'c not this', 'd fine'],
    )
  })

  it('reports a failed job at once, also if it threw Retry', { timeout: 60_000 }, async (t) => {
    const log = await someLog(t)
    for (const error of [new Error('no luck'), new Retry({ after: '1h' })]) {
      const bad = job(
        'bad',
        manual(),
        ({ publish }) => {
          publish('tick', 'x', { n: 1 })
          throw error
        },
        { retry: 9, jitter: '1h' },
      )
      const { run, heard } = await tryOut({ log, job: bad, listener: hear })
      assert.equal(run?.error, error)
      assert.equal(heard.length, run?.new)
    }
  })

  it('counts the values that the pipe emitted, and keeps the state of both', async (t) => {
    const log = await someLog(t)
    const counting = job('counting', manual(), async ({ state }) => {
      const n = ((await state.get<number>('n')) ?? 0) + 1
      state.set('n', n)
      return tick(String(n), { n })
    })
    const seen: unknown[] = []
    const odd = listener(
      'odd',
      on(tick).pipe(
        where((event) => event.data.n % 2 === 1),
        map((event) => event.data.n),
      ),
      async (n, { state }) => {
        seen.push([n, await state.get('last')])
        state.set('last', n)
      },
    )
    const heard: Heard[] = []
    for (let i = 0; i < 3; i++) heard.push(...(await tryOut({ log, job: counting, listener: odd })).heard)
    assert.deepEqual(
      heard.map(({ values }) => values),
      [1, 0, 1],
    )
    assert.deepEqual(seen, [
      [1, undefined],
      [3, 1],
    ])
  })

  it('ends when its signal aborts: an endless job, a delivery that hangs', async (t) => {
    const log = await someLog(t)
    const endless = job('endless', always(), ({ publish }) => {
      publish(tick, 'a', { n: 1 })
      return new Promise<void>(() => undefined)
    })
    const stop = new AbortController()
    const hanging = listener('hanging', on(tick), () => {
      stop.abort(new Error('enough'))
      return new Promise(() => undefined)
    })
    const { heard } = await tryOut({ log, job: endless, listener: hanging, signal: stop.signal })
    assert.deepEqual(
      heard.map(({ error }) => error?.message),
      ['enough'],
    )
  })
})
