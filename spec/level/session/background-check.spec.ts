import assert from 'node:assert/strict'
import { closeSync, existsSync, openSync, readdirSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../../lib/core/clock.ts'
import { defaultLimits } from '../../../lib/core/limits.ts'
import { createLevelLog } from '../../../lib/level/create-level-log.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { openLog } from '../../../lib/level/open-log.ts'
import { repairLog } from '../../../lib/level/repair-log.ts'
import { checkInBackground } from '../../../lib/level/session/background-check.ts'
import { ReopeningStore } from '../../../lib/level/session/reopening-store.ts'
import { draft, draftsOf, refused } from '../../../lib/testing/log-bench.ts'
import { onDisk, openStore } from '../../support/level-log.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const damaged = refused('TIDINGS_LOG_DAMAGED')

/** Makes a log with several tables. */
async function tabled(t: TestContext): Promise<string> {
  const directory = join(temporaryDirectory(t), 'log')
  for (let i = 1; i <= 3; i++) {
    const log = await openLog(directory)
    await log.accept(draftsOf(i * 300))
    if (i === 3) await log.compact()
    await log.close()
  }
  return directory
}

async function begun(
  t: TestContext,
  directory: string,
): Promise<{ store: ReopeningStore; log: LevelLog; said: string[] }> {
  const said: string[] = []
  const store = await openStore({ ...onDisk(directory), clock: systemClock, warn: (message) => said.push(message) })
  const log = createLevelLog(store, defaultLimits)
  // The pauses of the check do not keep a process alive.
  const alive = setInterval(() => undefined, 1000)
  t.after(() => {
    clearInterval(alive)
    return log.close()
  })
  return { store, log, said }
}

/** Changes one byte of every table, in place: LevelDB has them mapped. */
function spoil(directory: string, at: number): void {
  for (const name of readdirSync(directory).filter((each) => each.endsWith('.ldb'))) {
    const file = openSync(join(directory, name), 'r+')
    const byte = Buffer.alloc(1)
    readSync(file, byte, 0, 1, at)
    byte[0] = (byte[0] as number) ^ 0xff
    writeSync(file, byte, 0, 1, at)
    closeSync(file)
  }
}

describe('a large log that is checked while it is in use', () => {
  it('continues when it is sound, and while it is compacted', async (t) => {
    const { store, log, said } = await begun(t, await tabled(t))
    const [, ...receipts] = await Promise.all([
      checkInBackground(store, 0),
      ...Array.from({ length: 200 }, (_, n) => log.accept([draft(`more ${n}`)])),
      log.compact(),
    ])
    assert.equal(receipts.length, 201)
    assert.equal(log.state, 'ready')
    assert.deepEqual(said, [])
  })

  it('fails when a block is damaged, and says where', async (t) => {
    const directory = await tabled(t)
    const { store, log, said } = await begun(t, directory)
    spoil(directory, 40)
    await checkInBackground(store, 0)
    assert.match(said[0] ?? '', /\d+\.ldb, at byte \d+/)
    assert.equal(log.state, 'failed')
    await assert.rejects(log.accept([draft('more')]), damaged)
    await log.close()
    await assert.rejects(openLog(directory), damaged)
  })

  it('does not check a small log, or one that is closed meanwhile', async (t) => {
    const directory = await tabled(t)
    const { store, log, said } = await begun(t, directory)
    spoil(directory, 40)
    await checkInBackground(store)
    const checking = checkInBackground(store, 0)
    await log.close()
    await checking
    assert.deepEqual(said, [])
  })
})

describe('damage that LevelDB finds when it compacts', () => {
  it('is reported as damage to publishers, and fails the log', async (t) => {
    const directory = await tabled(t)
    const { store, log, said } = await begun(t, directory)
    // LevelDB may also abort the process over a damaged block.
    const { db } = store.session
    const batch = db.batch.bind(db) as () => object
    const write = (): Promise<never> => Promise.reject(new Error('Corruption: corrupted compressed block contents'))
    Object.assign(db, { batch: () => Object.assign(batch(), { write }) })
    await assert.rejects(log.compact(), damaged)
    assert.match(said.join('\n'), /the store is damaged/)
    assert.equal(log.state, 'failed')
    await assert.rejects(log.accept([draft('more')]), damaged)
    await log.close()
  })
})

describe('verify', () => {
  it('checks every block of every table, also where no record shows damage', async (t) => {
    const directory = await tabled(t)
    const { log } = await begun(t, directory)
    assert.deepEqual(await log.verify(), { ok: true, problems: [] })
    spoil(directory, 40)
    const { ok, problems } = await log.verify()
    assert.equal(ok, false)
    assert.match(problems[0]?.message ?? '', /\d+\.ldb, at byte 0: a block does not match its checksum/)
  })

  it('is not needed to notice damage: a backup and a compaction refuse it, and a repair reports it', async (t) => {
    const directory = await tabled(t)
    const { log } = await begun(t, directory)
    spoil(directory, 40)
    await assert.rejects(log.compact(), damaged)
    await assert.rejects(log.backup(`${directory}-copy`), damaged)
    assert(!existsSync(`${directory}-copy`))
    await log.close()
    assert.equal((await repairLog(directory, `${directory}-repaired`)).whole, false)
  })
})
