import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { lastValueFrom, toArray } from 'rxjs'
import {
  agent,
  type Draft,
  type Exec,
  type JobContext,
  listener,
  memoryLog,
  on,
  type Running,
  type RunReport,
  runOnce,
  type StoredEvent,
  type Stream,
  start,
} from '../../lib/index.ts'
import { type Commit, type GitOptions, git, type Tag } from '../../streams/git.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { Repository, repository } from './repository.ts'

/** The drafts of one run of a stream's job. */
async function found(stream: Stream, job: 'commits' | 'tags', context: Partial<JobContext> = {}): Promise<Draft[]> {
  const one = stream.jobs.find(({ name }) => name.endsWith(`.${job}`))
  assert.ok(one, 'no such job')
  return lastValueFrom(runOnce(one, context).pipe(toArray()))
}

async function commitsIn(path: string, options: Partial<GitOptions> = {}): Promise<Commit[]> {
  const drafts = await found(git({ path, ...options }), 'commits')
  for (const draft of drafts) assert.equal(draft.identifier, (draft.data as Commit).hash)
  return drafts.map(({ data }) => data as Commit)
}

async function tagsIn(path: string): Promise<Tag[]> {
  return (await found(git({ path }), 'tags')).map(({ data }) => data as Tag)
}

async function subjectsIn(path: string, options?: Partial<GitOptions>): Promise<string[]> {
  return (await commitsIn(path, options)).map(({ subject }) => subject)
}

/**
 * An agent of these streams that keeps the events it hears. A look is a run of a job, which must succeed. Without it, jobs
 * would run after a minute, long after the end of the test.
 */
async function watch(t: TestContext, ...streams: readonly Stream[]) {
  const told: StoredEvent[] = []
  const hear = listener('hear', on(git.commit, git.tag), (event) => void told.push(event))
  const log = await memoryLog()
  const running: Running = await start(agent('watch', [streams, hear]), { log, logger: false })
  t.after(async () => {
    await running.stop()
    await log.close()
  })
  const look = async (job = 'git.commits'): Promise<RunReport> => {
    const report = await running.trigger(job)
    assert.ok(report, 'the run was skipped')
    assert.equal(report.error, undefined)
    await running.drained()
    return report
  }
  const subjects = (): string[] => told.splice(0).map(({ data }) => (data as Commit).subject)
  return { look, told, subjects, running }
}

