import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { duplicate, folderOf, myJob, new1, rows } from './example.ts'

describe('agent-test', () => {
  it('removes the log without asking where it is the default, also when there is none; elsewhere it wants --yes', async (t) => {
    const { test, folder } = folderOf(t)
    assert.equal((await test('-r', ...myJob)).code, 0)
    const db = ['--db-file', 'mine']
    assert.deepEqual(rows(await test(...myJob, ...db)), [new1])
    const refused = await test('-r', ...myJob, ...db)
    assert.equal(refused.code, 2)
    assert.match(refused.words, /-r would remove the log in mine with all its events: add --yes/)
    assert.deepEqual(rows(await test(...myJob, '--db', 'mine')), [duplicate])
    writeFileSync(join(folder, 'mine', 'notes.txt'), 'keep me')
    assert.deepEqual(rows(await test('-r', '--yes', ...myJob, ...db)), [new1])
    assert.ok(readdirSync(join(folder, 'mine')).includes('notes.txt'))
    const noLog = await test('-r', '--yes', ...myJob, '--db', '.')
    assert.equal(noLog.code, 2)
    assert.match(noLog.words, /holds no log: nothing is removed/)
    assert.ok(existsSync(join(folder, 'example.ts')))
  })
})
