import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import type { Backtest } from '../../lib/agent/inspect/backtest.ts'
import { agent, openLog, type StoredEvent, start } from '../../lib/index.ts'
import { Repository } from '../streams/repository.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { answered } from './answered.ts'
import { start as begin, root, tidings } from './program.ts'

/** A module with one listener, which hears repos by this pipe. */
const module = (pipe: string, more = ''): string => `
import { map, mergeMap, tap } from 'rxjs'
import { agent, listener, on, where } from 'tidings'
import { at, changed, digest, eq, gt, lt, settled } from 'tidings/filters'
${more}
export const stars = listener('stars', on('repo').pipe(${pipe}), () => { throw new Error('the handler has run') })
export default agent('home', [stars])
`

/** A folder with a log of these events, and the files. */
async function place(
  t: TestContext,
  events: readonly { readonly type?: string; readonly stars: number; readonly told?: boolean }[],
  files: Readonly<Record<string, string>>,
): Promise<{ readonly folder: string; readonly db: string }> {
  const folder = temporaryDirectory(t)
  const db = join(folder, 'log')
  const log = await openLog(db)
  for (const [i, { type = 'repo', stars, told = true }] of events.entries())
    await log.accept([{ type, identifier: `x/${i}`, data: { stars } }], { told })
  await log.close()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return { folder, db }
}

async function tested(...args: readonly string[]): Promise<Backtest> {
  const { code, stdout, stderr } = await answered(tmpdir(), ['backtest', ...args, '--json'])
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as Backtest
}

const seqsOf = (group: { readonly examples: readonly { readonly seq: number }[] } | undefined): number[] =>
  (group?.examples ?? []).map(({ seq }) => seq)

