import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Commit, git } from '../../streams/git.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { commitsIn, subjectsIn, watch } from './git-watch.ts'
import { Repository, repository } from './repository.ts'

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

  it('tells each commit once, and reads only new ones after the first look', async (t) => {
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

  it('records the past, or tells only its newest commits, by `first` or `backfill`', async (t) => {
    const repo = repository(t)
    for (const subject of ['one', 'two', 'three']) repo.commit(subject)
    for (const [past, newest] of [
      [{ first: 'record' }, []],
      [{ backfill: 0 }, []],
      [{ first: { tell: 2 } }, ['two', 'three']],
      [{ first: 'record', backfill: 1 }, ['three']],
    ] as const) {
      const { look, subjects } = await watch(t, git({ path: repo.path, ...past }))
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

  it('tells nothing in an empty repository, and then its first commit', async (t) => {
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

  it('tells every commit once, whatever is committed, merged, reset and switched between looks', async (t) => {
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
        // The expected result, kept apart from git: the ancestry, and which commits a look could see.
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

  it('impossible dates', async (t) => {
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
