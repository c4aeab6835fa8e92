import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type ServiceManager,
  type ServiceState,
  serviceManager,
  serviceState,
} from '../../../../bin/commands/run/notify.ts'
import { agent } from '../../../../lib/agent/define/agent.ts'
import { start } from '../../../../lib/agent/start.ts'
import { job } from '../../../../lib/job/job.ts'
import { memoryLog } from '../../../../lib/level/open-log.ts'
import { listener } from '../../../../lib/listener/listener.ts'
import { on } from '../../../../lib/listener/on.ts'
import { manual } from '../../../../lib/schedule/index.ts'
import { type Notes, notes } from '../../../support/agent-harness.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'
import { until } from '../../../support/until.ts'

/** Stands in for systemd-notify: one line for each message. */
const double = `#!/bin/sh\nprintf '%s\\n' "$*" >> "$NOTIFY_SOCKET"\n`

interface Told {
  readonly manager: ServiceManager
  readonly logger: Notes
  readonly env: NodeJS.ProcessEnv
  /** The messages so far. */
  messages(): string[]
  /** Resolves when as many messages match. */
  hears(pattern: RegExp, count?: number): Promise<unknown>
}

function managed(t: TestContext, more: NodeJS.ProcessEnv = {}, script = double): Told {
  const directory = temporaryDirectory(t)
  const [program, file] = [join(directory, 'systemd-notify'), join(directory, 'told')]
  writeFileSync(program, script)
  chmodSync(program, 0o755)
  const env = { PATH: `${directory}:/usr/bin:/bin`, NOTIFY_SOCKET: file, ...more }
  const logger = notes()
  const manager = serviceManager(logger, env)
  t.after(() => manager.end())
  const messages = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [])
  const hears = (pattern: RegExp, count = 1): Promise<unknown> =>
    until(() => messages().filter((each) => pattern.test(each)).length >= count, `${count} × ${pattern}`)
  return { manager, logger, env, messages, hears }
}

const well = async (): Promise<ServiceState> => ({ healthy: true, status: '2 jobs' })

