import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { agent } from '../../lib/agent/define/agent.ts'
import { defineStream } from '../../lib/agent/define/stream.ts'
import { start } from '../../lib/agent/start.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { silentLogger } from '../../lib/core/logger.ts'
import { job } from '../../lib/job/job.ts'
import { memoryLog, openLog } from '../../lib/level/open-log.ts'
import { type Listener, listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { every, manual } from '../../lib/schedule/index.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { notes, place } from '../support/agent-harness.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const made = eventType('made').of<{ n: number }>()
const make = job('make', manual(), ({ slot }) => made(slot.toISOString(), { n: 1 }))

/** Runs the test in an empty directory, because agents keep their logs where they are started. */
function elsewhere(t: TestContext): string {
  const directory = temporaryDirectory(t)
  const before = process.cwd()
  process.chdir(directory)
  t.after(() => process.chdir(before))
  return directory
}

describe('start', () => {
  it('opens a log in .tidings/<agent>, and closes it at stop', async (t) => {
    const directory = elsewhere(t)
    const heard: string[] = []
    const home = agent('home', [make, listener('hear', on(made), ({ identifier }) => void heard.push(identifier))])
    const running = await start(home, { logger: false })
    await running.trigger('make')
    await running.drained()
    assert.equal(heard.length, 1)
    await assert.rejects(openLog(join(directory, '.tidings', 'home')), { code: 'TIDINGS_LOG_LOCKED' })
    await running.stop()
    const log = await openLog(join(directory, '.tidings', 'home'))
    assert.equal(await log.last(), 1)
    await log.close()
  })

  it('leaves a given log open', async () => {
    const log = await memoryLog()
    const running = await start(agent('home', [make]), { log, logger: false })
    await running.trigger('make')
    await running.stop()
    assert.equal(await log.last(), 1)
    await log.close()
  })

  it('is used with `await using`', async () => {
    const log = await memoryLog()
    const logger = notes()
    {
      await using running = await start(agent('home', [make]), { log, logger })
      await running.trigger('make')
      assert.deepEqual(logger.said('agent stopped'), [])
    }
    assert.deepEqual(logger.said('agent stopped'), [{ agent: 'home' }])
    await log.close()
  })

  it('logs how many parts have started, and which jobs run next', async (t) => {
    const here = await place(t)
    const jobs = [job('late', every(3).hours, () => undefined), job('soon', every(2).hours, () => undefined)]
    await here.begin([make, ...jobs, listener('hear', on(made), () => undefined)])
    const next = [
      { job: 'soon', at: new Date(here.clock.now() + 7_200_000) },
      { job: 'late', at: new Date(here.clock.now() + 10_800_000) },
    ]
    assert.deepEqual(here.notes.said('agent started'), [{ agent: 'spec', jobs: 3, listeners: 1, next }])
  })

  it('names the agent in each line while several run in one process', async () => {
    const log = await memoryLog()
    const other = await memoryLog()
    const logger = notes()
    const one = await start(agent('one', [make]), { log, logger })
    await one.trigger('make')
    const two = await start(agent('two', [make]), { log: other, logger })
    await one.trigger('make')
    await two.trigger('make')
    await two.stop()
    await one.trigger('make')
    await one.stop()
    assert.deepEqual(
      logger.said('running job').map((fields) => fields.agent),
      [undefined, 'one', 'two', undefined],
    )
    await log.close()
    await other.close()
  })

  it('logs a changed event as such', async (t) => {
    const here = await place(t)
    const versions = ['a', 'a', 'b']
    const told = job('tell', manual(), () => ({
      type: 'page',
      identifier: '1',
      data: {},
      version: versions.shift() ?? '',
    }))
    const running = await here.begin([told])
    for (let n = 0; n < 3; n++) await running.trigger('tell')
    await here.end(running)
    assert.deepEqual(here.notes.said('new event'), [{ type: 'page', identifier: '1', seq: 1 }])
    assert.deepEqual(here.notes.said('changed event'), [{ type: 'page', identifier: '1', seq: 2 }])
  })

  it('when it fails, closes a log that it opened and leaves a given log open', async (t) => {
    const directory = elsewhere(t)
    // The log rejects its name: those of the stream and the listener are too long together.
    const long = defineStream({
      name: 'long',
      summary: 'x',
      events: { made },
      jobs: () => [],
      listeners: () => [listener('x'.repeat(200), on(made), () => undefined)],
    })
    const tooLong = long({ as: 'y'.repeat(100) })
    await assert.rejects(start(agent('home', [make, tooLong]), { logger: false }), { code: 'TIDINGS_LOG_INVALID' })
    const log = await openLog(join(directory, '.tidings', 'home'))
    await assert.rejects(start(agent('home', [make, tooLong]), { log, logger: false }), { code: 'TIDINGS_LOG_INVALID' })
    assert.equal(await log.last(), 0)
    await log.close()
  })

  it('rejects anything but an agent, or a log, before it opens anything', async (t) => {
    const directory = elsewhere(t)
    for (const other of [undefined, make, [make], { name: 'home', jobs: [], listeners: [] }]) {
      await assert.rejects(start(other as never, { logger: false }), {
        code: 'TIDINGS_AGENT_INVALID',
        message: /start\(\) needs an agent/,
      })
    }
    const log = memoryLog()
    for (const none of [log, join(directory, 'log')]) {
      await assert.rejects(start(agent('home', []), { log: none as never, logger: false }), {
        code: 'TIDINGS_LOG_INVALID',
        message: /start\(\) needs a log/,
      })
    }
    await (await log).close()
    assert.equal(existsSync(join(directory, '.tidings')), false)
  })

  it('uses the clock of its log, or the given clock', async () => {
    const clock = virtualClock(new Date('2030-01-01T00:00:00Z'))
    const log = await memoryLog({ clock })
    const seen: number[] = []
    const look = agent('home', [job('look', manual(), ({ now }) => void seen.push(now()))])
    const other = virtualClock(new Date('2040-01-01T00:00:00Z'))
    for (const options of [{}, { clock: other }]) {
      const running = await start(look, { log, logger: silentLogger, ...options })
      await running.trigger('look')
      await running.stop()
    }
    assert.deepEqual(
      seen.map((ms) => new Date(ms).getUTCFullYear()),
      [2030, 2040],
    )
    await log.close()
  })

  it('makes the position of a new listener durable before any job runs', async (t) => {
    const here = await place(t)
    const heard: string[] = []
    const parts = [
      job('make', manual(), () => made('1', { n: 1 }), { atStart: true }),
      listener('hear', on(made), ({ identifier }) => void heard.push(identifier)),
    ]
    await here.begin(parts)
    await here.clock.advance(100)
    assert.deepEqual(heard, ['1'])
    // If the process died right after the start, the cursor would be there.
    const there = await place(t)
    await there.begin([listener('hear', on(made), () => undefined)])
    const cursors: [string, number][] = []
    for await (const { name, cursor } of there.log.consumers()) cursors.push([name, cursor])
    assert.deepEqual(cursors, [['hear', 0]])
  })

  it('logs which listeners are new, renamed and orphaned', async (t) => {
    const here = await place(t)
    const of = (name: string, formerly?: string): Listener =>
      listener(name, on(made), () => undefined, formerly === undefined ? {} : { formerly })
    const first = await here.begin([of('a'), of('b'), of('c')])
    await here.end(first)
    assert.deepEqual(
      here.notes.said('new listener').map((said) => said.listener),
      ['a', 'b', 'c'],
    )
    here.notes.lines.length = 0
    await here.begin([of('a'), of('b2', 'b'), of('d')])
    const said = (words: string) => here.notes.said(words).map((line) => line.listener)
    assert.deepEqual([said('new listener'), said('renamed listener')], [['d'], ['b2']])
    const orphans = here.notes.lines.filter(({ level, words }) => level === 'warn' && words.startsWith('orphaned'))
    assert.deepEqual(
      orphans.map(({ fields }) => fields.listener),
      ['c'],
    )
  })

  it('works with a logger that throws', async (t) => {
    const complaints = t.mock.method(console, 'error', () => undefined)
    const fail = () => assert.fail('full')
    const log = await memoryLog()
    const heard: string[] = []
    const parts = [
      make,
      listener('hear', on(made), ({ identifier }) => void heard.push(identifier)),
      listener('fails', on(made), () => assert.fail('no'), { attempts: 1 }),
    ]
    const logger = { debug: fail, info: fail, warn: fail, error: fail }
    const running = await start(agent('home', parts), { log, logger })
    assert.equal((await running.trigger('make'))?.status, 'done')
    await running.drained()
    const { listeners } = await running.status()
    await running.stop()
    await log.close()
    assert.equal(heard.length, 1)
    assert.deepEqual(
      listeners.map(({ behind, running, parked }) => [behind, running, parked]),
      [
        [0, 0, 0],
        [0, 0, 1],
      ],
    )
    assert.ok(complaints.mock.callCount() > 0)
  })

  it('rejects a logger without all of its functions', async () => {
    for (const logger of [true, 'x', { info: () => undefined }]) {
      const started = start(agent('home', [make]), { log: await memoryLog(), logger: logger as never })
      await assert.rejects(started, { code: 'TIDINGS_AGENT_INVALID', message: /logger of start\(\)/ })
    }
  })
})