describe('tidings backtest', () => {
  it('on a listener with a changed filter equals a hand-written loop over an export', async (t) => {
    const seed = Date.now()
    t.diagnostic(`seed ${seed}`)
    const event = fc.record({
      type: fc.constantFrom('repo', 'repo', 'repo', 'other'),
      stars: fc.nat({ max: 6 }),
      told: fc.boolean(),
    })
    const stored = fc.sample(fc.array(event, { minLength: 200, maxLength: 200 }), { seed, numRuns: 1 })[0] ?? []
    const { folder, db } = await place(t, stored, {
      'new.ts': module("where('data.stars', gt(2)), changed('data.stars')"),
      'old.ts': module("where('data.stars', lt(5)), changed('data.stars')"),
    })
    const [file, old] = [join(folder, 'new.ts'), join(folder, 'old.ts')]
    const exported = (await answered(folder, ['events', 'export', '--db', db])).stdout
    const all = exported
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as StoredEvent)
    const passing = (holds: (stars: number) => boolean): Set<number> => {
      const passed = new Set<number>()
      let last: unknown
      for (const { seq, type, data } of all) {
        const { stars } = data as { stars: number }
        if (type !== 'repo' || !holds(stars) || stars === last) continue
        last = stars
        passed.add(seq)
      }
      return passed
    }
    const [now, then] = [passing((stars) => stars > 2), passing((stars) => stars < 5)]
    const result = await tested(file, 'stars', '--against', old, '--db', db, '--examples', '1000')
    const { difference } = result
    assert.deepEqual(
      seqsOf(difference?.added),
      [...now].filter((seq) => !then.has(seq)),
    )
    assert.deepEqual(
      seqsOf(difference?.removed),
      [...then].filter((seq) => !now.has(seq)),
    )
    assert.deepEqual(
      seqsOf(difference?.same),
      [...now].filter((seq) => then.has(seq)),
    )
    assert.equal(difference?.changed.count, 0)
    assert.deepEqual([result.passed, difference?.against.passed], [now.size, then.size])
    const alone = await tested(file, 'stars', '--db', db, '--examples', '3')
    assert.deepEqual([alone.passes?.count, seqsOf(alone.passes)], [now.size, [...now].slice(-3)])
  })

  it('shows what passes, by day, and what fails; no handler runs, and the log stays as it is', async (t) => {
    const pipe =
      "where('data.stars', gt(1)), map((event) => { if (event.data.stars === 3) throw new Error('three'); return event })"
    const { folder, db } = await place(
      t,
      [1, 2, 3, 4].map((stars) => ({ stars })),
      { 'home.ts': module(pipe) },
    )
    const { code, stdout } = await answered(folder, ['backtest', 'home.ts', 'stars', '--db', db])
    const today = new Date()
    const day = `${today.getFullYear()}-${String(today.getMonth() + 1).padStart(2, '0')}`
    assert.equal(code, 0)
    assert.match(
      stdout,
      /^stars: 4 events read, 4 heard\n {2}2 passed, 1 filtered out, 1 failed\npassed \(2\)\n {2}2\t/,
    )
    assert.match(stdout, /\nfailed \(1\)\n {2}3\t[\dT:.+-]+\trepo\tx\/2: three\n/)
    assert.match(stdout, new RegExp(`\\npassed, by day\\n {2}${day}-\\d\\d\\t2\\n$`))
    const log = await openLog(db)
    assert.equal(await log.last(), 4)
    for await (const _ of log.consumers()) assert.fail('it has opened a consumer')
    await log.close()
  })

  it('counts a batch as one delivery, and tells values that change from those that stay', async (t) => {
    const files = {
      'new.ts': module("where('data.stars', gt(1)), digest({ size: 2 })"),
      'old.ts': module('digest({ size: 2 })'),
    }
    const { folder, db } = await place(
      t,
      [1, 2, 3, 4, 5].map((stars) => ({ stars })),
      files,
    )
    const result = await tested(join(folder, 'new.ts'), 'stars', '--against', join(folder, 'old.ts'), '--db', db)
    const { passed, deliveries, filtered, waiting, difference } = result
    assert.deepEqual([passed, deliveries, filtered, waiting], [4, 2, 1, 0])
    assert.deepEqual(seqsOf(difference?.removed), [1])
    assert.deepEqual(seqsOf(difference?.changed), [2, 3, 4])
    assert.deepEqual(seqsOf(difference?.added), [5])
    assert.equal(difference?.against.waiting, 1)
  })

  it('selects events by type and time; JSON has the documented fields', async (t) => {
    const events = [{ stars: 9 }, { type: 'other', stars: 9 }]
    const { folder, db } = await place(t, events, { 'home.ts': module("where('data.stars', gt(1))") })
    const file = join(folder, 'home.ts')
    const none = await tested(file, 'stars', '--db', db, '--until', '1d')
    assert.deepEqual([none.events, none.heard, none.days], [0, 0, []])
    assert.equal((await tested(file, 'stars', '--db', db, '--type', 'other')).heard, 0)
    const result = await tested(file, 'stars', '--db', db, '--since', '1h')
    assert.deepEqual(Object.keys(result), [
      'listener',
      'events',
      'heard',
      'passed',
      'deliveries',
      'filtered',
      'waiting',
      'failed',
      'passes',
      'failures',
      'days',
    ])
    const compared = await tested(file, 'stars', '--against', file, '--db', db)
    assert.deepEqual(Object.keys(compared.difference ?? {}), ['against', 'added', 'removed', 'changed', 'same'])
    assert.deepEqual(Object.keys(compared.days[0] ?? {}), ['day', 'passed', 'added', 'removed', 'changed'])
    assert.deepEqual(Object.keys(result.passes?.examples[0] ?? {}), ['seq', 'type', 'identifier', 'created'])
  })

  it('works beside a running agent', async (t) => {
    const { folder, db } = await place(t, [{ stars: 9 }], { 'home.ts': module("where('data.stars', gt(1))") })
    const log = await openLog(db)
    const running = await start(agent('home', []), { log, serve: db, logger: false })
    t.after(async () => {
      await running.stop()
      await log.close()
    })
    assert.equal((await tested(join(folder, 'home.ts'), 'stars', '--db', db)).passed, 1)
  })

  it('runs on the example of docs/backtest.md', async (t) => {
    const repository = new Repository(temporaryDirectory(t))
    for (const subject of ['one', 'fixup! one', 'two']) repository.commit(subject)
    const file = join(root, 'docs/examples/commits.ts')
    assert.equal((await tidings(t, repository.path, ['run', file, '--once'])).code, 0)
    const { code, stdout } = await tidings(t, repository.path, ['backtest', file, 'rows'])
    assert.equal(code, 0)
    assert.match(stdout, /^rows: 3 events read, 3 heard\n {2}2 passed, 1 filtered out\npassed \(2\)\n/)
  })

  it('refuses what it does not find, with what there is', async (t) => {
    const { folder, db } = await place(t, [], { 'home.ts': module('tap()') })
    const file = join(folder, 'home.ts')
    const cases = [
      [[file, 'star'], /has no listener "star"; did you mean "stars"\?/],
      [[file, 'stars', '--against', file, '--against-git', 'HEAD'], /leave one out/],
      [[file, 'stars', '--since', 'tomorrow'], /"since" must be a date/],
      [[file, 'stars', '--against-git', 'HEAD'], /is not in a git repository/],
    ] as const
    for (const [args, words] of cases) {
      const { code, stderr } = await answered(folder, ['backtest', ...args, '--db', db])
      assert.deepEqual([code, words.test(stderr)], [2, true], stderr)
    }
  })
})

