import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Subject } from 'rxjs'
import { type Drainable, drained } from '../../../lib/agent/run/drained.ts'
import { tryOut } from '../../../lib/agent/try/try-out.ts'
import { Retry } from '../../../lib/core/control.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { where } from '../../../lib/filter/where.ts'
import { job } from '../../../lib/job/job.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { manual } from '../../../lib/schedule/index.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { place } from '../../support/agent-harness.ts'
import { until } from '../../support/until.ts'

const made = eventType('made').of<{ n: number }>()
const other = eventType('other').of<{ n: number }>()
const some = (count: number, type: typeof made | typeof other = made) =>
  Array.from({ length: count }, (_, n) => type(String(n), { n }))

/** Fails when it takes long in real time: a wait on a virtual clock that stands still never ends. */
async function soon<T>(work: Promise<T>): Promise<T> {
  const over = new AbortController()
  const late = sleep(30_000, undefined, { signal: over.signal }).then(
    () => assert.fail('it did not settle'),
    () => undefined as never,
  )
  return Promise.race([work, late]).finally(() => over.abort())
}

// No test in here advances the virtual clock.
describe('drained, while the clock stands still', () => {
  it('resolves once all published events are handled', async (t) => {
    const here = await place(t)
    const heard: number[] = []
    const running = await here.begin([
      job('make', manual(), () => some(700)),
      listener('sync', on(made), ({ data }) => void heard.push(data.n)),
      listener('async', on(made), async ({ data }) => {
        await new Promise((resolve) => setImmediate(resolve))
        heard.push(data.n)
      }),
    ])
    await soon(running.trigger('make'))
    await soon(running.drained())
    assert.equal(heard.length, 1400)
  })

  it('resolves for several callers, repeatedly', async (t) => {
    const here = await place(t)
    let heard = 0
    const running = await here.begin([listener('hear', on(made), () => void (heard += 1))])
    for (let n = 1; n <= 5; n++) {
      await here.log.accept([made(String(n), { n })])
      await soon(Promise.all([running.drained(), running.drained(), running.drained()]))
      assert.equal(heard, n)
    }
  })

  it('resolves when events are passed over, because of their type or because they are untold', async (t) => {
    const here = await place(t)
    const running = await here.begin([listener('hear', on(made), () => assert.fail('it heard something'))])
    await here.log.accept(some(1200, other))
    await soon(running.drained())
    await here.log.accept(some(3), { told: false })
    await soon(running.drained())
  })

  it('waits for resumed listeners, not for paused ones', async (t) => {
    const here = await place(t)
    let heard = 0
    const running = await here.begin([listener('hear', on(made), () => void (heard += 1))])
    const steered = running as unknown as { pause(kind: string, name: string, paused: boolean): void }
    steered.pause('listener', 'hear', true)
    await here.log.accept(some(3))
    await soon(running.drained())
    assert.equal(heard, 0)
    steered.pause('listener', 'hear', false)
    await soon(running.drained())
    assert.equal(heard, 3)
  })

  it('resolves when the listener that it waits for is paused', async (t) => {
    const here = await place(t)
    const stuck: (() => void)[] = []
    const running = await here.begin([
      listener('stuck', on(made), () => new Promise<void>((resolve) => stuck.push(resolve))),
    ])
    await here.log.accept(some(1))
    const waiting = running.drained()
    await until(() => stuck.length > 0)
    ;(running as unknown as { pause(kind: string, name: string, paused: boolean): void }).pause(
      'listener',
      'stuck',
      true,
    )
    await soon(waiting)
    stuck[0]?.()
  })

  it('waits for a listener that is added while it waits', async (t) => {
    const here = await place(t)
    const begun: (() => void)[] = []
    const running = await here.begin([
      listener('first', on(made), () => new Promise<void>((resolve) => begun.push(resolve))),
    ])
    await here.log.accept(some(1))
    const waiting = running.drained()
    await until(() => begun.length > 0)
    const late: number[] = []
    await running.add(listener('late', on(made), ({ data }) => void late.push(data.n), { from: 'start' }))
    begun[0]?.()
    await soon(waiting)
    assert.deepEqual(late, [0])
  })

  it('resolves for an agent that took its listeners over from another agent', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    const hears = (who: string) => listener('hear', on(made), ({ data }) => void heard.push(`${who} ${data.n}`))
    await here.begin([hears('first')])
    const second = await here.begin([hears('second')])
    await here.log.accept(some(3))
    await soon(second.drained())
    assert.deepEqual(heard, ['second 0', 'second 1', 'second 2'])
  })

  it('resolves when a failing delivery waits for its next attempt, or is parked', async (t) => {
    const here = await place(t)
    const no = () => Promise.reject(new Error('no'))
    const running = await here.begin([
      listener('retries', on(made), no),
      listener('parks', on(made), no, { attempts: 1 }),
    ])
    await here.log.accept(some(4))
    await soon(running.drained())
    const { listeners } = await running.status()
    assert.deepEqual(
      listeners.map(({ retrying, parked }) => [retrying, parked]),
      [
        [4, 0],
        [0, 4],
      ],
    )
  })

  for (const [wait, after] of [
    ['a short retry', 500],
    ['a long retry', 60_000],
  ] as const)
    for (const [order, ordered] of [
      ['all events are in order', true],
      ['those of its key are in order', () => 'one key'],
    ] as const)
      it(`resolves when events wait for one that waits for ${wait}, as ${order}`, async (t) => {
        const here = await place(t)
        const heard: number[] = []
        const once = ({ data }: { data: { n: number } }, { attempt }: { attempt: number }) => {
          if (data.n === 0 && attempt === 1) throw new Retry({ after })
          heard.push(data.n)
        }
        const running = await here.begin([listener('hear', on(made), once, { ordered })])
        await here.log.accept(some(700))
        await soon(running.drained())
        assert.deepEqual(heard, [])
        // What comes later waits too.
        await here.log.accept([made('later', { n: 700 })])
        await soon(running.drained())
        assert.deepEqual(heard, [])
        await here.clock.advance(after + 2000)
        await soon(running.drained())
        assert.deepEqual(
          heard,
          Array.from({ length: 701 }, (_, n) => n),
        )
      })

  it('waits for an event that is not held back, and resolves once all others are', async (t) => {
    const here = await place(t)
    const begun: (() => void)[] = []
    const hear = listener(
      'hear',
      on(made),
      ({ data }) => {
        if (data.n === 0) throw new Retry({ after: 500 })
        return new Promise<void>((resolve) => begun.push(resolve))
      },
      { ordered: ({ data: { n } }) => (n < 10 ? 'held' : 'free'), concurrency: 2 },
    )
    const running = await here.begin([hear])
    await here.log.accept([...some(10), made('10', { n: 10 })])
    let done = false
    const waiting = running.drained().then(() => (done = true))
    await until(() => begun.length > 0)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(done, false)
    begun[0]?.()
    await soon(waiting)
  })

  it('waits for events that listeners publish for each other', async (t) => {
    const here = await place(t)
    // A longer chain of causes is refused.
    const last = 8
    const heard: number[] = []
    const passOn = (parity: number) =>
      listener(
        `of ${parity}`,
        on(made).pipe(where(({ data }) => data.n % 2 === parity)),
        async ({ data }, { publish }) => {
          await new Promise((resolve) => setImmediate(resolve))
          heard.push(data.n)
          if (data.n < last) await publish(made(String(data.n + 1), { n: data.n + 1 }))
        },
      )
    const running = await here.begin([passOn(0), passOn(1)])
    await here.log.accept([made('0', { n: 0 })])
    await soon(running.drained())
    assert.deepEqual(
      heard,
      Array.from({ length: last + 1 }, (_, n) => n),
    )
  })

  it('resolves at once for an agent without listeners', async (t) => {
    const here = await place(t)
    const running = await here.begin([job('make', manual(), () => some(3))])
    await soon(running.trigger('make'))
    await soon(running.drained())
  })

  it('does not wait for a listener that the log refuses to open', async (t) => {
    const here = await place(t)
    const running = await here.begin([
      listener('late', on(made), () => assert.fail('it heard something'), { from: 1_795_880_000_000 }),
    ])
    await here.log.accept(some(3))
    await soon(running.drained())
  })

  it('does not wait for a listener that has ended, because its consumer was taken over', async (t) => {
    const here = await place(t)
    const running = await here.begin([listener('hear', on(made), () => undefined)])
    await here.log.consumer('hear', { start: 'now', move: true })
    await here.log.accept(some(1))
    await soon(running.drained())
    assert.equal(here.notes.said('stopped working').length, 1)
  })

  it('ends a trial too', async (t) => {
    const here = await place(t)
    const heard: number[] = []
    const hear = listener('hear', on(made), async ({ data }) => {
      await new Promise((resolve) => setImmediate(resolve))
      heard.push(data.n)
    })
    const log = await memoryLog({ clock: here.clock })
    const report = await soon(tryOut({ log, job: job('make', manual(), () => some(3)), listener: hear }))
    assert.deepEqual([report.heard.length, heard], [3, [0, 1, 2]])
    await log.close()
  })
})

