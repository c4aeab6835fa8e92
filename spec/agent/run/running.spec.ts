import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agent } from '../../../lib/agent/define/agent.ts'
import { defineStream } from '../../../lib/agent/define/stream.ts'
import { start } from '../../../lib/agent/start.ts'
import type { StoredEvent } from '../../../lib/core/event.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { job } from '../../../lib/job/job.ts'
import { openLog } from '../../../lib/level/open-log.ts'
import { type Listener, listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { always, every, manual } from '../../../lib/schedule/index.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { FaultySource, faultyLog } from '../../level/faults.ts'
import { notes, place, unhandled, wrap } from '../../support/agent-harness.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/until.ts'

const made = eventType('made').of<{ n: number }>()
const codeOf = (error: unknown) => (error as { code?: string } | undefined)?.code

/** A job that publishes one event in each run. */
const counting = (name = 'make', schedule = manual()) =>
  job(name, schedule, async ({ state }) => {
    const n = ((await state.get<number>('n')) ?? 0) + 1
    state.set('n', n)
    return made(`${name} ${n}`, { n })
  })

describe('a running agent', () => {
  it('lets listeners share the events of one job, each with a cursor of its own', async (t) => {
    const here = await place(t)
    const heard: Record<string, string[]> = { a: [], b: [] }
    const hear = (name: string) => listener(name, on(made), ({ identifier }) => void heard[name]?.push(identifier))
    const first = await here.begin([counting(), hear('a')])
    await first.trigger('make')
    await here.clock.advance(100)
    await here.end(first)
    const second = await here.begin([counting(), hear('a'), hear('b')])
    await second.trigger('make')
    await here.clock.advance(100)
    assert.deepEqual(heard, { a: ['make 1', 'make 2'], b: ['make 2'] })
  })

  it('leaves its listeners to another agent on its log that has them too: no event is handled by both', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    const hears = (who: string) => listener('hear', on(made), ({ data }) => void heard.push(`${who} ${data.n}`))
    const first = await here.begin([hears('first')])
    await here.log.accept([made('1', { n: 1 })])
    await here.clock.advance(100)
    await here.begin([hears('second')])
    await here.log.accept([made('2', { n: 2 }), made('3', { n: 3 })])
    await here.clock.advance(100)
    assert.deepEqual(heard, ['first 1', 'second 2', 'second 3'])
    assert.match((await first.status()).problems[0] ?? '', /listener "hear" receives no events: .*was opened again/)
  })

  it('reports its status', async (t) => {
    const here = await place(t)
    let stuck: () => void = () => undefined
    const running = await here.begin([
      counting('make', every(10).seconds),
      job('push', always(), () => new Promise(() => undefined)),
      job('hand', manual(), () => undefined),
      listener('quick', on(made), () => undefined),
      listener('slow', on(made), () => new Promise<void>((resolve) => (stuck = resolve))),
      listener('fails', on(made), () => Promise.reject(new Error('no'))),
    ])
    await here.clock.advance(20_000)
    const status = await running.status()
    assert.deepEqual([status.agent, status.last], ['spec', 2])
    assert.deepEqual(
      status.jobs.map(({ name, schedule, running: runs, next, last }) => [
        name,
        schedule,
        runs,
        next?.toISOString(),
        last?.new,
      ]),
      [
        ['make', 'every 10 seconds', false, '2026-01-01T00:00:30.000Z', 1],
        ['push', 'always', true, undefined, undefined],
        ['hand', 'manual', false, undefined, undefined],
      ],
    )
    assert.deepEqual(status.listeners, [
      { name: 'quick', behind: 0, running: 0, retrying: 0, parked: 0 },
      { name: 'slow', behind: 0, running: 2, retrying: 0, parked: 0 },
      { name: 'fails', behind: 0, running: 0, retrying: 2, parked: 0 },
    ])
    stuck()
  })

  it('may have any number of parts, without a leak warning', async (t) => {
    const warnings: string[] = []
    const hear = ({ message }: Error): void => void warnings.push(message)
    process.on('warning', hear)
    t.after(() => process.off('warning', hear))
    const here = await place(t)
    const numbers = Array.from({ length: 12 }, (_, n) => n)
    const running = await here.begin(
      numbers.map((n) => [counting(`job ${n}`), listener(`hear ${n}`, on(made), () => undefined)]),
    )
    await Promise.all(numbers.map((n) => running.trigger(`job ${n}`)))
    await here.end(running)
    assert.deepEqual(warnings, [])
  })

  it('triggers a job by its name, and resolves to the report', async (t) => {
    const here = await place(t)
    const running = await here.begin([
      counting(),
      job('fails', manual(), () => {
        throw new Error('no')
      }),
    ])
    const report = await running.trigger('make')
    assert.deepEqual([report?.job, report?.attempt, report?.new, report?.error], ['make', 1, 1, undefined])
    assert.equal((await running.trigger('fails'))?.error?.message, 'no')
    await assert.rejects(running.trigger('unknown'), {
      code: 'TIDINGS_AGENT_INVALID',
      message: /agent "spec" has no job "unknown"; its jobs: "make", "fails"/,
    })
    await here.end(running)
    assert.equal(await running.trigger('make'), undefined)
  })

  it('accepts parts while it runs: jobs, listeners, streams, arrays', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    const shop = defineStream({
      name: 'shop',
      summary: 'x',
      events: { item: made },
      jobs: () => [counting('items')],
    })
    const running = await here.begin([])
    await running.add([
      counting(),
      [shop()],
      listener('hear', on(made), ({ identifier }) => void heard.push(identifier)),
    ])
    await running.trigger('make')
    await running.trigger('shop.items')
    await here.clock.advance(100)
    assert.deepEqual(heard, ['make 1', 'items 1'])
    await here.end(running)
    await assert.rejects(running.add(counting('late')), { code: 'TIDINGS_AGENT_INVALID', message: /has stopped/ })
  })

  it('rejects parts whose names are taken, also by parts that are being added, and adds none of them', async (t) => {
    const here = await place(t)
    const running = await here.begin([counting(), listener('hear', on(made), () => undefined)])
    await assert.rejects(running.add([counting('new'), counting()]), {
      code: 'TIDINGS_AGENT_INVALID',
      message: /two jobs/,
    })
    await assert.rejects(running.add(listener('hear', on(made), () => undefined)), { message: /two listeners/ })
    assert.deepEqual(
      (await running.status()).jobs.map(({ name }) => name),
      ['make'],
    )
    const both = await Promise.allSettled([running.add(counting('new')), running.add(counting('new'))])
    assert.deepEqual(
      both.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    )
    await assert.rejects(running.add(on(made) as never), { code: 'TIDINGS_AGENT_INVALID', message: /unfinished/ })
  })

  it('adds none of several parts when the log rejects one, and continues', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    const refused = Object.assign(new Error('no'), { code: 'TIDINGS_LOG_INVALID' })
    const log = wrap(here.log, {
      consumer: (name, options) => (name === 'bad' ? Promise.reject(refused) : here.log.consumer(name, options)),
    })
    const running = await here.begin([counting()], { log })
    const parts = [
      listener('fine', on(made), ({ identifier }) => void heard.push(identifier)),
      listener('bad', on(made), () => undefined),
    ]
    await assert.rejects(running.add(parts), { code: 'TIDINGS_LOG_INVALID' })
    await running.trigger('make')
    assert.deepEqual((await running.status()).listeners, [])
    await Promise.all([running.drained(), here.clock.advance(1000)])
    await running.add(parts[0] as (typeof parts)[0])
    await running.trigger('make')
    await here.clock.advance(100)
    // Its cursor was fixed when it was first added.
    assert.deepEqual(heard, ['make 1', 'make 2'])
  })

  it('is drained when every listener has handled all its events, except for those that wait for a retry', async (t) => {
    const here = await place(t)
    let heard = 0
    const running = await here.begin([
      listener('slow', on(made), async () => {
        await new Promise<void>((resolve) => void here.clock.timer(resolve, 1000))
        heard += 1
      }),
      listener('fails', on(made), () => Promise.reject(new Error('no')), { backoff: { min: '1h', max: '1h' } }),
    ])
    await running.drained()
    await here.log.accept([1, 2, 3].map((n) => made(String(n), { n })))
    let drained = false
    const waiting = running.drained().then(() => (drained = true))
    await here.clock.advance(2500)
    assert.deepEqual([drained, heard], [false, 2])
    await here.clock.advance(1000)
    await waiting
    assert.equal(heard, 3)
  })

  it('is drained at once when it stops', async (t) => {
    const here = await place(t)
    const running = await here.begin([listener('stuck', on(made), () => new Promise(() => undefined))])
    await here.log.accept([made('1', { n: 1 })])
    const waiting = running.drained()
    await here.clock.advance(100)
    await here.end(running)
    await waiting
  })

  it('stops once, however often it is asked, and logs it', async (t) => {
    const here = await place(t)
    const running = await here.begin([counting()])
    assert.equal(running.stop(), running.stop())
    await running.stop()
    await running[Symbol.asyncDispose]()
    assert.deepEqual(here.notes.said('agent stopped'), [{ agent: 'spec' }])
    assert.deepEqual(here.notes.said('starting agent'), [{ agent: 'spec' }])
  })

  it('gives runs ten seconds at stop, then aborts them; starts no others; leaves no timer', async (t) => {
    const here = await place(t)
    const happened: string[] = []
    const began = here.clock.now()
    const say = (what: string) => happened.push(`${(here.clock.now() - began) / 1000} ${what}`)
    const running = await here.begin([
      job('ends', every(10).seconds, async ({ signal }) => {
        say('begin')
        await new Promise<void>((resolve) => void here.clock.timer(resolve, 9000))
        say(`end ${signal.aborted}`)
      }),
      job('hangs', every(10).seconds, async ({ signal }) => {
        signal.addEventListener('abort', () => say('cut off'))
        await new Promise(() => undefined)
      }),
    ])
    await here.clock.advance(10_000)
    const seen = await unhandled(() => here.end(running))
    assert.deepEqual(happened, ['10 begin', '19 end false', '20 cut off'])
    assert.deepEqual(seen, [])
    assert.equal(here.clock.timers, 0)
    await here.clock.advance(60_000)
    assert.equal(happened.length, 3)
    const waits = ['ends', 'hangs'].map((name) => ({ job: name, ms: 0 }))
    assert.deepEqual(here.notes.said('stopping agent'), [{ agent: 'spec', waits, grace: 10_000 }])
  })

  it('says what it waits for when it stops: runs and deliveries, and for how long they run', async (t) => {
    const here = await place(t)
    const hang = (name: string, concurrency: number): Listener =>
      listener(name, on(made), () => new Promise(() => undefined), { concurrency })
    const running = await here.begin([hang('one', 1), hang('two', 2), listener('fast', on(made), () => undefined)])
    await here.log.accept([made('1', { n: 1 }), made('2', { n: 2 })])
    await here.clock.advance(2500)
    await here.end(running)
    const waits = [
      { listener: 'one', deliveries: 1, ms: 2500 },
      { listener: 'two', deliveries: 2, ms: 2500 },
    ]
    assert.deepEqual(here.notes.said('stopping agent'), [{ agent: 'spec', waits, grace: 10_000 }])
  })

  it('stops at once when nothing is running', async (t) => {
    const here = await place(t)
    const running = await here.begin([counting('make', every(10).seconds), listener('hear', on(made), () => undefined)])
    await here.clock.advance(15_000)
    const before = here.clock.now()
    await running.stop()
    assert.equal(here.clock.now(), before)
  })
})