describe('git.commits', () => {
  it('tells the content of commits, parents first', async (t) => {
    const repo = repository(t)
    const first = repo.commit('one')
    repo.git(['checkout', '--quiet', '-b', 'side'])
    const side = repo.commit('two\n\nIt has a body,\n\n  and more.\n', {
      env: { GIT_AUTHOR_DATE: '2001-02-03T04:05:06-0700' },
    })
    repo.git(['checkout', '--quiet', 'main'])
    const main = repo.commit('three,\nin two lines')
    repo.git(['merge', '--quiet', '--no-edit', 'side'])
    const merge = repo.git(['rev-parse', 'HEAD'])

    const author = { name: 'Ada', email: 'ada@example.org' }
    const at = (minute: number): { authored: string; committed: string } => {
      const time = `2026-01-01T00:0${minute}:00.000Z`
      return { authored: time, committed: time }
    }
    const path = repo.path
    assert.deepEqual(await commitsIn(path), [
      { path, hash: first, parents: [], author, ...at(0), subject: 'one', body: '' },
      {
        path,
        hash: side,
        parents: [first],
        author,
        authored: '2001-02-03T11:05:06.000Z',
        committed: '2026-01-01T00:01:00.000Z',
        subject: 'two',
        body: 'It has a body,\n\n  and more.',
      },
      { path, hash: main, parents: [first], author, ...at(2), subject: 'three, in two lines', body: '' },
      { path, hash: merge, parents: [main, side], author, ...at(3), subject: "Merge branch 'side'", body: '' },
    ])
  })

  it('tells each commit once, and after the first look does not even read the old ones', async (t) => {
    const repo = repository(t)
    repo.commit('one')
    repo.commit('two')
    const { look, subjects } = await watch(t, git({ path: repo.path }))
    await look()
    assert.deepEqual(subjects(), ['one', 'two'])
    const again = await look()
    assert.deepEqual([again.new, again.duplicate], [0, 0])
    repo.commit('three')
    const { new: fresh, duplicate } = await look()
    assert.deepEqual([fresh, duplicate], [1, 0])
    assert.deepEqual(subjects(), ['three'])
  })

  it('can start by recording the past, or by telling only its newest commits', async (t) => {
    const repo = repository(t)
    for (const subject of ['one', 'two', 'three']) repo.commit(subject)
    for (const [first, newest] of [
      ['record', []],
      [{ tell: 2 }, ['two', 'three']],
    ] as const) {
      const { look, subjects } = await watch(t, git({ path: repo.path, first }))
      const { new: fresh } = await look()
      assert.equal(fresh, 3)
      assert.deepEqual(subjects(), newest)
    }
  })

  it('tells parents first even if the clocks of authors differ', async (t) => {
    const repo = repository(t)
    const tree = repo.git(['mktree'])
    const make = (name: string, hour: string, ...parents: string[]): string =>
      repo.git(['commit-tree', tree, '-m', name, ...parents.flatMap((parent) => ['-p', parent])], {
        env: { GIT_COMMITTER_DATE: `2026-01-01T${hour}:00:00Z` },
      })
    const base = make('base', '20')
    const merge = make('merge', '23', make('fast', '21', base), make('slow', '03', base))
    repo.git(['update-ref', 'HEAD', merge])
    assert.deepEqual(await subjectsIn(repo.path), ['base', 'slow', 'fast', 'merge'])
  })

  it('finds old commits when an old branch is merged', async (t) => {
    const repo = repository(t)
    repo.commit('one')
    repo.git(['checkout', '--quiet', '-b', 'old'])
    repo.commit('old work')
    repo.git(['checkout', '--quiet', 'main'])
    repo.commit('two')
    const { look, subjects } = await watch(t, git({ path: repo.path }))
    await look()
    assert.deepEqual(subjects(), ['one', 'two'])
    repo.git(['merge', '--quiet', '--no-edit', 'old'])
    await look()
    assert.deepEqual(subjects(), ['old work', "Merge branch 'old'"])
  })

  it('tells the new commits after a rebase, also when the old ones are gone for good', async (t) => {
    const repo = repository(t)
    const root = repo.commit('one')
    repo.commit('two')
    const { look, subjects } = await watch(t, git({ path: repo.path }))
    await look()
    assert.deepEqual(subjects(), ['one', 'two'])
    repo.git(['reset', '--quiet', '--hard', root])
    const before = repo.commit('two, better')
    await look()
    assert.deepEqual(subjects(), ['two, better'])
    repo.git(['reset', '--quiet', '--hard', root])
    repo.commit('two, best')
    repo.git(['update-ref', '-d', 'ORIG_HEAD'])
    repo.git(['reflog', 'expire', '--expire=now', '--all'])
    repo.git(['gc', '--quiet', '--prune=now'])
    assert.throws(() => repo.git(['cat-file', '-e', before]))
    const { duplicate } = await look()
    assert.deepEqual(subjects(), ['two, best'])
    assert.equal(duplicate, 1)
  })

  it('tells nothing in a repository without commits, and then the first commit', async (t) => {
    for (const branch of ['HEAD', 'main', '*']) {
      const repo = repository(t)
      const { look, subjects } = await watch(t, git({ path: repo.path, branch }))
      await look()
      await look('git.tags')
      assert.deepEqual(subjects(), [])
      repo.commit('one')
      await look()
      assert.deepEqual(subjects(), ['one'])
    }
  })

  it('tells the commits of a shallow clone, and the rest once it is deepened', async (t) => {
    const origin = repository(t)
    for (const subject of ['one', 'two', 'three', 'four']) origin.commit(subject)
    const clone = new Repository(join(temporaryDirectory(t), 'clone'), false)
    origin.git(['clone', '--quiet', '--depth=2', `file://${origin.path}`, clone.path])
    const { look, told, subjects } = await watch(t, git({ path: clone.path }))
    await look()
    assert.deepEqual((told[0]?.data as Commit | undefined)?.parents, [])
    assert.deepEqual(subjects(), ['three', 'four'])
    clone.git(['fetch', '--quiet', '--depth=3'])
    await look()
    assert.deepEqual(subjects(), ['two'])
    clone.git(['fetch', '--quiet', '--unshallow'])
    await look()
    assert.deepEqual(subjects(), ['one'])
  })

  it('reads bare repositories, worktrees, folders in them, detached heads and sha256', async (t) => {
    const repo = repository(t)
    const first = repo.commit('one')
    repo.commit('two')
    const room = temporaryDirectory(t)
    const [bare, tree, folder] = [join(room, 'bare'), join(room, 'tree'), join(room, 'tree/docs')]
    repo.git(['clone', '--quiet', '--bare', '.', bare])
    repo.git(['worktree', 'add', '--quiet', '--detach', tree, first])
    mkdirSync(folder)
    assert.deepEqual(await subjectsIn(bare), ['one', 'two'])
    assert.deepEqual(await subjectsIn(tree), ['one'])
    assert.deepEqual(await subjectsIn(folder), ['one'])
    assert.deepEqual(await subjectsIn(repo.path), ['one', 'two'])
    const sha256 = repository(t, '--object-format=sha256')
    const hash = sha256.commit('long')
    assert.equal(hash.length, 64)
    assert.deepEqual(
      (await commitsIn(sha256.path)).map((each) => each.hash),
      [hash],
    )
  })

  it('tells the commits of the chosen branch, or of all branches', async (t) => {
    const origin = repository(t)
    origin.commit('base')
    const repo = new Repository(join(temporaryDirectory(t), 'clone'), false)
    origin.git(['clone', '--quiet', '.', repo.path])
    origin.commit('theirs')
    repo.git(['fetch', '--quiet'])
    repo.commit('mine')
    repo.git(['checkout', '--quiet', '-b', 'topic/one'])
    repo.commit('topic')
    repo.git(['checkout', '--quiet', 'main'])
    writeFileSync(join(repo.path, 'file'), 'x')
    repo.git(['add', 'file'])
    repo.git(['stash', '--quiet'])
    assert.deepEqual(await subjectsIn(repo.path), ['base', 'mine'])
    assert.deepEqual(await subjectsIn(repo.path, { branch: 'topic/one' }), ['base', 'mine', 'topic'])
    assert.deepEqual(await subjectsIn(repo.path, { branch: 'origin/main' }), ['base', 'theirs'])
    assert.deepEqual((await subjectsIn(repo.path, { branch: '*' })).sort(), ['base', 'mine', 'theirs', 'topic'])
  })

  it('finds new commits on any of very many branches', async (t) => {
    const repo = repository(t)
    const root = repo.commit('root')
    const tree = repo.git(['rev-parse', 'HEAD^{tree}'])
    const many = Array.from({ length: 450 }, (_, i) => {
      const person = `X <x@example.org> ${1_700_000_000 + i} +0000`
      const message = `branch ${i}`
      return [
        `commit refs/heads/b${i}`,
        `committer ${person}`,
        `data ${message.length}`,
        message,
        `from ${root}`,
        '',
      ].join('\n')
    })
    repo.git(['fast-import', '--quiet'], { input: many.join('\n') })
    const { look, subjects } = await watch(t, git({ path: repo.path, branch: '*' }))
    await look()
    assert.equal(new Set(subjects()).size, 451)
    const late = repo.git(['commit-tree', tree, '-p', 'b7', '-m', 'late'], {
      env: { GIT_COMMITTER_DATE: '@1600000000 +0000' },
    })
    repo.git(['update-ref', 'refs/heads/b7', late])
    await look()
    assert.deepEqual(subjects(), ['late'])
  })

  it('misses and repeats no commit, whatever is committed, merged, reset and switched between looks', async (t) => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('commit' as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('merge' as const), with: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('reset' as const), to: fc.nat() }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('look' as const) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 15 }), async (steps) => {
        const repo = repository(t)
        const { look, told } = await watch(t, git({ path: repo.path }))
        const root = repo.commit('root')
        const tree = repo.git(['rev-parse', 'HEAD^{tree}'])
        // The truth, kept apart from git: the ancestry, and which commits a look could see.
        const parents = new Map<string, readonly string[]>([[root, []]])
        const visible = new Set<string>()
        const see = (hash: string): void => {
          if (visible.has(hash)) return
          visible.add(hash)
          parents.get(hash)?.forEach(see)
        }
        let head = root
        for (const [i, one] of [...steps, { do: 'look' as const }].entries()) {
          const known = [...parents.keys()]
          if (one.do === 'look') {
            await look()
            see(head)
            assert.deepEqual(new Set(told.map(({ identifier }) => identifier)), visible)
            continue
          }
          const other = known[(one.do === 'merge' ? one.with : one.do === 'reset' ? one.to : 0) % known.length] ?? root
          if (one.do === 'reset') head = other
          else {
            const from = one.do === 'merge' && other !== head ? [head, other] : [head]
            // The clocks of authors differ, so dates go up and down.
            const date = `@${1_700_000_000 + ((i * 7919) % 1000)} +0000`
            const args = ['commit-tree', tree, ...from.flatMap((parent) => ['-p', parent]), '-m', `step ${i}`]
            head = repo.git(args, { env: { GIT_COMMITTER_DATE: date } })
            parents.set(head, from)
          }
          repo.git(['update-ref', 'HEAD', head])
        }
        const order = told.map(({ identifier }) => identifier)
        assert.equal(new Set(order).size, order.length)
        for (const [at, hash] of order.entries()) {
          for (const parent of parents.get(hash) ?? []) assert.ok(order.indexOf(parent) < at, 'a parent comes first')
        }
      }),
      { numRuns: 10 },
    )
  })
})

