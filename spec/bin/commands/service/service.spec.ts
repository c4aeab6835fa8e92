import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { type Change, changesBetween } from '../../../../bin/commands/service/changes.ts'
import { command } from '../../../support/command.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

const NAMES = ['tidings-backup@.service', 'tidings-backup@.timer', 'tidings@.service']
/** How long a stop takes at most, in s: the grace period of the agent, the log, and a second for each. */
const LONGEST_STOP = 33

function projectOf(t: TestContext, ...agents: readonly string[]): string {
  const project = temporaryDirectory(t)
  mkdirSync(join(project, 'agents'))
  for (const name of agents) writeFileSync(join(project, 'agents', name), '')
  return project
}

/** The settings of a unit: all values of each name, in their order. */
function settingsOf(text: string): Map<string, string[]> {
  const settings = new Map<string, string[]>()
  for (const [, name = '', value = ''] of text.matchAll(/^(\w+)=(.*)$/gm))
    settings.set(name, [...(settings.get(name) ?? []), value])
  return settings
}

async function printed(project: string, unit: string, ...more: readonly string[]): Promise<Map<string, string[]>> {
  const { code, stdout, stderr } = await command('service', 'print', unit, '--project', project, ...more)
  assert.deepEqual([code, stderr], [0, ''])
  return settingsOf(stdout)
}

