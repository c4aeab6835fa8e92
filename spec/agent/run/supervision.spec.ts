import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { agent } from '../../../lib/agent/define/agent.ts'
import { operationsOf } from '../../../lib/agent/operations/operations.ts'
import type { AgentControl } from '../../../lib/agent/run/agent-control.ts'
import { start } from '../../../lib/agent/start.ts'
import { realEnvironment } from '../../../lib/core/environment.ts'
import { Pump } from '../../../lib/dispatch/pump.ts'
import { type Listener, listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { notes, place } from '../../support/agent-harness.ts'
import { FailingStore, failingLog, type Operation } from '../../support/failing-store.ts'

const codeOf = (error: unknown) => (error as { code?: string }).code

/** A log whose store fails on request, and an agent on it. */
async function begin(t: TestContext, parts: (heard: Set<number>) => readonly Listener[]) {
  const clock = virtualClock()
  let fails: (operation: Operation) => boolean = () => false
  const store = new FailingStore((operation) => fails(operation))
  const log = await failingLog(store, { clock, warn: () => undefined })
  const heard = new Set<number>()
  const logger = notes()
  const open = () => start(agent('spec', parts(heard)), { log, clock, logger })
  let running = await open()
  t.after(async () => {
    await running.stop()
    await log.close()
  })
  /** Advances the clock until it settles. */
  const settle = async <T>(asked: Promise<T>): Promise<T> => {
    let done = false
    const settled = asked.finally(() => (done = true))
    settled.catch(() => undefined)
    for (let steps = 0; !done && steps < 300; steps++) await clock.advance(100)
    return settled
  }
  let given = 0
  return {
    clock,
    log,
    heard,
    logger,
    settle,
    operations: () => operationsOf(log, running as never),
    status: () => running.status(),
    /** Resumes a listener in the agent, which reads and writes nothing; in the log it stays paused. */
    resume: (name: string) => (running as unknown as AgentControl).pause('listener', name, false),
    /** Which operations of the store fail from now on. */
    fail: (which: (operation: Operation) => boolean) => (fails = which),
    give: async (count: number) => {
      const drafts = Array.from({ length: count }, () => ({ type: 'made', identifier: String(given++), data: 0 }))
      await settle(log.accept(drafts))
    },
    restart: async () => {
      await settle(running.stop())
      running = await settle(open())
    },
    /** Asserts that all events are handled in the end, and that there are no problems. */
    isWell: async () => {
      fails = () => false
      await clock.advance(30_000)
      assert.equal(heard.size, given)
      assert.deepEqual((await running.status()).problems, [])
    },
  }
}

const hears = (heard: Set<number>) => [
  listener('hear', on('made'), ({ seq }) => void heard.add(seq), { from: 'start' }),
]

describe('a listener whose log fails', () => {
  for (const kind of ['iterate', 'read'] as const) {
    it(`restarts after a failed ${kind}, and its status reports that meanwhile`, async (t) => {
      const { clock, log, fail, give, settle, restart, status, isWell, logger, operations, resume } = await begin(
        t,
        hears,
      )
      await settle(operations().listeners.pause('hear'))
      await give(5000)
      await restart()
      // The backlog is not in memory: the listener reads it.
      fail((operation) => operation === kind)
      resume('hear')
      for (let ms = 0; logger.said('listener failed, restarting').length === 0 && ms < 10_000; ms += 10)
        await clock.advance(10)
      const { problems } = await status()
      assert.match(problems.join(), /listener "hear" receives no events: IO error/)
      fail(() => false)
      await settle(operations().listeners.resume('hear'))
      await isWell()
      assert.equal(log.state, 'ready')
    })
  }

  const steers: Record<string, (asked: ReturnType<typeof operationsOf>) => Promise<unknown>> = {
    reset: ({ listeners }) => listeners.reset('hear', { to: 'start' }),
    'rename it': ({ listeners }) => listeners.rename('hear', 'other'),
    'pause and resume it': async ({ listeners }) => {
      await listeners.pause('hear').catch(() => undefined)
      await listeners.resume('hear')
    },
    'release its parked events': ({ parked }) => parked.retry('hear'),
  }
  for (const [what, steer] of Object.entries(steers)) {
    for (const kind of ['write', 'write kept', 'read', 'iterate'] as const) {
      for (const nth of [1, 2, 3, 4]) {
        it(`survives the attempt to ${what}, when ${kind} ${nth} fails`, async (t) => {
          const { fail, give, settle, isWell, operations } = await begin(t, hears)
          await give(20)
          let count = 0
          fail((operation) => operation === kind && ++count === nth)
          await settle(steer(operations())).catch(() => undefined)
          fail(() => false)
          // A rejected resume is repeated.
          await settle(operations().listeners.resume('hear')).catch(() => undefined)
          await give(20)
          await isWell()
        })
      }
    }

    it(`survives the attempt to ${what} while the log can't be opened`, async (t) => {
      const { clock, fail, give, settle, isWell, operations, log } = await begin(t, hears)
      await give(20)
      fail((operation) => operation !== 'read' && operation !== 'iterate')
      await settle(log.accept([{ type: 'x', identifier: 'x', data: 0 }])).catch(() => undefined)
      await settle(steer(operations())).catch((error: unknown) => assert.equal(codeOf(error), 'TIDINGS_LOG_FAILED'))
      fail(() => false)
      while (log.state !== 'ready') await clock.advance(1000)
      await give(20)
      await isWell()
    })
  }

  it('is not stopped by a rename to an invalid name, which leaves nothing behind', async (t) => {
    const stateful = (heard: Set<number>) => [
      listener(
        'hear',
        on('made'),
        ({ seq }, { state }) => {
          state.set('seq', seq)
          heard.add(seq)
        },
        { from: 'start' },
      ),
    ]
    const { log, give, settle, isWell, operations } = await begin(t, stateful)
    await give(3)
    const name = 'x'.repeat(300)
    const listening = log.consumer.bind(log)
    let opened = 0
    log.consumer = (...given) => {
      opened += 1
      return listening(...given)
    }
    await assert.rejects(settle(operations().listeners.rename('hear', name)), { code: 'TIDINGS_LOG_INVALID' })
    assert.equal(opened, 0)
    for await (const { key } of log.store(`listener/${name}`).list()) assert.fail(`${key} was left behind`)
    await isWell()
  })
})

describe('a pump that has ended', () => {
  it('keeps no listener on the signals of its agent', async (t) => {
    const here = await place(t)
    const consumer = await here.log.consumer('hear', { start: 'now' })
    const [stop, abort] = [new AbortController(), new AbortController()]
    const pump = new Pump(
      listener('hear', on('made'), () => undefined),
      consumer,
      {
        log: here.log,
        clock: here.clock,
        environment: realEnvironment(here.clock, here.notes),
        stop: stop.signal,
        abort: abort.signal,
        scrub: String,
        parking: () => [],
        parked: () => undefined,
      },
    )
    assert.equal(getEventListeners(abort.signal, 'abort').length, 1)
    pump.end()
    assert.equal(getEventListeners(abort.signal, 'abort').length + getEventListeners(stop.signal, 'abort').length, 0)
  })
})

describe('a listener that begins at a seq far beyond the log', () => {
  it('does not start, says why, and leaves the other listeners alone', async (t) => {
    const late = (heard: Set<number>) => [
      ...hears(heard),
      listener('late', on('made'), ({ seq }) => void heard.add(-seq), { from: 1_795_880_000_000 }),
    ]
    const { clock, give, heard, log, operations, settle, status } = await begin(t, late)
    await give(3)
    await clock.advance(1000)
    assert.deepEqual([...heard], [1, 2, 3])
    const { problems } = await status()
    assert.equal(problems.length, 1)
    assert.match(problems.join(), /listener "late" does not start: .*event 1795880000000.*new Date\(1795880000000\)/)
    const names: string[] = []
    for await (const { name } of log.consumers()) names.push(name)
    assert.deepEqual(names, ['hear'])
    await assert.rejects(settle(operations().listeners.reset('late', { to: 'start' })), /knows no listener "late"/)
  })
})
