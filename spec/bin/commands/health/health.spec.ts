import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { agent } from '../../../../lib/agent/define/agent.ts'
import type { Running } from '../../../../lib/agent/run/running.ts'
import { start } from '../../../../lib/agent/start.ts'
import { job } from '../../../../lib/job/job.ts'
import { openLog } from '../../../../lib/level/open-log.ts'
import type { Log } from '../../../../lib/log/port.ts'
import { manual } from '../../../../lib/schedule/index.ts'
import { command } from '../../../support/command.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'
import { until } from '../../../support/until.ts'

interface Served {
  readonly directory: string
  readonly log: Log
  readonly running: Running
  /** Lets the run of the job end. */
  finish(): void
}

async function served(t: TestContext): Promise<Served> {
  const directory = temporaryDirectory(t)
  const log = await openLog(directory)
  let finish: () => void = () => undefined
  const going = new Promise<void>((resolve) => (finish = resolve))
  const running = await start(agent('home', [job('long', manual(), () => going)]), {
    log,
    logger: false,
    serve: directory,
  })
  t.after(async () => {
    finish()
    await running.stop()
    await log.close()
  })
  return { directory, log, running, finish }
}

describe('tidings health', () => {
  it('ends with 0 for an agent that works', async (t) => {
    const { directory } = await served(t)
    const { code, stdout, stderr } = await command('health', '--db', directory)
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /^agent "home" is healthy, since \d{4}-.*[+-]\d\d:\d\d\n$/)
    const json = JSON.parse((await command('health', '--db', directory, '--json')).stdout) as object
    assert.deepEqual(json, { ...json, healthy: true, state: 'running', agent: 'home', log: 'ready', problems: [] })
  })

  it('ends with 1 while the agent stops, and when it has stopped', async (t) => {
    const { directory, running, finish } = await served(t)
    void running.trigger('long')
    await until(async () => (await running.status()).jobs[0]?.running)
    const stopped = running.stop()
    const stopping = await command('health', '--db', directory)
    assert.deepEqual(stopping, { code: 1, stdout: '', stderr: 'tidings: the agent is stopping\n' })
    finish()
    await stopped
    const gone = await command('health', '--db', directory)
    assert.deepEqual(gone, { code: 1, stdout: '', stderr: `tidings: no agent answers on the log in ${directory}\n` })
    const { code, stdout } = await command('health', '--db', directory, '--json')
    const problems = [`no agent answers on the log in ${directory}`]
    assert.deepEqual([code, JSON.parse(stdout)], [1, { healthy: false, problems }])
  })

  it('ends with 1 when the log does not work', async (t) => {
    const { directory, log } = await served(t)
    await log.close()
    const { code, stderr } = await command('health', '--db', directory)
    assert.deepEqual([code, stderr], [1, 'tidings: the log is closed and accepts no reads or writes\n'])
  })

  it('ends with 1 for an agent of another version, which does not know the question', async (t) => {
    const directory = temporaryDirectory(t)
    await (await openLog(directory)).close()
    const server = createServer((_, response) => void response.writeHead(404).end('{"error":{}}'))
    await new Promise<void>((resolve) => server.listen(join(directory, 'agent.sock'), resolve))
    t.after(() => server.close())
    const { code, stderr } = await command('health', '--db', directory)
    assert.deepEqual([code, stderr], [1, `tidings: no agent answers on the log in ${directory}\n`])
  })

  it('ends with 1 where there is no log, and with 2 for a wrong command', async (t) => {
    const directory = temporaryDirectory(t)
    mkdirSync(join(directory, 'empty'))
    assert.equal((await command('health', '--db', join(directory, 'empty'))).code, 1)
    assert.equal((await command('health', 'home.ts')).code, 2)
    assert.equal((await command('health', '--db', 'x', '--agent', 'x')).code, 2)
  })
})
