import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { openLog } from '../../../lib/level/open-log.ts'
import { levelDatabase, SYNCED } from '../../../lib/level/store/database.ts'
import { draft } from '../../../lib/testing/log-bench.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

describe('a store on disk', () => {
  it('finds every key, whatever its characters and length', async (t) => {
    const db = await levelDatabase(temporaryDirectory(t)).open({ createIfMissing: true })
    const unit = fc.constantFrom('a', 'é', '語', '\u{1f600}', '\u{10ffff}')
    // Keys longer than those before them, by more and by less than the spare room of classic-level's buffer, and keys that
    // fit just into the room that the first look-up makes, or not.
    const short = fc.string({ unit, minLength: 1, maxLength: 400 })
    const long = fc.tuple(unit, fc.constantFrom(1300, 2000, 4000), fc.nat(100), short)
    const key = fc.oneof(
      short,
      long.map(([each, count, more, end]) => each.repeat(count + more) + end),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(key, { minLength: 1, maxLength: 6 }), async (found) => {
        const batch = db.batch()
        for (const each of found) batch.put(each, each)
        await batch.write(SYNCED)
        for (const each of found) assert.equal(db.getSync(each), each)
      }),
      { numRuns: 200, examples: [[['a', '語'.repeat(40)]], [['a', '\u{1f600}'.repeat(30)]]] },
    )
    await db.close()
  })

  it('accepts a long identifier of multi-byte characters once, also after it was reopened', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const drafts = [draft('1'), draft('語'.repeat(40)), draft('\u{1f600}'.repeat(250))]
    for (const expected of ['new', 'duplicate']) {
      const log = await openLog(directory)
      const statuses = (await log.accept(drafts)).map(({ status }) => status)
      assert.deepEqual(statuses, [expected, expected, expected])
      await log.close()
    }
  })
})