describe('tidings backtest --against-git', () => {
  async function inRepository(t: TestContext) {
    const old = "import { least } from './rule.ts'\n"
    const { folder, db } = await place(
      t,
      [1, 2, 3, 4].map((stars) => ({ stars })),
      {
        'agents/home.ts': module("where('data.stars', gt(least))", old),
        'agents/rule.ts': 'export const least = 1\n',
        'agents/node_modules/limits/index.js': 'module.exports = 0\n',
        '.gitignore': 'log\nnode_modules\n',
      },
    )
    const repository = new Repository(folder)
    repository.git(['add', '.'])
    const hash = repository.commit('first')
    writeFileSync(join(folder, 'agents/rule.ts'), "import limit from 'limits'\nexport const least = 3 + limit\n")
    return { folder, db, repository, hash, file: join(folder, 'agents/home.ts') }
  }

  it('compares with the file as it was, with its imports and packages; nothing is left', async (t) => {
    const { folder, db, repository, file } = await inRepository(t)
    repository.git(['add', '.'])
    writeFileSync(join(folder, 'agents/rule.ts'), 'export const least = 0\n')
    const before = repository.git(['status', '--porcelain'])
    const first = await tested(file, 'stars', '--against-git', 'HEAD', '--db', db)
    assert.deepEqual(seqsOf(first.difference?.added), [1])
    assert.deepEqual(seqsOf(first.difference?.same), [2, 3, 4])
    repository.commit('second')
    const second = await tested(file, 'stars', '--against-git', 'HEAD', '--db', db)
    assert.deepEqual(seqsOf(second.difference?.added), [1, 2, 3])
    const third = await tested(file, 'stars', '--against-git', 'HEAD~1', '--db', db)
    assert.deepEqual(third.difference, first.difference)
    assert.ok(before.startsWith('MM agents/rule.ts'), before)
    assert.deepEqual(repository.git(['status', '--porcelain']), ' M agents/rule.ts')
    assert.deepEqual(readdirSync(folder).toSorted(), ['.git', '.gitignore', 'agents', 'log'])
  })

  it('refuses an unknown revision, and a file that it does not have', async (t) => {
    const { folder, db, file } = await inRepository(t)
    const unknown = await answered(folder, ['backtest', file, 'stars', '--against-git', '--upload-pack=x', '--db', db])
    assert.equal(unknown.code, 2)
    const nope = await answered(folder, ['backtest', file, 'stars', '--against-git', 'nope', '--db', db])
    assert.match(nope.stderr, /the repository in .* has no revision "nope"/)
    writeFileSync(join(folder, 'agents/new.ts'), readFileSync(file))
    const fresh = await answered(folder, [
      'backtest',
      join(folder, 'agents/new.ts'),
      'stars',
      '--against-git',
      'HEAD',
      '--db',
      db,
    ])
    assert.deepEqual([fresh.code, fresh.stderr], [2, 'tidings: revision "HEAD" has no file agents/new.ts\n'])
  })

  it('removes the files on a signal, and those of a process that was killed', async (t) => {
    const { folder, db, repository, file } = await inRepository(t)
    const endless = module(
      "where('data.stars', gt(0)), mergeMap(() => new Promise(() => setInterval(() => undefined, 1000)))",
    )
    writeFileSync(file, endless)
    mkdirSync(join(folder, '.tidings-against-999999999-x'))
    const program = begin(t, folder, 'tidings', ['backtest', file, 'stars', '--against-git', 'HEAD', '--db', db])
    const ours = (): string[] => readdirSync(folder).filter((name) => name.startsWith('.tidings-against-'))
    await until(() => ours().some((name) => existsSync(join(folder, name, 'agents/home.ts'))))
    assert.equal(ours().length, 1)
    assert.equal((await program.signal('SIGTERM')).code, 143)
    assert.deepEqual(ours(), [])
    assert.equal(execFileSync('git', ['-C', folder, 'worktree', 'list'], { encoding: 'utf8' }).split('\n').length, 2)
    assert.equal(repository.git(['status', '--porcelain']), ' M agents/home.ts\n M agents/rule.ts')
  })
})
