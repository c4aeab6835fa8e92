import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { describe, it, type TestContext } from 'node:test'
import { dependencyOn } from '../../../../bin/commands/init/origin.ts'
import { problemWith } from '../../../../bin/commands/init/project.ts'
import { type InitOptions, runInit } from '../../../../bin/commands/init/run-init.ts'
import { command } from '../../../support/command.ts'
import { temporaryDirectory } from '../../../support/temporary-directory.ts'

const filesIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort()

const shared = ['.env.example', '.github/workflows/test.yml', '.gitignore', 'README.md']
const ts = [...shared, 'agents/hello.ts', 'package.json', 'test/hello.test.ts', 'tsconfig.json']
const js = [...shared, 'agents/hello.js', 'package.json', 'test/hello.test.js']

const project = (t: TestContext): string => join(temporaryDirectory(t), 'home')

describe('tidings init', () => {
  it('writes a project in TypeScript, or in JavaScript', async (t) => {
    const folder = temporaryDirectory(t)
    for (const [name, flags, files] of [
      ['one', [], ts],
      ['two', ['--js'], js],
    ] as const) {
      const { code, stdout, stderr } = await command('init', join(folder, name), '--yes', '--no-install', ...flags)
      assert.deepEqual([code, filesIn(join(folder, name)).sort()], [0, [...files].sort()], stderr)
      assert.match(stdout, /wrote in .*:\n {2}\.env\.example\n/)
      assert.match(stdout, /next:\n {2}cd .*\n {2}npm install {3}installs its packages\n {2}npm run dev/)
      const texts = files.map((file) => readFileSync(join(folder, name, file), 'utf8'))
      assert.equal(texts.join('\n').includes('{{'), false)
      assert.equal((JSON.parse(texts[files.indexOf('package.json')] ?? '') as { name: string }).name, name)
    }
  })

  it('prints JSON', async (t) => {
    const directory = project(t)
    const { stdout } = await command('init', directory, '--ts', '--no-install', '--json')
    const { written, ...rest } = JSON.parse(stdout) as { written: string[] }
    assert.deepEqual(written.sort(), [...ts].sort())
    assert.deepEqual(rest, { directory, kept: [], installed: false })
  })

  it('adds the missing files to a new repository, and keeps its own', async (t) => {
    const directory = project(t)
    mkdirSync(join(directory, '.git'), { recursive: true })
    for (const name of ['README.md', 'LICENSE', '.gitignore']) writeFileSync(join(directory, name), 'mine')
    const { code, stdout } = await command('init', directory, '--ts', '--no-install')
    assert.equal(code, 0)
    assert.match(stdout, /kept as they are:\n {2}\.gitignore\n {2}README\.md\n/)
    assert.deepEqual(filesIn(directory), [...ts, 'LICENSE'].sort())
    assert.equal(readFileSync(join(directory, 'README.md'), 'utf8'), 'mine')
  })

  it('says what a package.json lacks that it kept', async (t) => {
    const directory = project(t)
    mkdirSync(directory)
    writeFileSync(join(directory, 'package.json'), '{}')
    const { stdout } = await command('init', directory, '--ts')
    assert.match(stdout, /\npackage\.json lacks tidings: npm install tidings rxjs\n/)
  })

  it('refuses a folder with other files, and a file', async (t) => {
    const directory = project(t)
    mkdirSync(directory)
    writeFileSync(join(directory, 'main.py'), '')
    writeFileSync(join(directory, 'notes'), '')
    const { code, stderr } = await command('init', directory, '--ts')
    assert.equal(code, 2)
    assert.match(stderr, /home is not empty: it has main\.py and 1 more; name a folder that is new or empty\n$/)
    assert.deepEqual(filesIn(directory), ['main.py', 'notes'])
    assert.match((await command('init', join(directory, 'notes'), '--ts')).stderr, /notes is not a folder\n$/)
  })

  it('refuses a project that has more than it would write, unless it adds what deploys it', async (t) => {
    const directory = project(t)
    await command('init', directory, '--no-install', '--js')
    mkdirSync(join(directory, 'lib'))
    const refused = await command('init', directory, '--js', '--no-install')
    assert.deepEqual([refused.code, filesIn(directory)], [2, [...js].sort()])
    assert.match(refused.stderr, /has a project already; --deploy systemd,docker,ansible adds to it\n$/)
  })

  it('refuses unknown deployments and flags that exclude each other', async (t) => {
    const directory = project(t)
    for (const [args, words] of [
      [['--deploy', 'sytemd'], /--deploy must be one of .*, got "sytemd"; did you mean "systemd"\?\n$/],
      [['--js', '--ts'], /--js and --ts exclude each other\n$/],
      [['--install', '--no-install'], /--install and --no-install exclude each other\n$/],
    ] as const) {
      const { code, stderr } = await command('init', directory, ...args)
      assert.equal(code, 2)
      assert.match(stderr, words)
    }
  })

  it('adds what deploys a project, once, and nothing else', async (t) => {
    const directory = project(t)
    await command('init', directory, '--no-install', '--js', '--deploy', 'docker')
    const docker = ['.dockerignore', 'Dockerfile']
    assert.deepEqual(filesIn(directory), [...js, ...docker].sort())
    assert.match(readFileSync(join(directory, 'Dockerfile'), 'utf8'), /docker build --tag home \./)
    for (const name of ['Dockerfile', 'README.md', 'agents/hello.js']) rmSync(join(directory, name))
    writeFileSync(join(directory, 'agents/news.js'), '')
    const { stdout } = await command('init', directory, '--deploy', 'docker')
    assert.doesNotMatch(stdout, /next/)
    assert.match(stdout, /^wrote in .*:\n {2}Dockerfile\nkept as they are:\n {2}\.dockerignore\n$/)
    assert.match(readFileSync(join(directory, 'Dockerfile'), 'utf8'), /"agents\/news"/)
    await command('init', directory, '--deploy', 'systemd')
    const units = filesIn(join(directory, 'deploy'))
    assert.deepEqual(units, ['tidings-backup@.service', 'tidings-backup@.timer', 'tidings@.service'])
    assert.match(readFileSync(join(directory, 'deploy/tidings@.service'), 'utf8'), /\/opt\/tidings\/home\//)
  })

  it('needs a folder, or --yes, without a terminal', async () => {
    const terminal = { input: new PassThrough(), output: new PassThrough() }
    await assert.rejects(runInit({}, terminal), {
      name: 'UsageError',
      message: 'DIR is missing: tidings init DIR, or --yes for my-agents',
    })
  })
})

/** Types answers on a terminal; resolves to the questions and the folder. */
async function typed(t: TestContext, answers: string, options: InitOptions = {}) {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const terminal = { input: Object.assign(input, { isTTY: true }), output: Object.assign(output, { isTTY: true }) }
  input.end(answers)
  t.mock.method(process.stdout, 'write', () => true)
  const ended = runInit({ 'no-install': true, ...options }, terminal)
  await ended.finally(() => t.mock.restoreAll())
  return String(output.read() ?? '')
}

describe('tidings init on a terminal', () => {
  it('asks for the folder and the language, and asks again for what it can not use', async (t) => {
    const directory = project(t)
    const asked = await typed(t, `${directory} A\n${directory}\nperl\nJavaScript\n`)
    assert.match(asked, /Folder of the new project \(my-agents\): /)
    assert.match(asked, /"home A" can't be the name of a package: .*such as home-a\n/)
    assert.match(asked, /TypeScript or JavaScript: ts or js \(ts\): .*answer ts or js\n/s)
    assert.deepEqual(filesIn(directory), [...js].sort())
  })

  it('asks only what is not given, and nothing with --yes', async (t) => {
    const directory = project(t)
    assert.doesNotMatch(await typed(t, '\n', { directory }), /Folder/)
    assert.deepEqual(filesIn(directory), [...ts].sort())
    for (const options of [{ js: true }, { ts: true }, { yes: true }])
      assert.equal(await typed(t, '', { ...options, directory: project(t) }), '')
  })

  it('writes nothing when there is no answer', async (t) => {
    await assert.rejects(typed(t, ''), { name: 'Failure', message: 'nothing was written' })
  })
})

describe('the name of a project', () => {
  it('is the name of a package', () => {
    for (const name of ['home', 'my-agents', 'a.b_c', '9']) assert.equal(problemWith(name), undefined)
    for (const [name, instead] of [
      ['My Agents', 'my-agents'],
      ['.hidden', 'hidden'],
      ['tidings', 'my-agents'],
      ['Ü', 'my-agents'],
      ['a'.repeat(215), 'a'.repeat(214)],
    ] as const)
      assert.ok(problemWith(name)?.endsWith(`such as ${instead}`), problemWith(name))
  })
})

describe('dependencyOn', () => {
  const installed = (t: TestContext, resolved?: string): string => {
    const folder = temporaryDirectory(t)
    const root = join(folder, 'node_modules/tidings')
    mkdirSync(root, { recursive: true })
    writeFileSync(join(root, 'package.json'), '{"version":"1.2.3"}')
    writeFileSync(join(folder, 'tidings.tgz'), '')
    const packages = { 'node_modules/tidings': { resolved } }
    if (resolved !== undefined) writeFileSync(join(root, '../.package-lock.json'), JSON.stringify({ packages }))
    return folder
  }
  const from = (folder: string): string => dependencyOn(join(folder, 'node_modules/tidings'))

  it('is the version that is installed from a registry', (t) => {
    assert.equal(from(installed(t)), '^1.2.3')
    assert.equal(from(installed(t, 'https://registry.example/tidings-1.2.3.tgz')), '^1.2.3')
    assert.equal(from(installed(t, 'file:gone.tgz')), '^1.2.3')
  })

  it('is the tarball that it was installed from, or the folder that it runs in', (t) => {
    const folder = installed(t, 'file:tidings.tgz')
    assert.equal(from(folder), `file:${join(folder, 'tidings.tgz')}`)
    assert.equal(dependencyOn(folder), `file:${folder}`)
  })
})
