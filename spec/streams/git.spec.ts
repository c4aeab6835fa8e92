import assert from 'node:assert/strict'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Exec, type JobContext, TidingsError } from '../../lib/index.ts'
import { type Commit, type GitOptions, git } from '../../streams/git.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { commitsIn, found, subjectsIn, tagsIn, watch } from './git-watch.ts'
import { Repository, repository } from './repository.ts'

describe('a run of the git stream fails with the reason', () => {
  const failed = { code: 'TIDINGS_EXEC_FAILED' } as const

  it('without a repository', async (t) => {
    const path = temporaryDirectory(t)
    const words = new RegExp(`${path}.*not a git repository`)
    await assert.rejects(commitsIn(path), { ...failed, message: words })
    await assert.rejects(tagsIn(path), { ...failed, message: words })
    await assert.rejects(commitsIn(join(path, 'gone')), { ...failed, message: /gone/ })
  })

  it('without such a branch', async (t) => {
    const repo = repository(t)
    repo.commit('one')
    await assert.rejects(subjectsIn(repo.path, { branch: 'mian' }), { ...failed, message: /mian/ })
    repo.git(['symbolic-ref', 'HEAD', 'refs/heads/master'])
    await assert.rejects(subjectsIn(repo.path), { ...failed, message: /HEAD/ })
  })

  it('and the next one tells its commits', async (t) => {
    const repo = repository(t)
    repo.commit('one')
    const { look, subjects, running } = await watch(t, git({ path: repo.path }))
    await look()
    repo.commit('two')
    repo.git(['symbolic-ref', 'HEAD', 'refs/heads/gone'])
    const report = await running.trigger('git.commits')
    assert.equal((report?.error as { code?: string } | undefined)?.code, 'TIDINGS_EXEC_FAILED')
    await running.drained()
    repo.git(['symbolic-ref', 'HEAD', 'refs/heads/main'])
    await look()
    assert.deepEqual(subjects(), ['one', 'two'])
  })
})

describe('the git stream only reads', () => {
  it('even if a path or a branch looks like an option', async (t) => {
    const room = temporaryDirectory(t)
    const repo = new Repository(join(room, '--version'))
    repo.commit('one')
    repo.git(['checkout', '--quiet', '-b', 'other'])
    repo.commit('elsewhere')
    repo.git(['checkout', '--quiet', 'main'])
    const home = process.cwd()
    t.after(() => process.chdir(home))
    process.chdir(room)
    assert.deepEqual(await subjectsIn('--version'), ['one'])
    for (const branch of ['--all', '--branches', '-h', '--output=made', '--not']) {
      await assert.rejects(subjectsIn('--version', { branch }), { code: 'TIDINGS_EXEC_FAILED' })
    }
    assert.deepEqual([existsSync(join(room, 'made')), existsSync(join(repo.path, 'made'))], [false, false])
  })

  it('and runs only git, whatever the settings of the repository', async (t) => {
    const repo = repository(t)
    const trap = join(repo.path, 'trap.sh')
    writeFileSync(trap, `#!/bin/sh\necho sprung >> '${repo.path}/sprung'\n`)
    chmodSync(trap, 0o755)
    const tree = repo.git(['mktree'])
    const signature = 'gpgsig -----BEGIN PGP SIGNATURE-----\n \n AAAA\n -----END PGP SIGNATURE-----\n'
    const person = 'A <a@x> 1 +0000'
    repo.object(
      'commit',
      `tree ${tree}\nauthor ${person}\ncommitter ${person}\n${signature}\nsigned\n`,
      'refs/heads/main',
    )
    repo.git(['tag', 'v1'])
    for (const key of [
      'gpg.program',
      'core.pager',
      'core.fsmonitor',
      'core.editor',
      'core.sshCommand',
      'diff.external',
    ])
      repo.git(['config', key, trap])
    repo.git(['config', 'core.hooksPath', repo.path])
    repo.git(['config', 'log.showSignature', 'true'])
    assert.deepEqual(await subjectsIn(repo.path), ['signed'])
    assert.equal((await tagsIn(repo.path)).length, 1)
    assert.equal(existsSync(join(repo.path, 'sprung')), false)
    // The trap works: git log springs it.
    repo.git(['log'])
    assert.equal(existsSync(join(repo.path, 'sprung')), true)
  })
})