/** Something to drain; `work` is how much it has to do. */
class Worker implements Drainable {
  readonly name = 'worker'
  readonly changes$ = new Subject<void>()
  work = 0
  asked = 0

  async isIdle(): Promise<boolean> {
    this.asked += 1
    return this.work === 0
  }

  settle(): void {
    this.work -= 1
    this.changes$.next()
  }
}

describe('drained', () => {
  const never = { stop: new AbortController().signal, clock: virtualClock() }

  it('asks all of them again when one has changed: it may have published for another', async () => {
    const [first, second] = [new Worker(), new Worker()]
    second.work = 1
    let done = false
    const waiting = drained(() => [first, second], never).then(() => (done = true))
    await until(() => second.asked === 1)
    first.work += 1
    second.settle()
    await until(() => first.asked === 2)
    assert.equal(done, false)
    first.settle()
    await waiting
  })

  it('asks those that were added meanwhile', async () => {
    const [first, second] = [new Worker(), new Worker()]
    const all = [first]
    const added$ = new Subject<void>()
    first.work = 1
    second.work = 1
    let done = false
    const waiting = drained(() => all, { ...never, added$ }).then(() => (done = true))
    await until(() => first.asked === 1)
    all.push(second)
    added$.next()
    first.settle()
    await until(() => second.asked === 1)
    assert.equal(done, false)
    second.settle()
    await waiting
  })

  it('resolves when it is stopped, rejects when one fails to answer, and unsubscribes either way', async () => {
    const worker = new Worker()
    worker.work = 1
    const stop = new AbortController()
    const waiting = drained(() => [worker], { ...never, stop: stop.signal })
    stop.abort()
    await waiting
    assert.equal(worker.changes$.observed, false)
    worker.isIdle = () => Promise.reject(new Error('unreadable'))
    await assert.rejects(
      drained(() => [worker], never),
      /unreadable/,
    )
    assert.equal(worker.changes$.observed, false)
  })
})
