import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Part } from '../../../lib/agent/define/agent.ts'
import { operations } from '../../../lib/agent/peers/operations-on.ts'
import { Park } from '../../../lib/core/control.ts'
import { job } from '../../../lib/job/job.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { manual } from '../../../lib/schedule/index.ts'
import { place } from '../../support/agent-harness.ts'

const draft = (identifier: string) => ({ type: 'x', identifier, data: 1 })

describe('operations(log), while an agent runs on the log in this process', () => {
  const hears = (name: string, heard: string[], parks = ''): Part =>
    listener(
      name,
      on('x'),
      ({ identifier }) => {
        heard.push(identifier)
        if (identifier === parks && heard.filter((each) => each === parks).length === 1) throw new Park('no')
      },
      { from: 'start' },
    )

  it('steer its listeners, which continue', async (t) => {
    const here = await place(t)
    const asked = operations(here.log)
    const heard: string[] = []
    const running = await here.begin([hears('old', heard, '2')])
    await here.log.accept([draft('1'), draft('2')])
    await running.drained()
    await asked.parked.retry('old')
    await running.drained()
    assert.deepEqual(heard.splice(0), ['1', '2', '2'])
    assert.equal((await asked.listeners.reset('old', { to: 'start' })).moved, true)
    await running.drained()
    assert.deepEqual(heard.splice(0), ['1', '2'])
    await asked.listeners.rename('old', 'new')
    await here.log.accept([draft('3')])
    await running.drained()
    assert.deepEqual(heard.splice(0), ['3'])
    await asked.listeners.pause('new')
    await here.log.accept([draft('4')])
    await running.drained()
    assert.deepEqual(heard, [])
    await assert.rejects(asked.listeners.remove('new'), { code: 'TIDINGS_AGENT_INVALID' })
    assert.deepEqual(here.notes.said('stopped working'), [])
  })

  it('run and pause its jobs, until it stops', async (t) => {
    const here = await place(t)
    const asked = operations(here.log)
    await assert.rejects(asked.jobs.run('look'), { code: 'TIDINGS_LOG_INVALID' })
    const running = await here.begin([job('look', manual(), () => draft('1'))])
    assert.equal((await asked.jobs.run('look')).run?.status, 'done')
    await asked.jobs.pause('look')
    assert.equal((await running.status()).jobs[0]?.paused, true)
    assert.equal((await asked.status()).running, true)
    await here.end(running)
    assert.equal((await asked.status()).running, false)
  })

  it('reach the one of several agents that has the part', async (t) => {
    const here = await place(t)
    const heard: Record<'a' | 'b', string[]> = { a: [], b: [] }
    const [a, b] = [await here.begin([hears('a', heard.a)]), await here.begin([hears('b', heard.b)])]
    await here.log.accept([draft('1')])
    const asked = operations(here.log)
    for (const [running, name] of [
      [a, 'a'],
      [b, 'b'],
    ] as const) {
      await running.drained()
      await asked.listeners.reset(name, { to: 'start' })
      await running.drained()
      assert.deepEqual(heard[name], ['1', '1'])
    }
  })
})
