import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { type Commit, git, type Tag } from '../../streams/git.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { found, tagsIn, watch } from './git-watch.ts'
import { Repository, repository } from './repository.ts'

describe('git.tags', () => {
  it('tells the content and the target of tags, oldest first', async (t) => {
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
  it('are distinguished by the name of the job: a shared commit comes once, a tag of the same name twice', async (t) => {
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
