import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MemoryLevel } from 'memory-level'
import type { Database } from '../../../lib/level/store/database.ts'
import { gatherWrites } from '../../../lib/level/store/gathered-writes.ts'

// Characters whose order differs between UTF-16 and UTF-8.
const key = fc.constantFrom('a', 'a\0', 'ab', 'b', '\uffee', '\u{1f600}', 'é')
const change = fc.tuple(key, fc.option(fc.constantFrom('1', '2', ''), { nil: undefined }))
type Step = (db: Database) => unknown

const steps: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.array(change, { minLength: 1, maxLength: 4 }).map(write), weight: 4 },
  key.map((at) => (db: Database) => db.getSync(at)),
  key.map((at) => (db: Database) => db.get(at)),
  fc.array(key).map((all) => (db: Database) => db.getMany(all)),
  fc.tuple(key, key).map(
    ([gte, lt]) =>
      (db: Database) =>
        db.iterator({ gte, lt }).all(),
  ),
  fc.boolean().map((reverse) => (db: Database) => db.keys({ reverse, limit: 3 }).all()),
  fc.constant(snapshotted),
  fc.constant(async (db: Database) => {
    await db.close()
    await db.open()
  }),
)

function write(changes: readonly (readonly [string, string | undefined])[]): Step {
  return async (db) => {
    const batch = db.batch()
    for (const [at, text] of changes) {
      if (text === undefined) batch.del(at)
      else batch.put(at, text)
    }
    // Not awaited before the read: a batch is applied when it is written.
    const written = batch.write()
    const seen = changes.map(([at]) => db.getSync(at))
    await written
    return seen
  }
}

async function snapshotted(db: Database): Promise<unknown> {
  const snapshot = db.snapshot()
  await db.batch().put('ab', 'later').write()
  const seen = [await db.get('ab', { snapshot }), await db.get('ab')]
  await snapshot.close()
  return seen
}

describe('gatherWrites', () => {
  it('leaves a store that answers every read as one whose writes are not gathered', async () => {
    const law = fc.asyncProperty(fc.array(steps, { maxLength: 20 }), async (all) => {
      const [plain, fast] = [new MemoryLevel(), new MemoryLevel()]
      await Promise.all([plain.open(), fast.open()])
      gatherWrites(fast)
      for (const step of all) assert.deepEqual(await step(fast), await step(plain))
      assert.deepEqual(await fast.iterator().all(), await plain.iterator().all())
    })
    await fc.assert(law, { numRuns: 200 })
  })

  it('loses a batch that was made before the store was closed', async () => {
    const db = new MemoryLevel()
    await db.open()
    gatherWrites(db)
    const batch = db.batch().put('a', '1')
    await db.close()
    assert.throws(() => db.getSync('a'), { code: 'LEVEL_DATABASE_NOT_OPEN' })
    assert.throws(() => db.batch(), { code: 'LEVEL_DATABASE_NOT_OPEN' })
    await db.open()
    await assert.rejects(async () => batch.write(), /closed before/)
    assert.deepEqual(await db.keys().all(), [])
  })
})
