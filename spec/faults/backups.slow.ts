import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openLog } from '../../lib/level/open-log.ts'
import { restoreLog } from '../../lib/level/restore-log.ts'
import { start } from '../e2e/program.ts'
import { command } from '../support/command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { until } from '../support/until.ts'
import { smallDisk } from './small-disk.ts'

const ROUNDS = 12

/** A log with so many kilobytes that compress badly. */
async function logOf(t: TestContext, kilobytes: number): Promise<string> {
  const directory = join(temporaryDirectory(t), 'log')
  await using log = await openLog(directory)
  for (let i = 0; i < kilobytes; i += 100) {
    const drafts = Array.from({ length: 100 }, (_, j) => ({
      type: 'it',
      identifier: `${i + j}`,
      data: randomBytes(512).toString('hex'),
    }))
    await log.accept(drafts)
  }
  return directory
}

/** Restores every backup that has its name. */
async function checkAll(t: TestContext, folder: string, events: number): Promise<number> {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('Z')) : []
  for (const name of names) {
    const restored = join(temporaryDirectory(t), 'restored')
    assert.equal((await restoreLog(join(folder, name), restored)).last, events, name)
  }
  return names.length
}

describe('a folder of dated backups', () => {
  it('keeps the last good one while its disk is full', async (t) => {
    const db = await logOf(t, 2000)
    const disk = smallDisk(t)
    const folder = join(disk.directory, 'backups')
    const asked = ['db', 'backup', folder, '--keep', '1', '--db', db]
    assert.equal((await command(...asked)).code, 0)
    const [first] = readdirSync(folder)
    disk.fill(process.pid)
    const failed = await command(...asked)
    assert.equal(failed.code, 1, failed.stdout)
    assert.match(failed.stderr, /^tidings: the backup to .* failed/)
    assert.deepEqual(readdirSync(folder), [first])
    disk.free(process.pid)
    assert.equal(await checkAll(t, folder, 2000), 1)
    assert.equal((await command(...asked)).code, 0)
    assert.equal(readdirSync(folder).length, 1)
    assert.notDeepEqual(readdirSync(folder), [first])
  })

  it(`has only complete ones after ${ROUNDS} killed attempts`, async (t) => {
    const db = await logOf(t, 10_000)
    const folder = join(temporaryDirectory(t), 'backups')
    let killed = 0
    for (let round = 0; round < ROUNDS; round++) {
      const before = existsSync(folder) ? readdirSync(folder).length : 0
      const running = start(t, folder.replace(/\/[^/]*$/, ''), 'tidings', [
        'db',
        'backup',
        folder,
        '--keep',
        '2',
        '--db',
        db,
      ])
      // From the moment on at which it writes: while it copies, verifies or removes.
      const begun = until(() => existsSync(folder) && readdirSync(folder).length > before).catch(() => undefined)
      await Promise.race([begun, running.ended])
      await sleep(round * 40)
      const { code } = await running.signal('SIGKILL')
      if (code === null) killed += 1
      await checkAll(t, folder, 10_000)
    }
    t.diagnostic(`${killed} of ${ROUNDS} were killed in the middle`)
    assert.ok(killed > ROUNDS / 4)
    assert.equal((await command('db', 'backup', folder, '--keep', '2', '--db', db)).code, 0)
    assert.ok((await checkAll(t, folder, 10_000)) >= 1)
  })
})