describe('git.commits accepts', () => {
  const odd = [
    '-starts like an option',
    '=1+1',
    'tab\tand "quotes", \'more\'; | $(touch x) `touch y` \\n %H%x00 %s',
    'separators \x1e\x1f\x02 and \x1b[31mcolours\x07',
    'emoji 🎉 and e\u0301, 漢字, \u202e backwards, \ufeff',
    'commit 4fe66e4fe8f2d230a5d7a9487dc1d38ea059f6a9',
    '__proto__',
  ]

  it('odd subjects and bodies', async (t) => {
    const repo = repository(t)
    for (const text of odd) repo.commit(`${text}\n\n${text}\n\n${odd.join('\n')}`)
    const commits = await commitsIn(repo.path)
    assert.deepEqual(
      commits.map(({ subject }) => subject),
      odd.map((text) => text.trimEnd()),
    )
    for (const [i, { body }] of commits.entries()) assert.equal(body, `${odd[i]}\n\n${odd.join('\n')}`)
  })

  it('odd names and addresses', async (t) => {
    const repo = repository(t)
    const names = ['O\'Hara "Q", Jr.; | x', 'tab\there', '=cmd()', 'Zoë 🎉 \x1f\x01', '-n']
    for (const name of names) repo.commit('x', { env: { GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: 'a b@x"y,z\t=1' } })
    const authors = (await commitsIn(repo.path)).map(({ author }) => author)
    // Git itself drops dots, commas, quotes and the like from both ends of a name.
    const kept = ['O\'Hara "Q", Jr.; | x', 'tab\there', '=cmd()', 'Zoë 🎉', '-n']
    assert.deepEqual(
      authors,
      kept.map((name) => ({ name, email: 'a b@x"y,z\t=1' })),
    )
  })

  it('an empty message', async (t) => {
    const repo = repository(t)
    repo.commit('', { args: ['--allow-empty-message'], env: { GIT_AUTHOR_NAME: 'x' } })
    repo.commit('after')
    const [{ subject, body } = { subject: '?', body: '?' }, after] = await commitsIn(repo.path)
    assert.deepEqual([subject, body, after?.subject], ['', '', 'after'])
  })

  it('messages in other encodings, declared or not', async (t) => {
    const repo = repository(t)
    const tree = repo.git(['mktree'])
    const header = `tree ${tree}\nauthor Ren\xe9 <r@x> 1 +0000\ncommitter R <r@x> 1 +0000\n`
    const declared = Buffer.from(`${header}encoding ISO-8859-1\n\ncaf\xe9\n\nna\xefve\n`, 'latin1')
    repo.object('commit', declared, 'refs/heads/main')
    assert.deepEqual(
      (await commitsIn(repo.path)).map(({ subject, body, author }) => [subject, body, author.name]),
      [['café', 'naïve', 'René']],
    )
    repo.object('commit', Buffer.from(`${header}\ncaf\xe9 \xff\n`, 'latin1'), 'refs/heads/main')
    assert.deepEqual(await subjectsIn(repo.path), ['caf\ufffd \ufffd'])
  })

  it('settings that change what git prints', async (t) => {
    const repo = repository(t)
    repo.commit('sch\u00f6n\n\nbody')
    const plain = await commitsIn(repo.path)
    for (const [key, value] of [
      ['i18n.logOutputEncoding', 'ISO-8859-1'],
      ['log.date', 'relative'],
      ['log.decorate', 'full'],
      ['format.pretty', 'fuller'],
      ['color.ui', 'always'],
      ['log.abbrevCommit', 'true'],
      ['alias.log', 'log --oneline'],
      ['core.quotePath', 'true'],
    ] as const) {
      repo.git(['config', key, value])
    }
    repo.git(['notes', 'add', '-m', 'a note'])
    assert.deepEqual(await commitsIn(repo.path), plain)
    assert.equal(plain[0]?.subject, 'schön')
  })

  it('a NUL in a message, which ends it for git', async (t) => {
    const repo = repository(t)
    const tree = repo.git(['mktree'])
    const person = 'A <a@x> 1 +0000'
    const text = `tree ${tree}\nauthor ${person}\ncommitter ${person}\n\nbefore\0after\0\n\nbody\0more\n`
    const odd = repo.object('commit', text, 'refs/heads/main')
    repo.commit('next')
    const [first, second] = await commitsIn(repo.path)
    assert.deepEqual([first?.hash, first?.subject, second?.subject], [odd, 'before', 'next'])
  })

  it('dates that no calendar has', async (t) => {
    const repo = repository(t)
    const tree = repo.git(['mktree'])
    for (const date of ['99999999999999999 +0000', 'x', '-5 +0000', '1 +9999', '']) {
      repo.object('commit', `tree ${tree}\nauthor A <a@x> ${date}\ncommitter A <a@x> ${date}\n\nx\n`, 'refs/heads/main')
      const [commit] = await commitsIn(repo.path)
      assert.match(commit?.authored ?? '', /^19(69|70)-/, date)
    }
  })

  it('messages longer than an event may be', async (t) => {
    const repo = repository(t)
    const long = '\x01'.repeat(100_000)
    repo.commit(`${long}\n\n${long}`, { env: { GIT_AUTHOR_NAME: `A${long}B` } })
    repo.commit(`x${'🎉'.repeat(200_000)}`)
    const { look, told } = await watch(t, git({ path: repo.path }))
    await look()
    const [first, second] = told.map(({ data }) => data as Commit)
    assert.equal(first?.body, '\x01'.repeat(8000))
    // Half of a surrogate pair is not valid text.
    assert.equal(second?.subject, `x${'🎉'.repeat(3999)}\ufffd`)
  })

  it('replaced commits, whose hash names the original', async (t) => {
    const repo = repository(t)
    const original = repo.commit('original')
    repo.git(['checkout', '--quiet', '--orphan', 'other'])
    const replacement = repo.commit('replacement')
    repo.git(['replace', original, replacement])
    assert.deepEqual(await subjectsIn(repo.path, { branch: 'main' }), ['original'])
  })
})

