import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pack } from '../package/install.ts'
import type { Ended } from '../package/programs.ts'
import { openRegistry, type Registry } from '../package/registry.ts'
import { prefix } from '../support/temporary-directory.ts'
import { needs } from './needs.ts'
import { makeProject, type Project } from './project.ts'
import { type SystemdMachine, startSystemd } from './systemd-machine.ts'
import { startTraffic, type Traffic } from './traffic.ts'

/** The program of the release that runs. */
const program = '/opt/tidings/home/current/node_modules/.bin/tidings'

const SECRET = 'a secret of the rehearsal'

/** What the inventory of a user would say of this machine. */
const inventory = {
  tidings: {
    hosts: { localhost: { ansible_connection: 'local', ansible_become: false } },
    vars: {
      tidings_project: 'home',
      tidings_agents: ['counter', 'quiet'],
      tidings_keep: 2,
      tidings_settle: 2,
      tidings_secrets: [{ agent: 'quiet', name: 'TOKEN', value: SECRET }],
    },
  },
}

/** Traffic flows from the first test to the last: what was told across all upgrades is compared at the end. */
describe('deploy.yaml', () => {
  let folder: string
  let machine: SystemdMachine
  let registry: Registry
  let project: Project
  let traffic: Traffic
  let env: NodeJS.ProcessEnv
  const at = (path: string): string => join(folder, path)

  before(async () => {
    needs('ansible-playbook', 'systemctl', 'unshare')
    folder = mkdtempSync(join(tmpdir(), prefix))
    const { tarball } = await pack(folder)
    registry = await openRegistry([tarball])
    traffic = await startTraffic()
    env = {
      npm_config_registry: registry.url,
      npm_config_noproxy: '127.0.0.1',
      npm_config_cache: at('shared/npm'),
      ANSIBLE_HOME: at('shared/ansible'),
      ANSIBLE_NOCOLOR: '1',
      ANSIBLE_PIPELINING: '1',
      LC_ALL: 'C.UTF-8',
    }
    project = await makeProject(at('shared/project'), traffic.url, ['systemd', 'ansible'], env)
    writeFileSync(join(project.folder, 'inventory'), JSON.stringify(inventory))
    mkdirSync(at('disk'))
    machine = await startSystemd(at('disk'), at('shared'))
  })
  after(async () => {
    await machine?.end()
    await traffic?.close()
    await registry?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  const play = (...args: readonly string[]): Promise<Ended> =>
    machine.run(project.folder, 'ansible-playbook', ['-i', 'inventory', 'deploy.yaml', ...args], env)

  /** What a program prints on the machine. */
  async function ask(name: string, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await machine.run('/', name, args)
    assert.equal(code, 0, `${name} ${args.join(' ')}: ${stderr}`)
    return stdout.trim()
  }
  const current = async (): Promise<string> => basename(await ask('readlink', '/opt/tidings/home/current'))
  const pids = (): Promise<string> =>
    ask('systemctl', 'show', '--property=MainPID', 'tidings@counter.service', 'tidings@quiet.service')

  async function deploy(): Promise<string> {
    const { code, stdout, stderr } = await play()
    assert.equal(code, 0, `${stdout}\n${stderr}`)
    return stdout
  }

  /** Deploys a release that has to be taken back; resolves to what it logged, and to the reason. */
  async function fails(): Promise<{ readonly output: string; readonly reason: string }> {
    const { code, stdout } = await play('--extra-vars', 'tidings_patience=15')
    assert.equal(code, 2, stdout)
    const [, result = '{}'] = /FAILED! => (\{[^\n]*\})\n+PLAY RECAP/.exec(stdout) ?? []
    return { output: stdout, reason: (JSON.parse(result) as { msg: string }).msg }
  }

  it('installs a first release, and changes nothing the second time', async () => {
    await deploy()
    assert.match(await current(), /^1\.0\.0-[0-9a-f]{12}$/)
    assert.equal(await ask('stat', '--format=%a %U', '/etc/tidings/quiet/TOKEN'), '600 root')
    await ask(program, 'jobs', 'run', 'nothing', '--db', '/var/lib/tidings/quiet')
    const before = await pids()
    const output = await deploy()
    assert.match(output, /localhost +: ok=\d+ +changed=0 /)
    assert.equal(output.includes(SECRET), false)
    assert.equal(await pids(), before)
  })

  it('upgrades, and backs the log up before', async () => {
    project.write({ version: '2.0.0' })
    await deploy()
    assert.match(await current(), /^2\.0\.0-/)
    for (const agent of ['counter', 'quiet']) {
      const backups = `/var/backups/tidings/${agent}`
      const [newest = '', ...others] = (await ask('ls', backups)).split('\n')
      assert.deepEqual(others, [])
      await ask(program, 'db', 'restore', join(backups, newest), '--db', `/root/rehearsal/${agent}`)
    }
  })

  it('does not run a release that does not load', async () => {
    const [before, release] = [await pids(), await current()]
    project.write({ version: '3.0.0', more: "import './missing.ts'" })
    const { code, stdout } = await play()
    assert.equal(code, 2, stdout)
    assert.match(stdout, /Load each agent with the new code.*can't find.*missing\.ts/s)
    assert.deepEqual([await pids(), await current()], [before, release])
  })

  it('takes a release back that runs, but does not get well', async () => {
    const release = await current()
    project.write({
      version: '4.0.0',
      more: "parts.push(listener('late', on(happened), () => undefined, { from: Date.now() }))",
    })
    const { reason } = await fails()
    assert.match(reason, /^4\.0\.0-\w+ did not get well \(.*"late" does not start.*\)\. 2\.0\.0-\w+ runs again/)
    assert.equal(await current(), release)
  })

  it('takes a release back that ends at its start', async () => {
    const release = await current()
    project.write({ version: '5.0.0', more: "if (process.argv[2] === 'run') throw new Error('no such service')" })
    const { output, reason } = await fails()
    assert.match(reason, /^5\.0\.0-\w+ did not get well \(counter: Start it: .*\)\. 2\.0\.0-\w+ runs again/s)
    assert.match(output, /no such service/)
    assert.equal(await current(), release)
  })

  it('goes back to a release that is still there, and removes the oldest', async () => {
    project.write({ version: '1.0.0' })
    await deploy()
    assert.match(await current(), /^1\.0\.0-/)
    assert.equal((await ask('ls', '/opt/tidings/home/releases')).split('\n').length, 3)
  })

  it('has an agent that hangs started again', async () => {
    const hanging = await ask('systemctl', 'show', '--property=MainPID', '--value', 'tidings@quiet.service')
    await ask('kill', '-STOP', hanging)
    // The watchdog waits a minute, and the next start five seconds.
    for (const late = Date.now() + 180_000; Date.now() < late; await sleep(1000)) {
      if ((await ask('systemctl', 'show', '--property=NRestarts', '--value', 'tidings@quiet.service')) !== '0') break
    }
    await ask('systemctl', 'start', 'tidings@quiet.service')
    await ask(program, 'health', '--db', '/var/lib/tidings/quiet')
    assert.notEqual(await ask('systemctl', 'show', '--property=MainPID', '--value', 'tidings@quiet.service'), hanging)
  })

  it('has told everything once, in order, whatever release ran', async (t) => {
    await traffic.settled()
    const told = traffic.told()
    t.diagnostic(`${traffic.published()} numbers were published, ${told.length} were told`)
    const numbers = Array.from({ length: traffic.published() }, (_, index) => index + 1)
    assert.deepEqual(
      told.map(({ n }) => n),
      numbers,
    )
    assert.deepEqual(
      told.map(({ count }) => count),
      numbers,
      'the state of the listener is kept',
    )
    const versions = told.map(({ version }) => version).filter((version, i, all) => version !== all[i - 1])
    assert.deepEqual(versions, ['1.0.0', '2.0.0', '4.0.0', '2.0.0', '1.0.0'])
  })
})
