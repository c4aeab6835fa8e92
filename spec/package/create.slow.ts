import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { lasting } from '../docs/sessions/session.ts'
import { inTime } from '../e2e/program.ts'
import { prefix } from '../support/temporary-directory.ts'
import { must, root, run } from './programs.ts'
import { CTRL_C, typeOn } from './typed-session.ts'
import { openVerdaccio, type PublishedRegistry } from './verdaccio.ts'

/** How long it may take from an empty folder to the first event, in ms, on a machine that does nothing else. */
const FIRST_EVENT = 60_000

/** The session in the README that this suite types. `TIDINGS_RECORD=1` writes what it prints now. */
const SESSION = /(?<=^```console create\n)[\s\S]*?(?=^```$)/m
const readme = join(root, 'README.md')

describe('npm create tidings', () => {
  let directory: string
  let registry: PublishedRegistry
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), prefix))
    registry = await openVerdaccio(directory)
    for (const folder of [root, join(root, 'create-tidings')])
      await must(folder, 'npm', ['publish', '--ignore-scripts'], registry.env)
  })
  after(async () => {
    await registry?.[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })
  const empty = (name: string): string => {
    const folder = join(directory, name)
    mkdirSync(folder)
    return folder
  }

  for (const [language, flags] of [
    ['TypeScript', []],
    ['JavaScript', ['--js']],
  ] as const) {
    it(`makes a project in ${language} without a terminal, whose tests and checks pass`, async (t) => {
      const folder = empty(language)
      const began = performance.now()
      await must(folder, 'npm', ['create', 'tidings@latest', 'x', '--', '--yes', ...flags], registry.env)
      const made = performance.now()
      const project = join(folder, 'x')
      await firstEvent(project, registry.env)
      const heard = performance.now()
      t.diagnostic(
        `${seconds(made - began)} until the project is there, ${seconds(heard - began)} until the first event`,
      )
      for (const script of ['test', 'check']) {
        const { code, stdout, stderr } = await run(project, 'npm', ['run', script], registry.env)
        assert.equal(code, 0, stdout + stderr)
      }
      await inTime(heard - began, FIRST_EVENT)
    })
  }

  it('asks on a terminal, as the README shows (if not: TIDINGS_RECORD=1)', async () => {
    const folder = empty('typed')
    // With a cache that has nothing: npm asks before it runs what it has never had.
    // npm prints as it does by itself, however this suite was started.
    const own = { npm_config_loglevel: 'notice', npm_config_cache: join(directory, 'newcomer'), TZ: 'UTC' }
    const env = { ...process.env, ...registry.env, ...own }
    const type = async (command: string, answers: Parameters<typeof typeOn>[2], cwd = folder): Promise<string> => {
      const { screen } = await typeOn(cwd, command, answers, env)
      return `$ ${command}\n${screen.replaceAll(folder, '~').replaceAll(/\n+/g, '\n').trim()}\n`
    }
    const printed = [
      await type('npm create tidings@latest', [
        { to: /Ok to proceed\? \(y\) /, typed: '\n' },
        { to: /Folder of the new project/, typed: 'home\n' },
        { to: /ts or js \(ts\): /, typed: '\n' },
      ]),
      '$ cd home\n',
      await type('npm start', [{ to: /hello: it is/, typed: CTRL_C }], join(folder, 'home')),
    ].join('')
    assert.match(printed, /hello: it is \d\d:\d\d UTC/)
    const page = readFileSync(readme, 'utf8')
    if (process.env.TIDINGS_RECORD === '1') writeFileSync(readme, page.replace(SESSION, printed))
    else assert.deepEqual(comparable(printed), comparable(SESSION.exec(page)?.[0] ?? ''))
  })
})

/** The lines, without what differs from time to time: also the order of two programs that write at once. */
function comparable(session: string): string[] {
  // First of all: `lasting` takes `duplicate=0 ms` for a duration.
  return lasting(session.replaceAll(/\bms=\d+/g, 'ms=N'))
    .replaceAll(/\d\d:\d\d(?::\d\d)?(?:\.\d+)?/g, 'TIME')
    .split('\n')
    .sort()
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** Starts the agent of a project as people do, until it prints its first event; then stops it. */
async function firstEvent(project: string, env: Readonly<Record<string, string>>): Promise<void> {
  const child = spawn('npm', ['start'], { cwd: project, env: { ...process.env, ...env }, detached: true })
  let output = ''
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const printed = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        if (output.includes('hello: it is')) resolve()
      })
  })
  await Promise.race([printed, closed])
  // The whole group: npm, its shell and the agent.
  if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
  await closed
  assert.match(output, /hello: it is/)
}
