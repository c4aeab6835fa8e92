import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { it, type TestContext } from 'node:test'
import commits from '../../docs/examples/commits.ts'
import { type LevelLog, memoryLog, start } from '../../lib/index.ts'
import { type Repository, repository } from './repository.ts'

const root = join(import.meta.dirname, '../..')

/** A repository that this process works in until the test ends. */
function here(t: TestContext): Repository {
  const repo = repository(t)
  const home = process.cwd()
  process.chdir(repo.path)
  t.after(() => process.chdir(home))
  return repo
}

/** Runs the agent of the example until it is idle. */
async function runExample(log: LevelLog): Promise<void> {
  const running = await start(commits, { log, logger: false })
  const report = await running.trigger('git.commits')
  assert.equal(report?.error, undefined)
  await running.drained()
  await running.stop()
}

function sheet({ path }: Repository): string {
  return readFileSync(join(path, '.tidings/commits.csv'), 'utf8')
}

async function withLog(t: TestContext): Promise<LevelLog> {
  const log = await memoryLog()
  t.after(() => log.close())
  return log
}

it('the example about commits keeps one row for each, under one header', async (t) => {
  const repo = here(t)
  const log = await withLog(t)
  const one = repo.commit('one')
  const two = repo.commit('two, "quoted"\n\nwith a body')
  await runExample(log)
  const rows = [
    'hash,committed,author,subject',
    `${one},2026-01-01T00:00:00.000Z,Ada,one`,
    `${two},2026-01-01T00:01:00.000Z,Ada,"two, ""quoted"""`,
  ]
  assert.equal(sheet(repo), `${rows.join('\n')}\n`)
  await runExample(log)
  assert.equal(sheet(repo), `${rows.join('\n')}\n`)
  const three = repo.commit('three')
  await runExample(log)
  assert.equal(sheet(repo), `${[...rows, `${three},2026-01-01T00:02:00.000Z,Ada,three`].join('\n')}\n`)
})

it('the example about commits lets no formula into the spreadsheet', async (t) => {
  const repo = here(t)
  const formulas = ['=1+1', '+cmd()', '-2', '@SUM(A1)', '=HYPERLINK("http://x.example","click")']
  for (const formula of formulas) repo.commit(formula, { env: { GIT_AUTHOR_NAME: formula } })
  await runExample(await withLog(t))
  const [, ...rows] = sheet(repo).trimEnd().split('\n')
  assert.equal(rows.length, formulas.length)
  for (const row of rows) assert.doesNotMatch(row, /(^|,)"?[=+\-@]/)
  assert.ok(rows[0]?.endsWith(",'=1+1,'=1+1"), rows[0])
})

it('the example about commits adds neither existing rows nor rows for fixups', async (t) => {
  const repo = here(t)
  const one = repo.commit('one')
  repo.commit('fixup! one')
  repo.commit(`see ${one}, it was good`)
  await runExample(await withLog(t))
  const before = sheet(repo)
  assert.equal(before.split('\n').length, 4)
  // A new log delivers every event again, as after a crash.
  await runExample(await withLog(t))
  assert.equal(sheet(repo), before)
  // A lost row comes back, although another row contains its hash.
  writeFileSync(join(repo.path, '.tidings/commits.csv'), before.replace(new RegExp(`^${one}.*\n`, 'm'), ''))
  await runExample(await withLog(t))
  assert.deepEqual(new Set(sheet(repo).split('\n')), new Set(before.split('\n')))
})

it('the example about commits runs from the command line, and names its file', async (t) => {
  const repo = repository(t)
  repo.commit('one')
  repo.commit('two')
  const npmStart = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const args = [join(root, 'dist/bin/tidings.js'), 'run', join(root, 'docs/examples/commits.ts'), '--once']
      const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env
      execFile(process.execPath, args, { cwd: repo.path, env }, (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(stderr, { cause: error })),
      )
    })
  assert.equal(await npmStart(), 'New rows in .tidings/commits.csv: 2. Run it again: no commit gets a second one.\n')
  const two = sheet(repo)
  assert.equal(two.split('\n').length, 4)
  assert.equal(await npmStart(), '')
  assert.equal(sheet(repo), two)
  const hash = repo.commit('three')
  assert.match(await npmStart(), /: 1\. /)
  assert.equal(sheet(repo), `${two}${hash},2026-01-01T00:02:00.000Z,Ada,three\n`)
})
