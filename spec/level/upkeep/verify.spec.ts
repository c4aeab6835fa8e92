import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ClassicLevel } from 'classic-level'
import { keys } from '../../../lib/level/format/keys.ts'
import { seal } from '../../../lib/level/format/records.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { memoryLog, openLog } from '../../../lib/level/open-log.ts'
import type { Problem } from '../../../lib/log/upkeep.ts'
import { draft, draftsOf, take } from '../../../lib/testing/log-bench.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** Makes a log with a record of every kind. */
async function fill(log: LevelLog): Promise<void> {
  for (const each of [...draftsOf(4), draft('other', { a: 1 }, 'other type')]) await log.accept([each])
  await log.accept([{ ...draft('versioned'), version: '1' }])
  await log.accept([{ ...draft('versioned'), version: '2' }], { state: [{ namespace: 'n', key: 'k', value: 1 }] })
  await log.accept([draft('effect')], { cause: 5 })
  await log.forget('it', 'event 4')
  await log.claim('j', new Date(0), 1000)
  await log.note('j', new Date(1), 'blocked')
  const consumer = await log.consumer('c', { start: 'start' })
  const [a, b] = await take(consumer, 3)
  assert(a && b)
  consumer.retry(a, { at: 0 })
  consumer.park(b, { error: 'no' })
  await consumer.flush()
}

/** Returns the problems after the store was changed behind the log's back. */
async function problemsAfter(t: TestContext, act: (db: ClassicLevel) => Promise<unknown>): Promise<readonly Problem[]> {
  const directory = join(temporaryDirectory(t), 'log')
  const log = await openLog(directory)
  await fill(log)
  await log.close()
  const db = new ClassicLevel(directory)
  await db.open()
  await act(db)
  await db.close()
  const again = await openLog(directory)
  const { ok, problems } = await again.verify()
  await again.close()
  assert.equal(ok, problems.length === 0)
  return problems
}

const flip = (text: string | undefined): string => `${text?.slice(0, -1)}\x7f`

describe('a verified log', () => {
  it('is sound as it was written, and reports progress', async () => {
    for (const identity of ['type', 'identifier'] as const) {
      const log = await memoryLog({ identity })
      await fill(log)
      const progress: number[][] = []
      assert.deepEqual(await log.verify({ progress: (...done) => progress.push(done) }), { ok: true, problems: [] })
      assert.deepEqual(progress.at(-1), [8, 8])
      await log.close()
    }
  })

  it('is sound when it is empty, and when it is long', async () => {
    const log = await memoryLog()
    assert.equal((await log.verify()).ok, true)
    await log.accept(draftsOf(1300))
    assert.equal((await log.verify()).ok, true)
    await log.close()
  })

  for (const [what, seq, act] of [
    ['an identity that is gone', 2, (db) => db.del(keys.identity('it', 'event 2'))],
    ['an identity that was changed', 2, async (db) => change(db, keys.identity('it', 'event 2'))],
    ['an identity that names an older event', 7, async (db) => copy(db, keys.identity('it', 'versioned'), '[6,"1",1]')],
    ['an identity that names another event', 3, async (db) => copy(db, keys.identity('it', 'event 2'), '[3]')],
    ['an identity of nothing', 99, async (db) => copy(db, keys.identity('it', 'nothing'), '[99]')],
    ['a place in the index of types that is gone', 5, (db) => db.del(keys.type('other type', 5))],
    ['a place in the index of types too many', 99, (db) => db.put(keys.type('it', 99), '')],
    ['a place under another type', 5, (db) => db.put(keys.type('it', 5), '')],
    ['a place in the index of causes that is gone', 8, (db) => db.del(keys.cause(5, 8))],
    ['a place in the index of causes too many', 99, async (db) => copy(db, keys.cause(5, 99), '0')],
    ['a place under another cause', 7, async (db) => copy(db, keys.cause(5, 7), '0')],
    ['a place in the index of causes that was changed', 8, async (db) => change(db, keys.cause(5, 8))],
    ['a count that is gone', undefined, (db) => db.del(keys.count('it'))],
    ['a count that was changed', undefined, async (db) => change(db, keys.count('it'))],
    ['a count that is wrong', undefined, async (db) => copy(db, keys.count('it'), '[6,8,0]')],
    ['a count of nothing', undefined, async (db) => copy(db, keys.count('nothing'), '[1,8,0]')],
    ['a cursor that was changed', undefined, async (db) => change(db, keys.consumer('c'))],
    ['a retry that was changed', undefined, async (db) => change(db, keys.retry('c', 1))],
    ['a parked event that was changed', undefined, async (db) => change(db, keys.parked('c', 2))],
    ['a state that was changed', undefined, async (db) => change(db, keys.state('n', 'k'))],
    ['a claim that was changed', undefined, async (db) => change(db, keys.claim('j'))],
    ['a run that was changed', undefined, async (db) => change(db, keys.run('j', 1, 0))],
  ] as const satisfies readonly (readonly [string, number | undefined, (db: ClassicLevel) => Promise<unknown>])[]) {
    it(`shows ${what}`, async (t) => {
      const problems = await problemsAfter(t, act)
      assert(
        problems.some((problem) => problem.seq === seq),
        JSON.stringify(problems),
      )
    })
  }
})

async function change(db: ClassicLevel, key: string): Promise<void> {
  const text = await db.get(key)
  assert(text !== undefined, `there is no record at ${JSON.stringify(key)}`)
  await db.put(key, flip(text))
}

/** Returns a sound record with this body. */
async function copy(db: ClassicLevel, key: string, body: string): Promise<void> {
  await db.put(key, seal(key, body))
}