describe('the events of a running agent', () => {
  const identifiers = (events: readonly StoredEvent[]) => events.map(({ identifier }) => identifier)

  it('are those accepted from now on, the same for all subscribers, as long as it runs', async (t) => {
    const here = await place(t)
    await here.log.accept([made('before', { n: 0 })])
    const running = await here.begin([counting()])
    const one: StoredEvent[] = []
    const two: StoredEvent[] = []
    let done = false
    const first = running.events$.subscribe((event) => one.push(event))
    await running.trigger('make')
    await here.clock.advance(10)
    running.events$.subscribe({ next: (event) => two.push(event), complete: () => (done = true) })
    await running.trigger('make')
    await here.log.accept([made('from outside', { n: 0 })])
    await here.clock.advance(10)
    first.unsubscribe()
    await running.trigger('make')
    await here.clock.advance(10)
    assert.deepEqual(identifiers(one), ['make 1', 'make 2', 'from outside'])
    assert.deepEqual(identifiers(two), ['make 2', 'from outside', 'make 3'])
    assert.equal(done, false)
    await here.end(running)
    assert.equal(done, true)
    await here.log.accept([made('after', { n: 0 })])
    await here.clock.advance(10)
    assert.equal(two.length, 3)
  })

  it('include one that is accepted right after the subscription', async (t) => {
    const here = await place(t)
    const running = await here.begin([])
    const heard: StoredEvent[] = []
    running.events$.subscribe((event) => heard.push(event))
    void here.log.accept([made('1', { n: 1 })])
    await here.clock.advance(10)
    assert.deepEqual(identifiers(heard), ['1'])
  })

  it('complete with an agent that closes its log, after the last event', async (t) => {
    const directory = temporaryDirectory(t)
    const before = process.cwd()
    process.chdir(directory)
    t.after(() => process.chdir(before))
    const running = await start(agent('home', [counting()]), { logger: false })
    const heard: unknown[] = []
    running.events$.subscribe({
      next: ({ identifier }) => heard.push(identifier),
      error: (error) => heard.push(error),
      complete: () => heard.push('done'),
    })
    await running.trigger('make')
    await running.stop()
    assert.deepEqual(heard, ['make 1', 'done'])
  })

  it('complete a second after the last delivery when the log can not be read', async (t) => {
    const here = await place(t)
    let broken = false
    const log = wrap(here.log, {
      async *events(query) {
        if (broken) throw Object.assign(new Error('unreadable'), { code: 'TIDINGS_LOG_FAILED' })
        yield* here.log.events(query)
      },
    })
    const running = await here.begin([], { log })
    const heard: unknown[] = []
    running.events$.subscribe({ next: ({ seq }) => heard.push(seq), complete: () => heard.push('done') })
    await here.log.accept([made('1', { n: 1 })])
    await until(() => heard.length === 1)
    broken = true
    await here.log.accept([made('2', { n: 2 })])
    const stopping = running.stop()
    await here.clock.advance(999)
    assert.deepEqual(heard, [1])
    await here.clock.advance(1)
    await stopping
    assert.deepEqual(heard, [1, 'done'])
  })
})

