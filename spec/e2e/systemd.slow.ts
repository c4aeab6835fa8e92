import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { command } from '../support/command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { start, userFolder } from './program.ts'

/** The exposure, of 10, that the units may have by the rating of systemd. */
const MOST = 1.5

function run(program: string, ...args: readonly string[]): string {
  const { error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (error !== undefined)
    throw new Error(`${program} is missing: install the Debian package systemd`, { cause: error })
  return stdout + stderr
}

/** A folder with the units of a project, for the agent hello. */
async function unitsIn(t: TestContext, ...more: readonly string[]): Promise<string> {
  const project = temporaryDirectory(t)
  mkdirSync(join(project, 'agents'))
  writeFileSync(join(project, 'agents/hello.ts'), '')
  const units = join(project, 'units')
  assert.equal((await command('service', 'install', '--project', project, '--to', units, ...more)).code, 0)
  return units
}

const SERVICES = ['tidings', 'tidings-backup']

function exposureOf(units: string, service: string): number {
  const instance = join(units, `${service}@hello.service`)
  writeFileSync(instance, readFileSync(join(units, `${service}@.service`)))
  const rated = run('systemd-analyze', 'security', '--offline=true', '--no-pager', instance)
  const [, exposure] = /Overall exposure level for .*: ([\d.]+)/.exec(rated) ?? []
  assert.ok(exposure, rated)
  return Number(exposure)
}

describe('the units', () => {
  it('are valid: systemd-analyze verify has nothing to say', async (t) => {
    const units = await unitsIn(t)
    const names = ['tidings@hello.service', 'tidings-backup@hello.service', 'tidings-backup@hello.timer']
    // The templates beside are found by the folder of the instances.
    for (const name of names) writeFileSync(join(units, name), readFileSync(join(units, name.replace('hello', ''))))
    assert.equal(run('systemd-analyze', 'verify', ...names.map((name) => join(units, name))), '')
    writeFileSync(join(units, names[0] as string), '[Service]\nExecStart=/no/such/program\nNoSuchSetting=1\n')
    assert.match(run('systemd-analyze', 'verify', join(units, names[0] as string)), /NoSuchSetting/)
  })

  it(`are exposed by at most ${MOST} of 10`, async (t) => {
    const units = await unitsIn(t)
    for (const service of SERVICES) assert.ok(exposureOf(units, service) <= MOST, service)
  })

  it('are more exposed without any one of these lines', async (t) => {
    const units = await unitsIn(t)
    const path = join(units, 'tidings@.service')
    const whole = readFileSync(path, 'utf8')
    const least = exposureOf(units, 'tidings')
    for (const line of ['CapabilityBoundingSet=', 'NoNewPrivileges=yes', 'ProtectSystem=strict', 'User=tidings']) {
      assert.ok(whole.includes(`\n${line}\n`), line)
      writeFileSync(path, whole.replace(`\n${line}\n`, '\n'))
      assert.ok(exposureOf(units, 'tidings') > least, line)
    }
    writeFileSync(path, whole.replace('\nCapabilityBoundingSet=\n', '\n').replace('\nUser=tidings\n', '\n'))
    assert.ok(exposureOf(units, 'tidings') > MOST)
  })
})

/** Receives datagrams as systemd does, and writes each as one line to its standard output. */
const receiver = `use Socket; $| = 1; socket(S, AF_UNIX, SOCK_DGRAM, 0); bind(S, pack_sockaddr_un($ARGV[0])) or die $!;
  print "bound\\n"; while (defined recv(S, $m, 4096, 0)) { $m =~ s/\\n/ /g; print "$m\\n" }`

interface Received {
  readonly socket: string
  messages(): string[]
}

async function receive(t: TestContext): Promise<Received> {
  const socket = join(temporaryDirectory(t), 'notify')
  const child: ChildProcess = spawn('perl', ['-e', receiver, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  const failed = new Promise<never>((_, reject) =>
    child.once('error', () => reject(new Error('perl is missing: install the Debian package perl-base'))),
  )
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (more: string) => (text += more))
  t.after(() => child.kill('SIGKILL'))
  await Promise.race([failed, until(() => text.startsWith('bound\n'), 'the receiver')])
  failed.catch(() => undefined)
  // systemd-notify waits until its message was read, by sending a second one.
  const messages = (): string[] =>
    text
      .split('\n')
      .slice(1, -1)
      .filter((each) => each !== 'BARRIER=1')
  return { socket, messages }
}

const blocks = `
  import { existsSync } from 'node:fs'
  import { agent, every, job } from 'tidings'
  export default agent('blocks', [
    job('look', every('1s'), () => { while (existsSync('block')); }, { atStart: true }),
    job('child', every('1h'), async ({ exec, logger }) => void logger.info({ env: (await exec('env', [])).stdout }, 'child'), { atStart: true }),
  ])`

describe('an agent under systemd', () => {
  it('reports its start, its status, its life and its end, and no life while its loop stands still', async (t) => {
    const { socket, messages } = await receive(t)
    const folder = userFolder(t, { 'blocks.ts': blocks })
    const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000000' }
    const running = start(t, folder, 'tidings', ['run', 'blocks.ts'], { env })
    await until(() => messages().filter((each) => each === 'WATCHDOG=1').length > 2, 'a fed watchdog')
    const [ready, first] = messages()
    assert.deepEqual([ready, first], ['READY=1', 'WATCHDOG=1 STATUS=2 jobs, no listeners'])

    writeFileSync(join(folder, 'block'), '')
    // What was on its way arrives; then nothing does.
    await sleep(5000)
    const before = messages().length
    await sleep(5000)
    assert.equal(messages().length, before)
    spawnSync('rm', [join(folder, 'block')])
    await until(() => messages().length > before, 'a fed watchdog')

    const { code, lines } = await running.signal('SIGTERM')
    assert.equal(code, 0)
    await until(() => messages().some((each) => each.startsWith('STOPPING=1')), 'STOPPING=1')
    const [child] = lines.filter(({ msg }) => msg === 'child')
    assert.doesNotMatch(String(child?.env), /NOTIFY_SOCKET|WATCHDOG/)
    assert.deepEqual(
      lines.filter(({ msg }) => msg.includes('systemd')),
      [],
    )
  })

  it('runs and stops as always when nothing listens, or the receiver hangs', async (t) => {
    const folder = userFolder(t)
    const hanging = temporaryDirectory(t)
    writeFileSync(join(hanging, 'systemd-notify'), '#!/bin/sh\nexec sleep 20\n', { mode: 0o755 })
    const cases = [
      { NOTIFY_SOCKET: join(folder, 'no-socket') },
      { NOTIFY_SOCKET: join(folder, 'no-socket'), PATH: `${hanging}:${process.env.PATH}`, WATCHDOG_USEC: '1000000' },
    ]
    for (const env of cases) {
      const running = start(t, folder, 'tidings', ['run', 'hello.ts', '--db', temporaryDirectory(t)], { env })
      await running.said(/hello world/)
      await running.said(/systemd-notify failed/)
      assert.ok(existsSync(folder))
      assert.equal((await running.signal('SIGTERM')).code, 0)
    }
  })
})