describe('git.tags', () => {
  it('tells the content and the target of tags, the oldest first', async (t) => {
    const repo = repository(t)
    const one = repo.commit('one\n\nthe body of the commit')
    repo.git(['tag', 'light'])
    repo.commit('two')
    repo.git(['tag', '--annotate', '--file=-', 'a/release-1.0'], { input: 'First release\n\n- all "new"\n- 🎉\n' })
    const two = repo.git(['rev-parse', 'HEAD'])
    const hash = repo.git(['rev-parse', 'refs/tags/a/release-1.0'])
    const path = repo.path
    assert.deepEqual(await found(git({ path }), 'tags'), [
      {
        type: 'git.tag',
        identifier: `light ${one}`,
        data: { path, name: 'light', hash: one, target: one },
      },
      {
        type: 'git.tag',
        identifier: `a/release-1.0 ${hash}`,
        data: {
          path,
          name: 'a/release-1.0',
          hash,
          target: two,
          annotation: {
            tagger: { name: 'Carl', email: 'carl@example.org' },
            tagged: '2026-01-01T00:02:00.000Z',
            subject: 'First release',
            body: '- all "new"\n- 🎉',
          },
        },
      },
    ])
  })

  it('tells a moved tag again, but not one that moves back', async (t) => {
    const repo = repository(t)
    const one = repo.commit('one')
    repo.git(['tag', 'latest'])
    const { look, told } = await watch(t, git({ path: repo.path }))
    const targets = (): string[] => told.splice(0).map(({ data }) => (data as Tag).target)
    await look('git.tags')
    assert.deepEqual(targets(), [one])
    const still = await look('git.tags')
    assert.deepEqual([still.new, still.duplicate], [0, 0])
    const two = repo.commit('two')
    repo.git(['tag', '--force', 'latest'])
    await look('git.tags')
    assert.deepEqual(targets(), [two])
    repo.git(['tag', '--force', 'latest', one])
    repo.git(['tag', 'another', one])
    await look('git.tags')
    assert.deepEqual(targets(), [one])
    repo.git(['tag', '--delete', 'latest'])
    await look('git.tags')
    assert.deepEqual(targets(), [])
  })

  it('finds tags on objects other than commits, on tags, without a tagger, and with names that are not UTF-8', async (t) => {
    const repo = repository(t)
    const commit = repo.commit('one')
    const blob = repo.object('blob', 'a key', 'refs/tags/key')
    const inner = repo.object('tag', `object ${commit}\ntype commit\ntag inner\n\nno tagger\n`, 'refs/tags/inner')
    repo.object('tag', `object ${inner}\ntype tag\ntag outer\ntagger T <t@x> 1 +0000\n\nnested\n`, 'refs/tags/outer')
    repo.git(['pack-refs', '--all'])
    const packed = Buffer.from(`# pack-refs with: peeled fully-peeled sorted \n${commit} refs/tags/caf\xe9\n`, 'latin1')
    const tags = await tagsIn(repo.path)
    assert.deepEqual(tags.map(({ name }) => name).sort(), ['inner', 'key', 'outer'])
    assert.equal(tags.find(({ name }) => name === 'key')?.target, blob)
    assert.deepEqual(tags.find(({ name }) => name === 'inner')?.annotation?.tagger, { name: '', email: '' })
    assert.equal(tags.find(({ name }) => name === 'outer')?.annotation?.subject, 'nested')
    writeFileSync(join(repo.path, '.git/packed-refs'), packed)
    assert.deepEqual(
      (await tagsIn(repo.path)).map(({ name, target }) => [name, target]),
      [['caf\ufffd', commit]],
    )
  })

  it('reads very many tags in parts', async (t) => {
    const repo = repository(t)
    const hash = repo.commit('one')
    const refs = Array.from({ length: 450 }, (_, i) => `create refs/tags/v${i} ${hash}`)
    repo.git(['update-ref', '--stdin'], { input: `${refs.join('\n')}\n` })
    assert.equal(new Set((await tagsIn(repo.path)).map(({ name }) => name)).size, 450)
  })
})