describe('serviceManager', () => {
  it('tells nothing without NOTIFY_SOCKET', async () => {
    const logger = notes()
    const manager = serviceManager(logger, { PATH: '/nowhere' })
    for (const act of ['ready', 'reloading', 'stopping', 'end'] as const) manager[act]()
    manager.watch(() => Promise.reject(new Error('nobody looks')))
    await sleep(20)
    assert.deepEqual(logger.lines, [])
  })

  it('keeps its variables from child processes, which could speak for the agent', (t) => {
    const { env } = managed(t, { WATCHDOG_USEC: '30000000', WATCHDOG_PID: '1', OTHER: 'stays' })
    assert.deepEqual(Object.keys(env), ['PATH', 'OTHER'])
  })

  it('tells in order that the agent is ready, reloads and stops', async (t) => {
    const { manager, messages, hears } = managed(t)
    const before = process.hrtime.bigint() / 1000n
    manager.ready()
    let jobs = 2
    manager.watch(async () => ({ healthy: true, status: `${jobs} jobs` }))
    await hears(/STATUS/)
    manager.reloading()
    jobs = 3
    manager.ready()
    await hears(/STATUS=3 jobs/)
    manager.stopping()
    await hears(/STOPPING/)
    const [ready, status, reloading, again, news, stopping] = messages()
    assert.deepEqual([ready, status, again, news], ['READY=1', 'STATUS=2 jobs', 'READY=1', 'STATUS=3 jobs'])
    assert.equal(stopping, 'STOPPING=1 STATUS=stopping')
    const [, time = '0'] = /^RELOADING=1 MONOTONIC_USEC=(\d+)$/.exec(reloading ?? '') ?? []
    assert.ok(BigInt(time) >= before && BigInt(time) <= process.hrtime.bigint() / 1000n, reloading)
  })

  it('feeds the watchdog twice in its time, and tells the status when it changes', async (t) => {
    const { manager, messages, hears } = managed(t, { WATCHDOG_USEC: '40000', WATCHDOG_PID: String(process.pid) })
    let status = 'one\nline'
    manager.watch(async () => ({ healthy: true, status }))
    await hears(/^WATCHDOG=1$/, 3)
    status = 'x'.repeat(1000)
    await hears(/^WATCHDOG=1 STATUS=x{300}$/)
    await hears(/^WATCHDOG=1$/, 4)
    assert.equal(messages()[0], 'WATCHDOG=1 STATUS=one line')
    assert.equal(messages().filter((each) => each.includes('STATUS')).length, 2)
  })

  it('feeds no watchdog of another process', async (t) => {
    const { manager, messages } = managed(t, { WATCHDOG_USEC: '20000', WATCHDOG_PID: '1' })
    manager.watch(well)
    await sleep(100)
    manager.stopping()
    await until(() => messages().includes('STOPPING=1 STATUS=stopping'))
    assert.deepEqual(messages(), ['STATUS=2 jobs', 'STOPPING=1 STATUS=stopping'])
  })

  it('starves the watchdog while the agent is not healthy, and says so once', async (t) => {
    const { manager, logger, messages, hears } = managed(t, { WATCHDOG_USEC: '20000' })
    const answers: (() => Promise<ServiceState>)[] = [
      well,
      async () => ({ healthy: false, status: 'failed' }),
      () => Promise.reject(new Error('no answer')),
      async () => ({ healthy: false, status: 'failed' }),
      well,
    ]
    manager.watch(() => (answers.shift() ?? well)())
    await hears(/WATCHDOG/, 3)
    const [first, ...rest] = messages()
    assert.equal(first, 'WATCHDOG=1 STATUS=2 jobs')
    assert.deepEqual(rest.slice(0, 4), [
      'STATUS=failed',
      'STATUS=Error: no answer',
      'STATUS=failed',
      'WATCHDOG=1 STATUS=2 jobs',
    ])
    assert.deepEqual(
      logger.lines.map(({ words }) => words),
      ['the watchdog of systemd is not fed: it restarts the agent unless that ends'],
    )
  })

  it('starves the watchdog while the agent does not answer', async (t) => {
    const { manager, messages } = managed(t, { WATCHDOG_USEC: '20000' })
    let asked = 0
    manager.watch(() => {
      asked += 1
      return new Promise(() => undefined)
    })
    await sleep(100)
    assert.deepEqual([asked, messages()], [1, []])
  })

  it('asks for more time, and feeds the watchdog, as long as the agent stops', async (t) => {
    const { manager, messages, hears } = managed(t, { WATCHDOG_USEC: '40000' })
    manager.stopping()
    await hears(/^WATCHDOG=1 EXTEND_TIMEOUT_USEC=10000000$/, 2)
    manager.end()
    assert.match(messages()[0] ?? '', /^STOPPING=1/)
  })

  it('warns once while systemd-notify is missing or fails', async (t) => {
    const missing = managed(t, { PATH: '/nowhere' })
    const failing = managed(t, {}, '#!/bin/sh\necho no such socket >&2\nexit 1\n')
    for (const { manager, logger } of [missing, failing]) {
      let looks = 0
      manager.watch(async () => {
        looks += 1
        return well()
      })
      // Not by a watchdog of some ms: a timer that is due again when its program has started leaves no turn to others.
      for (let asked = 1; asked < 5; asked++) {
        manager.ready()
        await until(() => looks > asked)
      }
      assert.deepEqual(
        logger.lines.map(({ words }) => words),
        ['systemd-notify failed, so systemd does not hear how the agent does'],
      )
    }
    assert.match(String(failing.logger.lines[0]?.fields.err), /no such socket/)
  })
})

describe('serviceState', () => {
  it('counts the parts, names a problem, and is healthy while the log is', async (t) => {
    const log = await memoryLog()
    const parts = [job('make', manual(), () => undefined), listener('hear', on('x'), () => undefined)]
    const running = await start(agent('home', parts), { log, logger: false })
    t.after(() => running.stop())
    assert.deepEqual(await serviceState(running, log), { healthy: true, status: '1 job, 1 listener' })
    await log.close()
    assert.deepEqual(await serviceState(running, log), {
      healthy: false,
      status: '1 job, 1 listener; 2 problems: the log is closed and accepts no reads or writes',
    })
  })
})
