import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { openLog } from '../../lib/level/open-log.ts'
import { restoreLog } from '../../lib/level/restore-log.ts'
import { nextBackup, rotateBackups } from '../../lib/level/rotate-backups.ts'
import { draftsOf } from '../../lib/testing/log-bench.ts'
import { command } from '../support/command.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const days = ['01', '02', '03', '04'].map((day) => `2026-11-${day}T032000Z`)
const [first, second, third, fourth] = days as [string, string, string, string]

/** A folder with backups of these names, all of one log of three events. */
async function backups(t: TestContext, ...names: readonly string[]): Promise<string> {
  const directory = temporaryDirectory(t)
  const folder = join(directory, 'backups')
  const log = await openLog(join(directory, 'log'))
  await log.accept(draftsOf(3))
  const [one = '', ...more] = names
  await log.backup(join(folder, one))
  await log.close()
  for (const name of more) cpSync(join(folder, one), join(folder, name), { recursive: true })
  return folder
}

describe('rotateBackups', () => {
  it('keeps as many backups as it should, the newest', async (t) => {
    const folder = await backups(t, ...days)
    assert.deepEqual(await rotateBackups(folder, fourth, 2), { kept: [third, fourth], removed: [first, second] })
    assert.deepEqual(readdirSync(folder), [third, fourth])
    assert.deepEqual(await rotateBackups(folder, fourth, 14), { kept: [third, fourth], removed: [] })
    assert.equal((await restoreLog(join(folder, third), join(folder, '..', 'restored'))).last, 3)
  })

  it('leaves everything alone that is not a complete dated backup', async (t) => {
    const folder = await backups(t, 'monday', ...days)
    const others = ['2025-01-01T000000Z', '2025-01-02T000000Z', '2025-01-03T000000Z.partial', '2025-01-04', 'notes']
    for (const name of others) mkdirSync(join(folder, name))
    cpSync(join(folder, first), join(folder, '2025-01-02T000000Z'), { recursive: true })
    writeFileSync(join(folder, '2025-01-02T000000Z', 'photo.jpg'), '')
    rmSync(join(folder, second, 'MARK'))
    rmSync(join(folder, second, 'CURRENT'))
    assert.deepEqual(await rotateBackups(folder, fourth, 1), { kept: [fourth], removed: [first, third] })
    assert.deepEqual(readdirSync(folder).toSorted(), [...others, 'monday', second, fourth].toSorted())
  })

  it('never removes the one that was just made, even if the clock went back', async (t) => {
    const folder = await backups(t, ...days)
    assert.deepEqual(await rotateBackups(folder, first, 2), { kept: [first, fourth], removed: [second, third] })
  })

  it('removes none when the new one is damaged', async (t) => {
    const folder = await backups(t, ...days)
    for (const name of readdirSync(join(folder, fourth)).filter((each) => /^\d+\.(log|ldb)$/.test(each))) {
      const bytes = readFileSync(join(folder, fourth, name))
      for (let at = 20; at < bytes.length; at += 40) bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
      writeFileSync(join(folder, fourth, name), bytes)
    }
    await assert.rejects(rotateBackups(folder, fourth, 1), { code: 'TIDINGS_LOG_DAMAGED' })
    assert.deepEqual(readdirSync(folder), days)
  })
})

describe('nextBackup', () => {
  const now = new Date('2026-11-29T03:20:00.123Z')

  it('names a backup by its time, and two of one second apart', async (t) => {
    const folder = temporaryDirectory(t)
    assert.equal(basename(await nextBackup(folder, now)), '2026-11-29T032000Z')
    mkdirSync(join(folder, '2026-11-29T032000Z'))
    assert.equal(basename(await nextBackup(folder, now)), '2026-11-29T032001Z')
  })

  it('removes what died an hour ago in the middle, and nothing else', async (t) => {
    const folder = await backups(t, first)
    const [dead, alive] = ['2026-11-28T032000Z.partial', '2026-11-29T031500Z.partial']
    const foreign = ['2026-11-27T032000Z.partial', 'monday.partial']
    for (const name of [dead, alive, ...foreign]) cpSync(join(folder, first), join(folder, name), { recursive: true })
    writeFileSync(join(folder, foreign[0] as string, 'photo.jpg'), '')
    const touch = (name: string, time: Date): void => {
      for (const each of ['', ...readdirSync(join(folder, name))]) utimesSync(join(folder, name, each), time, time)
    }
    for (const name of [dead, ...foreign]) touch(name, new Date('2026-11-28T03:20:00Z'))
    touch(alive, new Date('2026-11-29T03:15:00Z'))
    await nextBackup(folder, now)
    assert.deepEqual(readdirSync(folder).toSorted(), [first, alive, ...foreign].toSorted())
  })
})

describe('tidings db backup --keep', () => {
  it('makes dated backups, verifies each, and removes older ones', async (t) => {
    const folder = await backups(t, first, second)
    const db = join(folder, '..', 'log')
    const made = await command('db', 'backup', folder, '--keep', '2', '--db', db)
    assert.equal(made.code, 0, made.stderr)
    assert.match(made.stdout, /^\d+ records, up to event 3, are in .*\/20\d\d-\d\d-\d\dT\d{6}Z \(.*\)\n/)
    assert.match(made.stdout, /\nverified; .*backups has 2 backups, after 1 older one was removed\n$/)
    const json = await command('db', 'backup', folder, '--keep', '1', '--db', db, '--json')
    const { directory, kept, removed } = JSON.parse(json.stdout) as {
      directory: string
      kept: string[]
      removed: string[]
    }
    assert.deepEqual([kept, removed.length, readdirSync(folder)], [[basename(directory)], 2, kept])
    assert.equal((await restoreLog(directory, join(folder, '..', 'restored'))).last, 3)
  })

  it('counts the backup that it makes, so at least 1', async (t) => {
    const folder = temporaryDirectory(t)
    assert.equal((await command('db', 'backup', folder, '--keep', '0', '--db', folder)).code, 2)
  })

  it('leaves the backups that there are when it fails', async (t) => {
    const folder = await backups(t, first, second)
    const { code, stderr } = await command('db', 'backup', folder, '--keep', '1', '--db', join(folder, 'nothing'))
    assert.deepEqual([code, readdirSync(folder)], [1, [first, second]], stderr)
  })
})
