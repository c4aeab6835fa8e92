import assert from 'node:assert/strict'
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ClassicLevel } from 'classic-level'
import { keys } from '../../../lib/level/format/keys.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { openLog } from '../../../lib/level/open-log.ts'
import { draft, draftsOf, list, refused, take } from '../../../lib/testing/log-bench.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const damaged = refused('TIDINGS_LOG_DAMAGED')

/** Makes a log with all events in a table, and returns the path of that. */
async function tabled(t: TestContext): Promise<{ directory: string; table: string }> {
  const directory = join(temporaryDirectory(t), 'log')
  for (let i = 0; i < 2; i++) {
    const log = await openLog(directory)
    await log.accept(draftsOf(2000))
    await log.close()
  }
  const name = readdirSync(directory).find((each) => each.endsWith('.ldb')) as string
  return { directory, table: join(directory, name) }
}

describe('damage that LevelDB itself finds', () => {
  it('is reported with our error code by every read', async (t) => {
    const { directory, table } = await tabled(t)
    const log = await openLog(directory)
    t.after(() => log.close())
    // Old events and identities, but not the head, and not the index at the end.
    const { size } = statSync(table)
    const file = openSync(table, 'r+')
    for (const [from, to] of [
      [0, 0.25],
      [0.6, 0.7],
    ] as const)
      writeSync(file, Buffer.alloc(Math.floor((to - from) * size), 0xff), 0, undefined, Math.floor(from * size))
    closeSync(file)
    for (const query of [{}, { types: ['it'] }, { reverse: true }])
      await assert.rejects(list(log.events(query)), damaged)
    await assert.rejects(log.accept(draftsOf(2000)), damaged)
    assert((await log.verify()).problems.length > 0)
  })

  it('is reported when it is in an index block', async (t) => {
    for (const name of ['CURRENT', 'MANIFEST']) {
      const { directory } = await tabled(t)
      const path = join(directory, readdirSync(directory).find((each) => each.startsWith(name)) as string)
      const bytes = readFileSync(path)
      bytes[3] = (bytes[3] as number) ^ 1
      writeFileSync(path, bytes)
      await assert.rejects(openLog(directory), damaged, name)
    }
  })

  it('is reported when a table is cut off', async (t) => {
    const { directory, table } = await tabled(t)
    truncateSync(table, 1000)
    await assert.rejects(openLog(directory), damaged)
  })
})

describe('an event that is missing, or contradicts its indexes,', () => {
  it('is reported by every read, and not skipped', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    // After another opening, the open does not look at it.
    for (let i = 0; i < 2; i++) {
      const log = await openLog(directory)
      for (const each of [draft('1'), draft('2', null, 'other'), draft('3'), draft('4')]) await log.accept([each])
      const consumer = await log.consumer('c', { start: 'start' })
      for (const handed of i === 0 ? await take(consumer, 4) : []) consumer.park(handed, { error: 'no' })
      await log.close()
    }
    const meddle = async (act: (db: ClassicLevel) => Promise<unknown>): Promise<LevelLog> => {
      const db = new ClassicLevel(directory)
      await db.open()
      await act(db)
      await db.close()
      return openLog(directory)
    }
    const misplaced = await meddle((db) => db.batch().del(keys.type('other', 2)).put(keys.type('it', 2), '').write())
    await assert.rejects(list(misplaced.events({ types: ['it'] })), refused('TIDINGS_LOG_DAMAGED', { seq: 2 }))
    await misplaced.close()
    const log = await meddle((db) => db.del(keys.event(1)))
    t.after(() => log.close())
    const gone = refused('TIDINGS_LOG_DAMAGED', { seq: 1 })
    await assert.rejects(log.get('it', '1'), gone)
    await assert.rejects(list(log.events()), gone)
    await assert.rejects(list((await log.consumer('c', { start: 'start' })).parked()), gone)
    await assert.rejects(list(log.events({ types: ['it'] })), gone)
  })
})