describe('a long history', () => {
  const number = (args: readonly string[], option: string): number =>
    Number(args.find((arg) => arg.startsWith(option))?.slice(option.length) ?? 0)
  const hashOf = (i: number): string => i.toString(16).padStart(40, '0')

  /** A git with `length` commits in a row, the newest last. */
  function pretend(length: number): { exec: Exec; calls: (readonly string[])[]; signals: (AbortSignal | undefined)[] } {
    const calls: (readonly string[])[] = []
    const signals: (AbortSignal | undefined)[] = []
    const exec: Exec = async (file, args, options) => {
      assert.equal(file, 'git')
      assert.deepEqual(args.slice(0, 2), ['-C', '/somewhere'])
      calls.push(args)
      signals.push(options?.signal)
      return { stdout: answer(args), stderr: '' }
    }
    const answer = (args: readonly string[]): string => {
      if (args.includes('rev-parse')) return 'false\n'
      if (args.includes('--no-walk')) return `${hashOf(length)}\n`
      if (args.includes('rev-list')) {
        const newest = length - number(args, '--skip=')
        const count = Math.min(number(args, '--max-count='), newest)
        return Array.from({ length: count }, (_, i) => `${hashOf(newest - i)}\n`).join('')
      }
      const hashes = args.filter((arg) => /^[0-9a-f]{40}$/.test(arg))
      return hashes
        .map((hash) => `${[hash, '', 'A', 'a@x', '1', '1', `no ${Number.parseInt(hash, 16)}`, ''].join('\0')}\0\n`)
        .join('')
    }
    return { exec, calls, signals }
  }

  it('is read in parts that fit on a command line, completely and in order', async () => {
    const { exec, calls, signals } = pretend(900)
    const drafts = await found(git({ path: '/somewhere' }), 'commits', { exec })
    assert.deepEqual(
      drafts.map(({ data }) => (data as Commit).subject),
      Array.from({ length: 900 }, (_, i) => `no ${i + 1}`),
    )
    assert.deepEqual(
      calls.filter((args) => args.join(' ').length > 20_000),
      [],
    )
    assert.deepEqual(
      signals.filter((signal) => !(signal instanceof AbortSignal)),
      [],
    )
  })

  it('with longer messages than a program may print is read in smaller parts', async () => {
    const { exec } = pretend(900)
    const tooMuch = new TidingsError('TIDINGS_EXEC_FAILED', 'it printed too much', {
      details: { file: 'git', output: 'stdout' },
    })
    // The commits from 300 to 309 are as long as ten of them may be together, and one is longer than one may be.
    const exceeding: Exec = async (file, args, options) => {
      const long = args.filter((arg) => /^[0-9a-f]{40}$/.test(arg)).map((hash) => Number.parseInt(hash, 16))
      const isWhole = args.some((arg) => arg.includes('%b'))
      if (isWhole && long.filter((n) => n >= 300 && n < 310).length > 5) throw tooMuch
      if (isWhole && long.includes(700)) throw tooMuch
      const { stdout, stderr } = await exec(file, args, options)
      return { stdout: isWhole || long.length === 0 ? stdout : stdout.replace('no 700\0\0', ''), stderr }
    }
    const warned: object[] = []
    const logger = { warn: (fields: object) => void warned.push(fields) } as unknown as JobContext['logger']
    const drafts = await found(git({ path: '/somewhere' }), 'commits', { exec: exceeding, logger })
    assert.deepEqual(
      drafts.map(({ data }) => (data as Commit).subject),
      Array.from({ length: 900 }, (_, i) => (i === 699 ? '' : `no ${i + 1}`)),
    )
    assert.deepEqual(warned, [{ commit: hashOf(700) }])
  })

  it('with more hashes than a program may print is listed in parts', async () => {
    const most = 64 * 1024 * 1024
    const [oldest, other] = ['0', '1'].map((digit) => digit.repeat(64))
    const { exec } = pretend(1)
    // The longer hashes, and a number that leaves one for the last part.
    const exceeding: Exec = async (file, args, options) => {
      const [count, skip] = ['--max-count=', '--skip='].map((option) => number(args, option))
      if (args.includes('log')) throw new Error(`details of ${args.find((arg) => /^[0-9a-f]{64}$/.test(arg))}`)
      if (!args.includes('rev-list') || args.includes('--no-walk')) return exec(file, args, options)
      const stdout = skip === 0 ? `${other}\n`.repeat(count ?? 0) : `${oldest}\n`
      assert.ok(stdout.length <= most, 'more than a program may print')
      return { stdout, stderr: '' }
    }
    const read = found(git({ path: '/somewhere' }), 'commits', { exec: exceeding })
    await assert.rejects(read, { message: `details of ${oldest}` })
  })
})

describe('options of the git stream', () => {
  it('without a path are rejected when the stream is called', () => {
    for (const path of [undefined, '', 7]) {
      assert.throws(() => git({ path } as GitOptions), { code: 'TIDINGS_STREAM_INVALID', message: /path/ })
    }
  })

  it('are refused by name', () => {
    for (const [given, words] of [
      [{ path: '.', brunch: 'main' }, /has no "brunch"; did you mean "branch"\?/],
      [{ path: '.', every: 'soon' }, /every: expected a duration such as '5s'.*got "soon"/],
      [{ path: '.', branch: '' }, /branch: expected text/],
      [{ path: '.', backfill: -1 }, /backfill: expected a whole number from 0, got -1/],
      [{ path: '.', first: { tell: -1 } }, /first: expected 'tell', 'record' or { tell: n }/],
    ] as const) {
      assert.throws(() => git(given as unknown as GitOptions), { code: 'TIDINGS_STREAM_INVALID', message: words })
    }
  })

  it('accept an interval in words or milliseconds', () => {
    const pauses = [undefined, '90s', 5000].map((every) =>
      git({ path: '.', ...(every === undefined ? {} : { every }) }),
    )
    assert.deepEqual(
      pauses.map(({ jobs }) => jobs.map(({ schedule }) => schedule.toString())),
      [
        ['every 1m', 'every 1m'],
        ['every 1m30s', 'every 1m30s'],
        ['every 5s', 'every 5s'],
      ],
    )
  })
})
