import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { agent, type Part } from '../../../lib/agent/define/agent.ts'
import { start } from '../../../lib/agent/start.ts'
import { tryOut } from '../../../lib/agent/try/try-out.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { job } from '../../../lib/job/job.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { manual } from '../../../lib/schedule/index.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { until } from '../../support/until.ts'

const made = eventType('made').of<{ n: number }>()

/** An agent whose clock stands still; `passes` makes real time pass, in seconds. */
async function begin(t: TestContext, parts: readonly Part[]) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const clock = virtualClock()
  const log = await memoryLog({ clock })
  const running = await start(agent('spec', parts), { log, clock, logger: false })
  const passes = async (seconds: number) => {
    for (let left = seconds * 10; left > 0; left--) {
      t.mock.timers.tick(100)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  return { clock, log, running, passes }
}

/** A handler that does not end by itself. */
function hanging() {
  const begun: (() => void)[] = []
  const hear = listener('hangs', on(made), () => new Promise<void>((resolve) => begun.push(resolve)))
  return { begun, hear }
}

const still = {
  code: 'TIDINGS_CLOCK_STILL',
  message: /^listener "hangs" .* has stood still for 4 s: call clock.advance/,
}

describe('a virtual clock that stands still', () => {
  it('makes drained reject, and the next one waits again', async (t) => {
    const { hear, begun } = hanging()
    const { log, running, passes } = await begin(t, [hear])
    await log.accept([made('1', { n: 1 })])
    const waiting = assert.rejects(running.drained(), still)
    await until(() => begun.length > 0)
    await passes(4.5)
    await waiting
    const again = running.drained()
    begun[0]?.()
    await again
    await running.stop()
  })

  it('counts from its last movement', async (t) => {
    const { hear, begun } = hanging()
    const { clock, log, running, passes } = await begin(t, [hear])
    await log.accept([made('1', { n: 1 })])
    const waiting = running.drained()
    await until(() => begun.length > 0)
    for (let moves = 0; moves < 3; moves++) {
      await passes(3)
      await clock.advance(1000)
    }
    begun[0]?.()
    await waiting
    await running.stop()
  })

  it('does not count while a program runs', async (t) => {
    let begun = false
    const asks = listener('asks', on(made), (_, { exec }) => {
      begun = true
      return exec('sleep', ['0.3'])
    })
    const { log, running, passes } = await begin(t, [asks])
    await log.accept([made('1', { n: 1 })])
    const waiting = running.drained()
    await until(() => begun)
    await passes(4.5)
    await waiting
    await running.stop()
  })

  it('ends a trial', async (t) => {
    const { hear, begun } = hanging()
    const { log, running, passes } = await begin(t, [])
    const make = job('make', manual(), () => made('1', { n: 1 }))
    const waiting = assert.rejects(tryOut({ log, job: make, listener: hear }), still)
    await until(() => begun.length > 0)
    await passes(4.5)
    await waiting
    await running.stop()
  })

  it('does not keep an agent from stopping', async (t) => {
    const { hear, begun } = hanging()
    const { log, running, passes } = await begin(t, [hear])
    await log.accept([made('1', { n: 1 })])
    await until(() => begun.length > 0)
    let stopped = false
    const stopping = running.stop().then(() => (stopped = true))
    await passes(3.5)
    assert.equal(stopped, false)
    await passes(1)
    await stopping
  })
})