describe('several repositories', () => {
  it('are distinguished by the name of the job; a commit in both is told once, a tag of one name twice', async (t) => {
    const one = repository(t)
    one.commit('shared')
    const two = new Repository(join(temporaryDirectory(t), 'clone'), false)
    one.git(['clone', '--quiet', '.', two.path])
    one.commit('in one')
    two.commit('in two')
    for (const { git } of [one, two].map((repo) => ({ git: (...args: string[]) => repo.git(args) }))) git('tag', 'v1.0')
    const { look, told } = await watch(t, git({ path: one.path, as: 'one' }), git({ path: two.path, as: 'two' }))
    for (const job of ['one.commits', 'two.commits']) await look(job)
    assert.deepEqual(
      told.splice(0).map(({ job, data }) => [job, (data as Commit).path, (data as Commit).subject]),
      [
        ['one.commits', one.path, 'shared'],
        ['one.commits', one.path, 'in one'],
        ['two.commits', two.path, 'in two'],
      ],
    )
    for (const job of ['one.tags', 'two.tags', 'one.tags', 'two.tags']) await look(job)
    assert.deepEqual(
      told.map(({ job, data }) => [job, (data as Tag).name]),
      [
        ['one.tags', 'v1.0'],
        ['two.tags', 'v1.0'],
      ],
    )
  })
})

describe('a run fails with the reason', () => {
  const failed = { code: 'TIDINGS_EXEC_FAILED' } as const

  it('if there is no repository', async (t) => {
    const path = temporaryDirectory(t)
    const words = new RegExp(`${path}.*not a git repository`)
    await assert.rejects(commitsIn(path), { ...failed, message: words })
    await assert.rejects(tagsIn(path), { ...failed, message: words })
    await assert.rejects(commitsIn(join(path, 'gone')), { ...failed, message: /gone/ })
  })

  it('if there is no such branch', async (t) => {
    const repo = repository(t)
    repo.commit('one')
    await assert.rejects(subjectsIn(repo.path, { branch: 'mian' }), { ...failed, message: /mian/ })
    repo.git(['symbolic-ref', 'HEAD', 'refs/heads/master'])
    await assert.rejects(subjectsIn(repo.path), { ...failed, message: /HEAD/ })
  })

  it('and tells those commits the next time', async (t) => {
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

describe('the stream only reads', () => {
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

describe('options', () => {
  it('without a path are rejected when the stream is called', () => {
    for (const path of [undefined, '', 7]) {
      assert.throws(() => git({ path } as GitOptions), { code: 'TIDINGS_STREAM_INVALID', message: /path/ })
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
