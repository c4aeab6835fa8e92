import assert from 'node:assert/strict'
import { chmodSync, chownSync, readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openLog } from '../../../lib/level/open-log.ts'
import { restoreLog } from '../../../lib/level/restore-log.ts'
import { draft, draftsOf, list, refused } from '../../../lib/testing/log-bench.ts'
import { command } from '../../support/command.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const filesOf = (directory: string) =>
  readdirSync(directory).map((name) => {
    const { ino, size, mtimeMs, uid } = statSync(join(directory, name))
    return [name, ino, size, mtimeMs, uid]
  })

const views = () => readdirSync(tmpdir()).filter((name) => name.startsWith('tidings-view-'))

describe('a log that is opened read-only', () => {
  it('has all records, accepts none, and leaves its folder unchanged', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    for (const count of [3, 6]) {
      const log = await openLog(directory)
      await log.accept(draftsOf(count))
      await log.close()
    }
    const before = [filesOf(directory), statSync(directory).mtimeMs, views()]
    const log = await openLog(directory, { readOnly: true, warn: () => undefined })
    assert.equal((await list(log.events())).length, 6)
    assert.deepEqual((await log.verify()).problems, [])
    await assert.rejects(log.accept([draft('late')]), refused('TIDINGS_LOG_FAILED'))
    await log.close()
    assert.deepEqual([filesOf(directory), statSync(directory).mtimeMs, views()], before)
    await assert.rejects(openLog(join(directory, 'none'), { readOnly: true }), refused('TIDINGS_LOG_FAILED'))
  })

  it('is refused while another process writes to it', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const log = await openLog(directory)
    await assert.rejects(openLog(directory, { readOnly: true }), refused('TIDINGS_LOG_LOCKED'))
    await log.close()
  })
})

describe('a log in a read-only folder, or of another user', () => {
  it('can be listed, verified, backed up and restored, and stays unchanged', async (t) => {
    const root = temporaryDirectory(t)
    const [db, backup, restored] = ['log', 'backup', 'restored'].map((name) => join(root, name)) as [
      string,
      string,
      string,
    ]
    const log = await openLog(db)
    await log.accept(draftsOf(5))
    await log.close()
    // Root may write anywhere, but must not write to the folder of another user.
    if (process.geteuid?.() === 0)
      for (const path of [db, ...readdirSync(db).map((name) => join(db, name))]) chownSync(path, 65_534, 65_534)
    else chmodSync(db, 0o500)
    const before = filesOf(db)
    const listed = await command('events', 'ls', '--db', db, '--json')
    assert.deepEqual([listed.code, listed.stdout.trim().split('\n').length], [0, 5])
    const verified = await command('db', 'verify', '--db', db, '--json')
    assert.deepEqual([verified.code, JSON.parse(verified.stdout)], [0, { ok: true, problems: [] }])
    assert.equal((await command('db', 'backup', backup, '--db', db)).code, 0)
    assert.equal((await command('events', 'export', '--to', join(root, 'events'), '--db', db)).code, 0)
    assert.equal((await restoreLog(db, restored)).last, 5)
    assert.equal((await restoreLog(backup, `${restored}.backup`)).last, 5)
    assert.deepEqual(filesOf(db), before)
    chmodSync(db, 0o700)
  })
})