describe('tidings service print', () => {
  it('fills in this project, this Node and the user', async (t) => {
    const project = projectOf(t, 'hello.ts')
    const own = await printed(project, 'tidings@.service', '--run-as', 'home')
    assert.deepEqual([own.get('WorkingDirectory'), own.get('User')], [[project], ['home']])
    const [start = ''] = own.get('ExecStart') ?? []
    assert.match(start, /^\S+ \/\S+\/dist\/bin\/tidings\.js run agents\/%i --db %S\/tidings\/%i$/)
    assert.equal(start.split(' ')[0], process.execPath)
    assert.match(own.get('ExecStartPre')?.[0] ?? '', / -o home /)
    mkdirSync(join(project, 'node_modules/tidings/dist/bin'), { recursive: true })
    writeFileSync(join(project, 'node_modules/tidings/dist/bin/tidings.js'), '')
    const [local = ''] = (await printed(project, 'tidings@.service')).get('ExecStart') ?? []
    assert.match(local, / node_modules\/tidings\/dist\/bin\/tidings\.js run /)
  })

  it('lets the agent stop, reload and fail in its own time', async (t) => {
    const service = await printed(projectOf(t, 'hello.js'), 'tidings@.service')
    const one = (name: string): string => service.get(name)?.join() ?? ''
    assert.ok(Number(one('TimeoutStopSec')) > LONGEST_STOP)
    assert.deepEqual([one('Type'), one('NotifyAccess'), one('RestartPreventExitStatus')], ['notify', 'all', '2'])
    assert.match(one('ExecReload'), /kill -HUP \$MAINPID$/)
    assert.ok(Number(one('WatchdogSec')) >= 30)
  })

  it('backs up into the folder that the agent may write to, and keeps several', async (t) => {
    const project = projectOf(t, 'hello.ts')
    const [service, backup] = [
      await printed(project, 'tidings@.service'),
      await printed(project, 'tidings-backup@.service'),
    ]
    const [, folder = ''] = / db backup (\S+) --keep \d+ --db (\S+)$/.exec(backup.get('ExecStart')?.[0] ?? '') ?? []
    // With a dash, since ExecStartPre makes it: systemd mounts for that one, too.
    for (const unit of [service, backup]) assert.deepEqual(unit.get('ReadWritePaths'), [`-${folder}`])
    for (const name of ['User', 'StateDirectory', 'ExecStartPre']) assert.deepEqual(backup.get(name), service.get(name))
    assert.ok((await printed(project, 'tidings-backup@.timer')).has('OnCalendar'))
  })

  it('shows a project below a home to the agent, and nothing else there', async (t) => {
    const home = mkdtempSync(join(userInfo().homedir, '.tidings-spec-'))
    t.after(() => rmSync(home, { recursive: true }))
    mkdirSync(join(home, 'agents'))
    writeFileSync(join(home, 'agents/hello.ts'), '')
    const isHidden = /^\/(home|root)\b/.test(home)
    for (const name of ['tidings@.service', 'tidings-backup@.service']) {
      const unit = await printed(home, name)
      assert.deepEqual(unit.get('ProtectHome'), [isHidden ? 'tmpfs' : 'yes'])
      assert.equal(unit.get('BindReadOnlyPaths')?.[0]?.split(' ').includes(home) ?? false, isHidden)
    }
  })

  it('prints units of the own user, without what needs root', async (t) => {
    const service = await printed(projectOf(t, 'hello.ts'), 'tidings@.service', '--user')
    for (const name of ['User', 'StateDirectory', 'ProtectSystem', 'LoadCredential', 'ExecStartPre'])
      assert.equal(service.get(name), undefined, name)
    assert.match(service.get('ExecStart')?.[0] ?? '', / --db %h\//)
    assert.deepEqual(service.get('WantedBy'), ['default.target'])
  })

  it('prints all units with their places, or as JSON', async (t) => {
    const project = projectOf(t, 'hello.ts')
    const { stdout } = await command('service', 'print', '--project', project)
    const places = Array.from(stdout.matchAll(/^# (\/etc\/systemd\/system\/\S+)$/gm), ([, place = '']) => place)
    assert.deepEqual(places.map((place) => place.replace(/.*\//, '')).toSorted(), NAMES)
    const json = JSON.parse((await command('service', 'print', '--project', project, '--json')).stdout) as {
      name: string
      text: string
    }[]
    assert.deepEqual(json.map(({ name }) => name).toSorted(), NAMES)
    for (const { text } of json) assert.doesNotMatch(text, /\{\{/)
  })

  it('refuses what a unit cannot hold', async (t) => {
    const project = projectOf(t, 'hello.ts')
    const spaced = join(project, 'a b')
    mkdirSync(join(spaced, 'agents'), { recursive: true })
    writeFileSync(join(spaced, 'agents/hello.ts'), '')
    for (const [args, words] of [
      [['--project', join(project, 'agents')], /has no agents\/NAME\.ts or \.js/],
      [['--project', spaced], /can't hold the path/],
      [['--project', project, '--run-as', 'a b'], /--run-as must be the name of a user/],
      [['--project', project, '--run-as', 'a', '--user'], /leave out --run-as/],
      [['--project', project, 'tiding@.service'], /there is no unit "tiding@.service"; did you mean/],
    ] as const) {
      const { code, stderr } = await command('service', 'print', ...args)
      assert.equal(code, 2, stderr)
      assert.match(stderr, words)
    }
  })
})

describe('tidings service install', () => {
  it('writes the units and says what to type, and changes nothing the second time', async (t) => {
    const project = projectOf(t, 'hello.ts', 'other.ts', 'notes.md')
    const folder = join(project, 'units')
    const first = await command('service', 'install', '--project', project, '--to', folder)
    assert.equal(first.code, 0, first.stderr)
    assert.deepEqual(readdirSync(folder).toSorted(), NAMES)
    assert.equal(statSync(join(folder, 'tidings@.service')).mode & 0o777, 0o644)
    assert.equal(first.stdout.split('\n').filter((line) => line.endsWith(' is written')).length, 3)
    const next = first.stderr
      .split('\n')
      .filter((line) => line.startsWith('  '))
      .map((line) => line.trim())
    assert.match(next[0] ?? '', /^useradd .* tidings$|^systemctl daemon-reload$/)
    assert.deepEqual(next.slice(-2), [
      'systemctl enable --now tidings@hello.service tidings-backup@hello.timer',
      'systemctl enable --now tidings@other.service tidings-backup@other.timer',
    ])
    const second = await command('service', 'install', 'hello', '--project', project, '--to', folder)
    assert.equal(second.stdout.split('\n').filter((line) => line.endsWith(' is as it should be')).length, 3)
    assert.doesNotMatch(second.stderr, /@other/)
  })

  it('shows the difference to what it replaces, and only that with --dry', async (t) => {
    const project = projectOf(t, 'hello.ts')
    const to = ['--project', project, '--to', join(project, 'units')]
    await command('service', 'install', ...to)
    const path = join(project, 'units/tidings@.service')
    const written = readFileSync(path, 'utf8')
    writeFileSync(path, written.replace('WatchdogSec=60', 'WatchdogSec=5').replace('KillMode=mixed\n', ''))
    const edited = readFileSync(path, 'utf8')
    const dry = await command('service', 'install', '--dry', ...to)
    assert.match(
      dry.stdout,
      /@\.service would change\n {2}- WatchdogSec=5\n {2}\+ KillMode=mixed\n {2}\+ WatchdogSec=60\n/,
    )
    assert.deepEqual([dry.stderr, readFileSync(path, 'utf8')], ['', edited])
    const json = JSON.parse((await command('service', 'install', '--json', ...to)).stdout) as {
      units: { path: string; state: string; changes: Change[] }[]
      next: string[]
    }
    assert.deepEqual(json.units.map(({ state }) => state).toSorted(), ['changed', 'same', 'same'])
    assert.ok(json.next.includes('systemctl daemon-reload'))
    assert.equal(readFileSync(path, 'utf8'), written)
  })

  it('asks before it takes the units of another project', async (t) => {
    const [one, two] = [projectOf(t, 'hello.ts'), projectOf(t, 'hello.ts')]
    const folder = join(one, 'units')
    await command('service', 'install', '--project', one, '--to', folder)
    const asked = await command('service', 'install', '--project', two, '--to', folder)
    assert.equal(asked.code, 2)
    assert.match(asked.stderr, /these units run the agents of .*: add --yes to confirm/)
    const taken = await command('service', 'install', '--project', two, '--to', folder, '--yes')
    assert.equal(taken.code, 0)
    assert.match(readFileSync(join(folder, 'tidings@.service'), 'utf8'), new RegExp(`^WorkingDirectory=${two}$`, 'm'))
  })

  it('refuses an agent that the project does not have, and a folder that can not be written to', async (t) => {
    const project = projectOf(t, 'hello.ts')
    const unknown = await command('service', 'install', 'hallo', '--project', project, '--to', project)
    assert.deepEqual([unknown.code, existsSync(join(project, 'tidings@.service'))], [2, false])
    const refused = await command('service', 'install', '--project', project, '--to', '/sys/class')
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /can't be written: .*; use sudo, or --user for units of your own, or --to DIR/)
  })
})

describe('changesBetween', () => {
  it('leads from one text to the other, and is empty only for equal ones', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 8 }).map((lines) => lines.join('\n'))
    fc.assert(
      fc.property(text, text, (before, after) => {
        const changes = changesBetween(before, after)
        const [gone, come] = ['-', '+'].map((sign) =>
          changes.filter((each) => each.sign === sign).map(({ line }) => line),
        )
        assert.equal(changes.length === 0, before === after)
        const counts = (lines: readonly string[]) =>
          ['a', 'b', 'c', ''].map((x) => lines.filter((each) => each === x).length)
        const [b, a, g, c] = [before.split('\n'), after.split('\n'), gone ?? [], come ?? []].map(counts)
        assert.deepEqual(
          a,
          b?.map((count, i) => count - (g?.[i] ?? 0) + (c?.[i] ?? 0)),
        )
      }),
    )
  })
})
