import assert from 'node:assert/strict'
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { ClassicLevel } from 'classic-level'
import { BloomFilter } from '../../../lib/level/format/bloom.ts'
import { keys } from '../../../lib/level/format/keys.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { memoryLog, openLog } from '../../../lib/level/open-log.ts'
import { restoreLog } from '../../../lib/level/restore-log.ts'
import { identityFilterFile } from '../../../lib/level/store/identity-filter-file.ts'
import type { Progress } from '../../../lib/log/upkeep.ts'
import { draft, draftsOf, list, refused, seqs, take } from '../../../lib/testing/log-bench.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { recordsIn } from '../formats.ts'

/** Makes a log with records of most kinds, and two pruned bodies. */
async function fill(log: LevelLog): Promise<void> {
  const consumer = await log.consumer('c', { start: 'start' })
  await log.accept(draftsOf(2))
  for (const each of draftsOf(6)) await log.accept([each])
  await log.accept([{ ...draft('v'), version: '1' }], { state: [{ namespace: 'n', key: 'k', value: 1 }] })
  await log.forget('it', 'event 4')
  await log.claim('j', new Date(0), 1000)
  const [a, b, c, d] = await take(consumer, 4)
  assert(a && b && c && d)
  for (const each of [a, b]) consumer.ack(each)
  consumer.park(c, { error: 'no' })
  consumer.retry(d, { at: 0 })
  await consumer.flush()
  await log.prune({ count: 5 })
}

async function opened(t: TestContext, directory: string): Promise<LevelLog> {
  const log = await openLog(directory, { warn: (message) => assert.fail(message) })
  t.after(() => log.close())
  return log
}

async function closed(directory: string): Promise<void> {
  const log = await openLog(directory)
  await fill(log)
  await log.close()
}

function progressed(): { said: [number, number][]; progress: Progress } {
  const said: [number, number][] = []
  return { said, progress: (done, all) => void said.push([done, all]) }
}

function assertGrows(said: readonly [number, number][]): void {
  for (const [i, [done, all]] of said.entries()) assert(done <= all && done >= (said[i - 1]?.[0] ?? 0), said.join())
  const [done, all] = said.at(-1) ?? []
  assert(done !== undefined && done > 0 && done === all)
}

