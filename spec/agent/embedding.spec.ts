import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { agent } from '../../lib/agent/define/agent.ts'
import { connect } from '../../lib/agent/socket/client.ts'
import { start } from '../../lib/agent/start.ts'
import { eventType } from '../../lib/core/event-type.ts'
import { job } from '../../lib/job/job.ts'
import { openLog } from '../../lib/level/open-log.ts'
import { listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { manual } from '../../lib/schedule/index.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'

const found = eventType('found').of<{ at: string }>()
const look = (name: string) => job(name, manual(), () => found(name, { at: name }))

/** Runs the test in an empty directory, because agents keep their logs where they are started. */
function elsewhere(t: TestContext): string {
  const directory = temporaryDirectory(t)
  const before = process.cwd()
  process.chdir(directory)
  t.after(() => process.chdir(before))
  return directory
}

/** Whether a process has claimed the log in this folder. */
function isOpen(folder: string): boolean {
  return readdirSync(folder).some((name) => name.startsWith('OWNER'))
}

describe('a running agent inside a program', () => {
  it('closes in order: deliveries, events$, the socket, its log', async (t) => {
    const folder = join(elsewhere(t), '.tidings/home')
    const order: string[] = []
    let begun = (): void => undefined
    const began = new Promise<void>((resolve) => (begun = resolve))
    let end = (): void => undefined
    const slow = listener('slow', on(found), async () => {
      begun()
      await new Promise<void>((resolve) => (end = resolve))
      order.push('delivery')
    })
    const running = await start(agent('home', [slow]), { logger: false })
    running.events$.subscribe({ complete: () => order.push('events$') })
    await running.publish(found, 'it', { at: 'home' })
    await began
    const socket = join(folder, 'agent.sock')
    assert.ok(existsSync(socket) && isOpen(folder))
    const stopped = running.stop().then(() => order.push('stopped'))
    await assert.rejects(running.publish(found, 'late', { at: 'home' }), { code: 'TIDINGS_RUN_ENDED' })
    // Commands are answered as long as deliveries run.
    assert.equal((await (await connect(folder))?.status())?.agent, 'home')
    // A request that is still being sent keeps the server from closing, so that one can look at what is open then.
    const request = createConnection(socket)
    request.on('error', () => undefined)
    request.write('POST /events/import HTTP/1.1\r\nhost: tidings\r\ncontent-length: 1000\r\n\r\n{')
    await once(request, 'connect')
    end()
    await until(() => !existsSync(socket), 'the end of the socket')
    assert.deepEqual(order, ['delivery', 'events$'], 'the socket closes last but one')
    assert.ok(isOpen(folder), 'the log closed before the socket')
    request.destroy()
    await stopped
    assert.deepEqual(order, ['delivery', 'events$', 'stopped'])
    assert.equal(isOpen(folder), false)
  })

  it('leaves a log that it was given open, for other agents and for its host', async (t) => {
    const folder = join(elsewhere(t), 'shared')
    const log = await openLog(folder)
    const heard: string[] = []
    const hear = listener('hear', on(found), ({ data }) => void heard.push(data.at))
    const acting = await start(agent('acting', [hear]), { log, logger: false })
    const watching = await start(agent('watching', [look('look')]), { log, serve: folder, logger: false })
    assert.equal((await (await connect(folder))?.status())?.agent, 'watching')
    await watching.trigger('look')
    await watching.stop()
    await acting.publish(found, 'later', { at: 'later' })
    await acting.drained()
    assert.deepEqual(heard, ['look', 'later'])
    await acting.stop()
    assert.ok(isOpen(folder))
    assert.equal(await log.last(), 2)
    await log.close()
    assert.equal(isOpen(folder), false)
  })

  it('shares nothing with another agent that has a log of its own', async (t) => {
    const folder = join(elsewhere(t), '.tidings')
    const heard: string[] = []
    const hear = (name: string) => listener('hear', on(found), ({ data }) => void heard.push(`${name} ${data.at}`))
    const [home, shop] = await Promise.all(
      ['home', 'shop'].map((name) => start(agent(name, [look('look'), hear(name)]), { logger: false })),
    )
    assert.ok(home !== undefined && shop !== undefined)
    assert.equal((await home.trigger('look'))?.new, 1)
    assert.equal((await shop.trigger('look'))?.new, 1)
    await Promise.all([home.drained(), shop.drained()])
    assert.deepEqual(heard.toSorted(), ['home look', 'shop look'])
    await home.stop()
    await turn()
    assert.deepEqual([isOpen(join(folder, 'home')), isOpen(join(folder, 'shop'))], [false, true])
    assert.equal((await shop.trigger('look'))?.duplicate, 1)
    await shop.stop()
  })
})