describe('a log that never answers', () => {
  it('does not keep an agent from stopping: after ten seconds, and one for aborted work', async (t) => {
    const clock = virtualClock()
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock })
    t.after(() => {
      source.release()
      return log.close()
    })
    const said = notes()
    const running = await start(
      agent('spec', [
        counting('make', every(1).second),
        listener('hear', on(made), ({ seq }, { state }) => state.set('seq', seq)),
      ]),
      { log, clock, logger: said },
    )
    await clock.advance(2500)
    source.hold()
    await clock.advance(2000)
    let stopped = false
    const seen = await unhandled(async () => {
      const stopping = running.stop().then(() => (stopped = true))
      await clock.advance(10_999)
      assert.equal(stopped, false)
      await clock.advance(1)
      await stopping
    })
    assert.deepEqual(seen, [])
    assert.equal(said.said('the log does not answer: the agent stops without it').length, 1)
    assert.equal(said.said('agent stopped').length, 1)
  })
})

describe('a log that fails under an agent', () => {
  it('fails runs without ending a part: all continue when it recovers', async (t) => {
    const here = await place(t)
    let broken = false
    const failed = () => Promise.reject(Object.assign(new Error('disk full'), { code: 'TIDINGS_LOG_FAILED' }))
    const failing = wrap(here.log, {
      accept: (...given) => (broken ? failed() : here.log.accept(...given)),
      claim: (...given) => (broken ? failed() : here.log.claim(...given)),
    })
    const heard: string[] = []
    const seen = await unhandled(async () => {
      const running = await here.begin(
        [
          counting('make', every(10).seconds),
          listener('hear', on(made), ({ identifier }) => void heard.push(identifier)),
        ],
        { log: failing },
      )
      await here.clock.advance(10_000)
      broken = true
      await here.clock.advance(20_000)
      assert.equal((await running.status()).jobs[0]?.running, false)
      broken = false
      await here.clock.advance(10_000)
    })
    assert.deepEqual(seen, [])
    // The slot that could not be claimed stayed due, and ran once the log had recovered.
    assert.deepEqual(heard, ['make 1', 'make 2', 'make 3'])
    const said = here.notes.said('slots could not be noted')
    assert.deepEqual(
      said.map(({ err }) => codeOf(err)),
      ['TIDINGS_LOG_FAILED'],
    )
  })

  it('ends the parts when it is closed: that is logged, and the agent still stops', async (t) => {
    const directory = temporaryDirectory(t)
    const log = await openLog(directory)
    const logger = notes()
    const seen = await unhandled(async () => {
      const running = await start(
        agent('home', [counting('make', every('20ms')), listener('hear', on(made), () => undefined)]),
        { log, logger },
      )
      await log.close()
      await until(() => logger.said('stopped working').length > 0)
      await running.stop()
    })
    assert.deepEqual(seen, [])
    assert.ok(logger.said('stopped working').length === 1)
    assert.equal(logger.said('agent stopped').length, 1)
  })
})
