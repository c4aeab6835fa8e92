import assert from 'node:assert/strict'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openLog } from '../../lib/index.ts'
import { answered } from './answered.ts'
import { duplicate, folderOf, myJob, new1, rows } from './example.ts'

describe('agent-test', () => {
  it('removes the default log without asking, even a missing one; any other log needs --yes', async (t) => {
    const { test, folder } = folderOf(t)
    assert.equal((await test('-r', ...myJob)).code, 0)
    const db = ['--db-file', 'mine']
    assert.deepEqual(rows(await test(...myJob, ...db)), [new1])
    const refused = await test('-r', ...myJob, ...db)
    assert.equal(refused.code, 2)
    assert.match(refused.words, /-r would remove the log in mine with all its events: add --yes/)
    assert.deepEqual(rows(await test(...myJob, '--db', 'mine')), [duplicate])
    writeFileSync(join(folder, 'mine', 'notes.txt'), 'keep me')
    const beside = await test('-r', '--yes', ...myJob, ...db)
    assert.equal(beside.code, 2)
    assert.match(beside.words, /-r would leave "notes\.txt" in mine, which keeps a new log from being created/)
    assert.deepEqual(rows(await test(...myJob, ...db)), [duplicate])
    rmSync(join(folder, 'mine', 'notes.txt'))
    assert.deepEqual(rows(await test('-r', '--yes', ...myJob, ...db)), [new1])
    const noLog = await test('-r', '--yes', ...myJob, '--db', '.')
    assert.equal(noLog.code, 2)
    assert.match(noLog.words, /holds no log: nothing is removed/)
    assert.ok(existsSync(join(folder, 'example.ts')))
  })

  it('does not share a folder with an agent named test, and keeps a log on which an agent has run', async (t) => {
    const { test, folder } = folderOf(t)
    for (const name of ['test', 'Test']) {
      const parts = `import { agent } from 'tidings'\nexport default agent('${name}', [])\n`
      writeFileSync(join(folder, 'tested.ts'), parts)
      const refused = await answered(folder, ['run', 'tested.ts', '--once'])
      assert.deepEqual([refused.code, existsSync(join(folder, '.tidings'))], [2, false])
      assert.match(refused.words, /^tidings: agent "[Tt]est" would share \.tidings\/test with agent-test/)
      assert.equal((await answered(folder, ['run', 'tested.ts', '--once', '--db', 'mine'])).code, 0)
    }
    await test(...myJob)
    const directory = join(folder, '.tidings/test')
    const log = await openLog(directory)
    await log.consumer('mail', { start: 'now' })
    await log.close()
    const refused = await test('-r', ...myJob)
    assert.equal(refused.code, 2)
    assert.match(
      refused.words,
      /-r would remove the log in \.tidings\/test, on which an agent has run, with listeners "mail"/,
    )
    assert.deepEqual(rows(await test(...myJob)), [duplicate])
    assert.deepEqual(rows(await test('-r', '--yes', ...myJob)), [new1])
  })
})
