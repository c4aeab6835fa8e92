import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { openLog } from '../../lib/index.ts'
import { draftsOf } from '../../lib/testing/log-bench.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { command } from './answered.ts'

async function folderWithLog(t: TestContext): Promise<{ folder: string; db: string; lines: string }> {
  const folder = temporaryDirectory(t)
  const db = join(folder, 'log')
  const log = await openLog(db)
  await log.accept(draftsOf(3))
  await log.close()
  return { folder, db, lines: (await command('events', 'export', '--db', db)).stdout }
}

describe('an export into', () => {
  it('a FIFO, a device or an open file writes into it, and replaces nothing', async (t) => {
    const { folder, db, lines } = await folderWithLog(t)
    const fifo = join(folder, 'fifo')
    execFileSync('mkfifo', [fifo])
    const [read, { code }] = await Promise.all([
      readFile(fifo, 'utf8'),
      command('events', 'export', '--to', fifo, '--db', db),
    ])
    assert.deepEqual([read, code], [lines, 0])
    assert.ok(lstatSync(fifo).isFIFO())
    const before = lstatSync('/dev/null')
    assert.equal((await command('events', 'export', '--to', '/dev/null', '--db', db)).code, 0)
    assert.deepEqual([lstatSync('/dev/null').rdev, lstatSync('/dev/null').isCharacterDevice()], [before.rdev, true])
  })

  it('a folder that does not exist says so', async (t) => {
    const { folder, db } = await folderWithLog(t)
    const { code, stderr } = await command('events', 'export', '--to', join(folder, 'no/events.ndjson'), '--db', db)
    const words = `tidings: --to needs an existing folder, and there is no ${join(folder, 'no')}\n`
    assert.deepEqual([code, stderr], [2, words])
  })

  it('a link follows the link and keeps it', async (t) => {
    const { folder, db, lines } = await folderWithLog(t)
    mkdirSync(join(folder, 'elsewhere'))
    const file = join(folder, 'elsewhere/file')
    for (const [name, leads] of [
      ['full', file],
      ['relative', 'elsewhere/file'],
      ['twice', 'full'],
    ] as const) {
      symlinkSync(leads, join(folder, name))
      const refused = await command('events', 'export', '--to', join(folder, name), '--db', db)
      assert.equal(refused.code, name === 'full' ? 0 : 2)
      assert.equal((await command('events', 'export', '--to', join(folder, name), '--db', db, '--yes')).code, 0)
      assert.ok(lstatSync(join(folder, name)).isSymbolicLink())
      assert.equal(readFileSync(file, 'utf8'), lines)
    }
    assert.deepEqual(readdirSync(join(folder, 'elsewhere')), ['file'])
  })

  it('a file keeps its mode, its owner, its other names, and the files beside it', async (t) => {
    const { folder, db, lines } = await folderWithLog(t)
    const [file, other, part] = ['file', 'other', 'file.part'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    writeFileSync(file, 'old')
    linkSync(file, other)
    writeFileSync(part, 'mine')
    chmodSync(file, 0o640)
    const uid = process.geteuid?.() === 0 ? 65_534 : statSync(file).uid
    chownSync(file, uid, statSync(file).gid)
    const { ino } = statSync(file)
    assert.equal((await command('events', 'export', '--to', file, '--db', db, '--yes')).code, 0)
    assert.deepEqual([readFileSync(file, 'utf8'), readFileSync(other, 'utf8')], [lines, lines])
    assert.deepEqual([statSync(file).mode & 0o777, statSync(file).uid, statSync(file).ino], [0o640, uid, ino])
    const single = join(folder, 'single')
    writeFileSync(single, 'old', { mode: 0o644 })
    chownSync(single, uid, statSync(single).gid)
    assert.equal((await command('events', 'export', '--to', single, '--db', db, '--yes')).code, 0)
    assert.deepEqual([statSync(single).mode & 0o777, statSync(single).uid], [0o644, uid])
    assert.equal(readFileSync(part, 'utf8'), 'mine')
    assert.deepEqual(readdirSync(folder).sort(), ['file', 'file.part', 'log', 'other', 'single'])
  })

  it('a folder, or into the folder of the log, is rejected', async (t) => {
    const { folder, db } = await folderWithLog(t)
    symlinkSync(db, join(folder, 'link'))
    symlinkSync('log/MARK', join(folder, 'mark'))
    for (const to of ['', 'log', 'link', 'log/MARK', 'link/new', 'mark']) {
      const { code } = await command('events', 'export', '--to', join(folder, to), '--db', db, '--yes')
      assert.equal(code, 2, to)
    }
    assert.ok(!readdirSync(db).includes('new'))
    assert.equal((await command('db', 'verify', '--db', db)).code, 0)
  })
})
