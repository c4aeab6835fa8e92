import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ClassicLevel } from 'classic-level'
import fc from 'fast-check'
import { seqOf, startingWith } from '../../../lib/level/format/keys.ts'
import { openLog } from '../../../lib/level/open-log.ts'
import { repairLog } from '../../../lib/level/repair-log.ts'
import { EventlessCommits } from '../../../lib/level/write/eventless-commits.ts'
import { draftsOf, refused } from '../../../lib/testing/log-bench.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const MIB = 1024 * 1024
const damaged = refused('TIDINGS_LOG_DAMAGED')

/** Makes a log with some events and then more state than LevelDB drops at a time, and closes it. */
async function remembering(t: TestContext): Promise<string> {
  const directory = join(temporaryDirectory(t), 'log')
  const log = await openLog(directory)
  await log.accept(draftsOf(5))
  for (let n = 0; n < 60; n++) await log.store('n').set('k', `${n}`.padEnd(2000))
  await log.close()
  return directory
}

const logFile = (directory: string): string =>
  join(directory, readdirSync(directory).find((name) => name.endsWith('.log')) as string)

/** Returns the numbers of the eventless commits that have a record. */
async function recorded(directory: string): Promise<readonly number[]> {
  const db = new ClassicLevel(directory)
  const found = await db.keys(startingWith('q')).all()
  await db.close()
  return found.map(seqOf)
}

describe('a commit without events', () => {
  it('is missed when LevelDB drops it, though no event is missing', async (t) => {
    const directory = await remembering(t)
    for (const part of [0.1, 0.3, 0.5, 0.7, 0.9]) {
      const copy = `${directory} ${part}`
      cpSync(directory, copy, { recursive: true })
      const path = logFile(copy)
      const bytes = readFileSync(path)
      const at = Math.floor(part * bytes.length)
      bytes[at] = (bytes[at] as number) ^ 1
      writeFileSync(path, bytes)
      for (let i = 0; i < 2; i++) await assert.rejects(openLog(copy), damaged, copy)
    }
    // The remaining records make a log that works.
    const { problems } = await repairLog(`${directory} 0.5`, `${directory} repaired`)
    assert.deepEqual(problems, [])
    for (let i = 0; i < 2; i++) {
      const log = await openLog(`${directory} repaired`)
      assert.equal(await log.last(), 5)
      await log.store('n').set('k', i)
      await log.close()
    }
  })

  it('is missed at the end of the log too, once MARK names it', async (t) => {
    const directory = await remembering(t)
    const path = logFile(directory)
    truncateSync(path, readFileSync(path).length - 10)
    await assert.rejects(openLog(directory), refused('TIDINGS_LOG_DAMAGED', { quiet: 60 }))
  })

  it('has a record only while LevelDB may drop it', async (t) => {
    const directory = await remembering(t)
    assert.equal((await recorded(directory)).length, 60)
    // They are in tables since the log was reopened: each new one removes two.
    const log = await openLog(directory)
    for (let n = 0; n < 20; n++) await log.store('n').set('k', n)
    await log.close()
    const left = await recorded(directory)
    assert.deepEqual([left[0], left.at(-1), left.length], [41, 80, 40])
    const again = await openLog(directory)
    assert.deepEqual(await again.verify(), { ok: true, problems: [] })
    await again.close()
  })

  it('has a record while it is among the newest writes, and few have one', () => {
    const sizes = fc.array(fc.integer({ min: 100, max: 3 * MIB }), { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(sizes, (sizes) => {
        const quiet = new EventlessCommits({ newest: 0, oldest: 1 })
        const live = new Set<number>()
        const commit = (size: number): void => {
          for (const [key, record] of quiet.next()) {
            if (record === undefined) live.delete(seqOf(key))
            else live.add(seqOf(key))
          }
          quiet.wrote(size)
        }
        for (const size of sizes) commit(size)
        let since = 0
        for (let n = sizes.length; n >= 1 && since <= 32 * MIB; n--) {
          assert(live.has(n), `${n} of ${sizes.length}`)
          since += sizes[n - 1] as number
        }
        for (let n = 0; n < 300; n++) commit(MIB)
        assert(live.size <= 36, `${live.size} are left`)
      }),
    )
  })
})