describe('a backup', () => {
  it('has every record, and is restored with every record', async (t) => {
    const root = temporaryDirectory(t)
    const [directory, backup, restored] = ['log', 'deep/backup', 'restored'].map((name) => join(root, name)) as [
      string,
      string,
      string,
    ]
    await closed(directory)
    const there = await recordsIn(directory)
    const log = await openLog(directory)
    const backingUp = progressed()
    const { last, records, bytes } = await log.backup(backup, backingUp)
    assertGrows(backingUp.said)
    await log.close()
    assert.deepEqual([last, records], [7, Object.keys(there).length])
    assert(bytes > 0)
    assert.deepEqual(readdirSync(join(root, 'deep')), ['backup'])
    const files = readdirSync(backup).map((name) => [name, readFileSync(join(backup, name), 'base64')])
    const restoring = progressed()
    assert.deepEqual(await restoreLog(backup, restored, restoring), { last, records })
    assertGrows(restoring.said)
    const after = readdirSync(backup).map((name) => [name, readFileSync(join(backup, name), 'base64')])
    assert.deepEqual(after, files)
    assert.deepEqual(await recordsIn(restored), there)
    const again = await opened(t, restored)
    assert.deepEqual(await seqs(again), [3, 4, 5, 6, 7])
    assert.deepEqual(await again.accept([draft('event 1')]), [{ status: 'duplicate', seq: 1 }])
    const consumer = await again.consumer('c', { start: 'now' })
    assert.equal((await list(consumer.parked())).length, 1)
  })

  it('can be made of a log in memory, and of an empty one', async (t) => {
    const root = temporaryDirectory(t)
    await using log = await memoryLog()
    await log.backup(join(root, 'empty'))
    await log.accept(draftsOf(3))
    mkdirSync(join(root, 'full'))
    await log.backup(join(root, 'full'))
    for (const [name, last] of [
      ['empty', 0],
      ['full', 3],
    ] as const) {
      assert.equal((await restoreLog(join(root, name), join(root, `${name} again`))).last, last)
      const again = await opened(t, join(root, `${name} again`))
      assert.deepEqual([again.id, await again.last()], [log.id, last])
    }
  })

  it('is of one moment, while publishers continue', async (t) => {
    const backup = join(temporaryDirectory(t), 'backup')
    await using log = await memoryLog()
    await log.accept(draftsOf(3000))
    let done = false
    const publishing = (async () => {
      for (let i = 0; !done; i++) {
        await log.accept(draftsOf(10, `${i} `))
        await turn()
      }
    })()
    const pruning = log.prune({ count: 10 })
    const { last } = await log.backup(backup)
    done = true
    await Promise.all([publishing, pruning])
    const copy = await opened(t, backup)
    assert.equal(await copy.last(), last)
    assert(last < (await log.last()))
    assert.deepEqual(await copy.verify(), { ok: true, problems: [] })
    // Records that both have are equal.
    const known = new Map((await list(log.events())).map((event) => [event.seq, event]))
    for (const event of await list(copy.events())) assert.deepEqual(known.get(event.seq) ?? event, event)
  })

  it("rejects a folder that is not empty, or inside the log's", async (t) => {
    const root = temporaryDirectory(t)
    const directory = join(root, 'log')
    const log = await opened(t, directory)
    const taken = join(root, 'taken')
    mkdirSync(taken)
    writeFileSync(join(taken, 'letter'), 'dear')
    for (const target of [taken, directory, join(directory, 'backup')]) {
      await assert.rejects(log.backup(target), refused('TIDINGS_LOG_INVALID', { directory: target }))
    }
    mkdirSync(join(root, 'b.partial'))
    writeFileSync(join(root, 'b.partial', 'letter'), 'dear')
    await assert.rejects(
      log.backup(join(root, 'b')),
      refused('TIDINGS_LOG_INVALID', { directory: join(root, 'b.partial') }),
    )
    assert.deepEqual(readdirSync(root).sort(), ['b.partial', 'log', 'taken'])
    assert.equal(readFileSync(join(root, 'b.partial', 'letter'), 'utf8'), 'dear')
  })

  it('rejects a file, and a folder inside another log, also through a link', async (t) => {
    const root = temporaryDirectory(t)
    const log = await opened(t, join(root, 'log'))
    await closed(join(root, 'other'))
    const letter = join(root, 'letter')
    writeFileSync(letter, 'dear')
    const within = realpathSync(join(root, 'other'))
    mkdirSync(join(within, 'lost'))
    symlinkSync(join(within, 'lost'), join(root, 'link'))
    for (const [target, why] of [
      [letter, 'not a folder'],
      [join(root, 'other', 'backup'), `inside the log ${within}`],
      [join(root, 'other', 'a', 'b'), `inside the log ${within}`],
      [join(root, 'link', 'backup'), `inside the log ${within}`],
    ] as const) {
      const message = `${target} is ${why}: choose a folder that is empty or does not exist`
      await assert.rejects(log.backup(target), { code: 'TIDINGS_LOG_INVALID', message, details: { directory: target } })
    }
    assert.deepEqual(readdirSync(root).sort(), ['letter', 'link', 'log', 'other'])
    assert.equal(readFileSync(letter, 'utf8'), 'dear')
    assert(!existsSync(join(root, 'other', 'a')))
    assert.deepEqual(readdirSync(join(root, 'link')), [])
  })

  it('replaces an unfinished one, and rejects while one is running', async (t) => {
    const root = temporaryDirectory(t)
    const backup = join(root, 'backup')
    await closed(`${backup}.partial`)
    writeFileSync(join(`${backup}.partial`, 'CURRENT'), 'torn')
    const log = await opened(t, join(root, 'log'))
    await log.accept(draftsOf(3))
    await log.backup(backup)
    assert.equal((await restoreLog(backup, join(root, 'restored'))).last, 3)
    const other = new ClassicLevel(join(root, 'other.partial'))
    await other.open()
    await assert.rejects(log.backup(join(root, 'other')), refused('TIDINGS_LOG_LOCKED'))
    await other.close()
    assert.equal((await log.backup(join(root, 'other'))).last, 3)
  })

  it('fails on damage, says where, and leaves nothing behind', async (t) => {
    const meddle: [RegExp, (db: ClassicLevel) => Promise<unknown>][] = [
      [/does not match its checksum/, (db) => db.put(keys.event(4), 'nonsense')],
      [/event 5 is missing/, (db) => db.del(keys.event(5))],
      [/event 7 is missing/, (db) => db.del(keys.event(7))],
      [/does not match its checksum/, (db) => db.put(keys.identity('it', 'event 1'), '')],
    ]
    for (const [words, act] of meddle) {
      const root = temporaryDirectory(t)
      const directory = join(root, 'log')
      await closed(directory)
      // The open does not check records from before the last opening.
      await (await openLog(directory)).close()
      const db = new ClassicLevel(directory)
      await act(db)
      await db.close()
      const log = await opened(t, directory)
      await assert.rejects(log.backup(join(root, 'backup')), (error) => {
        assert.match(String(error), words)
        return refused('TIDINGS_LOG_DAMAGED')(error)
      })
      assert.deepEqual(readdirSync(root), ['log'])
    }
  })

  it('that can not be written says what and where, and leaves nothing behind', async (t) => {
    const root = temporaryDirectory(t)
    writeFileSync(join(root, 'file'), '')
    const log = await opened(t, join(root, 'log'))
    await assert.rejects(log.backup(join(root, 'file', 'backup')), (error) => {
      assert.match(String(error), /backup\.partial.*(ENOTDIR|not a directory)/)
      return refused('TIDINGS_LOG_FAILED')(error)
    })
    assert.deepEqual(readdirSync(root).sort(), ['file', 'log'])
  })

  it('fails when the log is closed meanwhile', async (t) => {
    const root = temporaryDirectory(t)
    const log = await openLog(join(root, 'log'))
    await log.accept(draftsOf(3000))
    const backingUp = assert.rejects(log.backup(join(root, 'backup')), refused('TIDINGS_LOG_CLOSED'))
    await log.close()
    await backingUp
    assert.deepEqual(readdirSync(root), ['log'])
  })
})

