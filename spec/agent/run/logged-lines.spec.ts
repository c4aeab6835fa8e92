import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agent, type Part } from '../../../lib/agent/define/agent.ts'
import type { LoggedLine } from '../../../lib/agent/run/logged-lines.ts'
import { type StartOptions, start } from '../../../lib/agent/start.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { silentLogger } from '../../../lib/core/logger.ts'
import { job } from '../../../lib/job/job.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { manual } from '../../../lib/schedule/index.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'

const made = eventType('made').of<{ n: number }>()
const make = job('make', manual(), () => made('1', { n: 1 }))

async function begin(parts: readonly Part[], options: StartOptions = { logger: false }, name = 'spec') {
  const log = await memoryLog({ clock: virtualClock() })
  return start(agent(name, parts), { log, ...options })
}

describe('running.logged', () => {
  it('has what the engine logs of all levels, from the start to the stop', async () => {
    const error = new Error('no')
    const fails = listener('fails', on(made), () => Promise.reject(error), { attempts: 1 })
    const running = await begin([make, fails])
    await running.trigger('make')
    await running.drained()
    await running.stop()
    const { logged } = running
    const said = logged.map(({ level, message }) => `${level} ${message}`)
    const begun = [
      'info starting agent',
      'info new listener',
      'info agent started',
      'info running job',
      'info new event',
    ]
    // The run ends beside the delivery of what it has published.
    const beside = said.slice(begun.length, -1)
    assert.deepEqual(said, [...begun, ...beside, 'info agent stopped'])
    assert.deepEqual(beside.toSorted(), [
      'debug running listener',
      'error event parked',
      'error listener failed',
      'info job done',
    ])
    assert.deepEqual(
      beside.filter((line) => line !== 'info job done'),
      ['debug running listener', 'error listener failed', 'error event parked'],
    )
    assert.deepEqual(logged.find(({ message }) => message === 'listener failed')?.fields, {
      listener: 'fails',
      seq: 1,
      attempt: 1,
      err: error,
      attempts: 1,
    })
  })

  it('has what runs and handlers log: fields, words alone, an error alone', async () => {
    const error = new Error('cut off')
    const fields: Record<string, unknown> = { left: 3 }
    const running = await begin([
      job('look', manual(), ({ logger }) => {
        logger.warn(fields, 'few are left')
        fields.left = 2
        logger.debug('begins')
        logger.info({ left: 1 })
        logger.error(error)
      }),
    ])
    await running.trigger('look')
    await running.stop()
    const own = running.logged.slice(running.logged.findIndex(({ message }) => message === 'running job') + 1)
    assert.deepEqual(own.slice(0, 4), [
      { level: 'warn', message: 'few are left', fields: { left: 3 } },
      { level: 'debug', message: 'begins', fields: {} },
      { level: 'info', message: '', fields: { left: 1 } },
      { level: 'error', message: 'cut off', fields: { err: error } },
    ])
  })

  it('keeps the newest 1000 lines, oldest first', async () => {
    const lines = async (count: number) => {
      const look = job('look', manual(), ({ logger }) => {
        for (let n = 1; n <= count; n++) logger.info({ n }, 'counted')
      })
      const running = await begin([look])
      await running.trigger('look')
      await running.stop()
      return running.logged
    }
    const counted = (logged: readonly LoggedLine[]) =>
      logged.flatMap(({ fields: { n } }) => (n === undefined ? [] : [n]))
    const upTo = (last: number, count: number) => Array.from({ length: count }, (_, at) => last - count + at + 1)
    const few = await lines(900)
    assert.deepEqual(counted(few), upTo(900, 900))
    const many = await lines(2345)
    const after = many.length - 1 - many.findIndex(({ fields: { n } }) => n === 2345)
    assert.deepEqual(counted(many), upTo(2345, 1000 - after))
    assert.equal(many.length, 1000)
    assert.equal(many.at(-1)?.message, 'agent stopped')
  })

  it('is what this agent has logged, and not what it will log', async () => {
    const one = await begin([make])
    const before = one.logged
    const two = await begin([make], { logger: false }, 'other')
    await two.trigger('make')
    await two.stop()
    assert.deepEqual(one.logged, before)
    await one.trigger('make')
    assert.deepEqual(one.logged.length > before.length && before.at(-1)?.message, 'agent started')
    await one.stop()
  })

  it('has no lines that another logger got', async () => {
    const running = await begin([make], { logger: silentLogger })
    await running.trigger('make')
    await running.stop()
    assert.deepEqual(running.logged, [])
  })
})
