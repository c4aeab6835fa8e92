import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Repository } from '../streams/repository.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { root, tidings } from './program.ts'

describe('tidings why', () => {
  it('explains an event of the example of docs/why.md, as a tree and as JSON', async (t) => {
    const repository = new Repository(temporaryDirectory(t))
    const [, fixup] = ['one', 'fixup! one', 'two'].map((subject) => repository.commit(subject))
    const file = join(root, 'docs/examples/commits.ts')
    assert.equal((await tidings(t, repository.path, ['run', file, '--once'])).code, 0)
    const listed = (await tidings(t, repository.path, ['events', 'ls', '--json'])).stdout.split('\n').filter(Boolean)
    const event = listed
      .map((line) => JSON.parse(line) as { seq: number; type: string; identifier: string; data: { hash: string } })
      .find(({ data }) => data.hash === fixup)
    const asked = `${event?.type}:${event?.identifier}`
    const tree = await tidings(t, repository.path, ['why', asked, 'rows', file])
    assert.deepEqual([tree.code, tree.stderr], [0, ''])
    assert.match(tree.stdout, /: filtered/)
    assert.match(tree.stdout, /✗ where\('data\.subject', not\(startsWith\('fixup! '\)\)\)\n/)
    assert.match(tree.stdout, /the value is "fixup! one"/)
    const json = await tidings(t, repository.path, ['why', String(event?.seq), 'rows', file, '--json'])
    const answer = JSON.parse(json.stdout) as { reason: string; pipe: object; event: { identifier: string } }
    assert.deepEqual(Object.keys(answer), ['reason', 'draft', 'event', 'listener', 'delivery', 'pipe'])
    assert.deepEqual([answer.reason, answer.event.identifier], ['filtered', event?.identifier])
    assert.deepEqual(Object.keys(answer.pipe), ['hears', 'types', 'steps', 'fate'])
    const unknown = await tidings(t, repository.path, ['why', 'git.commit:nope', 'rows'])
    assert.equal(unknown.code, 1)
    assert.match(unknown.stdout, /^git\.commit:nope at rows: unknown/)
    assert.equal((await tidings(t, repository.path, ['why', 'nope', 'rows'])).code, 2)
  })
})