describe('restoring', () => {
  const backedUp = async (t: TestContext): Promise<{ root: string; backup: string; target: string }> => {
    const root = temporaryDirectory(t)
    await using log = await memoryLog()
    await fill(log)
    await log.backup(join(root, 'backup'))
    return { root, backup: join(root, 'backup'), target: join(root, 'target') }
  }

  it('rejects a folder without a complete backup, and a target that is not empty', async (t) => {
    const { root, backup, target } = await backedUp(t)
    const invalid = (directory: string) => refused('TIDINGS_LOG_INVALID', { directory })
    await assert.rejects(restoreLog(join(root, 'nothing'), target), invalid(join(root, 'nothing')))
    await assert.rejects(restoreLog(backup, join(backup, 'in it')), invalid(join(backup, 'in it')))
    mkdirSync(target)
    writeFileSync(join(target, 'letter'), 'dear')
    await assert.rejects(restoreLog(backup, target), invalid(target))
    rmSync(join(target, 'letter'))
    rmSync(join(backup, 'MARK'))
    await assert.rejects(restoreLog(backup, target), invalid(backup))
    assert.deepEqual(readdirSync(root).sort(), ['backup', 'target'])
  })

  it('rejects a damaged backup, says where, and leaves nothing behind', async (t) => {
    const damages: ((backup: string) => void | Promise<void>)[] = [
      (backup) => {
        const name = readdirSync(backup).find((each) => each.endsWith('.log')) as string
        const bytes = readFileSync(join(backup, name))
        for (let i = bytes.length >> 1; i < bytes.length; i += 7) bytes[i] = (bytes[i] as number) ^ 1
        writeFileSync(join(backup, name), bytes)
      },
      (backup) => writeFileSync(join(backup, 'CURRENT'), 'torn'),
      async (backup) => {
        const db = new ClassicLevel(backup)
        await db.del(keys.identity('it', 'event 5'))
        await db.close()
      },
    ]
    for (const damage of damages) {
      const { root, backup, target } = await backedUp(t)
      await damage(backup)
      await assert.rejects(restoreLog(backup, target), refused('TIDINGS_LOG_DAMAGED'))
      assert.deepEqual(readdirSync(root), ['backup'])
      assert(!existsSync(target))
    }
  })

  it('says what and where when it can not be written', async (t) => {
    const { root, backup } = await backedUp(t)
    copyFileSync(join(backup, 'MARK'), join(root, 'file'))
    await assert.rejects(restoreLog(backup, join(root, 'file', 'target')), (error) => {
      assert.match(String(error), /target.*ENOTDIR/)
      return refused('TIDINGS_LOG_FAILED')(error)
    })
  })
})

describe('the folder of a log', () => {
  it('rejects a backup, whatever link leads to it', async (t) => {
    const root = temporaryDirectory(t)
    const directory = join(root, 'log')
    const log = await opened(t, directory)
    symlinkSync(directory, join(root, 'link'))
    mkdirSync(join(root, 'elsewhere'))
    symlinkSync(join(root, 'elsewhere'), join(root, 'outside'))
    const before = readdirSync(directory)
    for (const to of ['log', 'link', 'link/backup', 'link/a/b', 'outside/../link/x']) {
      await assert.rejects(log.backup(`${root}/${to}`), refused('TIDINGS_LOG_INVALID'), to)
    }
    assert.deepEqual(readdirSync(directory), before)
    await log.backup(join(root, 'outside/backup'))
    assert.ok(existsSync(join(root, 'elsewhere/backup/MARK')))
  })

  it('may hold links with the names of files written next: nothing is written through them', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    await closed(directory)
    const other = `${directory}.other`
    writeFileSync(other, 'mine')
    for (const name of ['MARK.new', 'FILTER.new']) symlinkSync(other, join(directory, name))
    await identityFilterFile(directory).write({ log: 'x', seq: 1, check: '' }, new BloomFilter(10))
    await (await openLog(directory)).close()
    assert.equal(readFileSync(other, 'utf8'), 'mine')
  })

  // Only root can give a folder to another user.
  if (process.geteuid?.() === 0) {
    it('is refused and left unchanged when it belongs to another user', async (t) => {
      const directory = join(temporaryDirectory(t), 'log')
      await closed(directory)
      const filesOf = () => readdirSync(directory).map((name) => [name, statSync(join(directory, name)).mtimeMs])
      const before = filesOf()
      chownSync(directory, 65_534, 65_534)
      for (let i = 0; i < 2; i++)
        await assert.rejects(openLog(directory), refused('TIDINGS_LOG_INVALID', { directory }))
      assert.deepEqual(filesOf(), before)
      chownSync(directory, 0, 0)
      await (await openLog(directory)).close()
    })
  }
})
