import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ClassicLevel } from 'classic-level'
import { copyLog } from '../../../lib/agent/operations/copy-log.ts'
import { keys, kindOf, kinds } from '../../../lib/level/format/keys.ts'
import { openLog } from '../../../lib/level/open-log.ts'
import { fc } from '../../../lib/testing/fast-check.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { askAll, names, readFixture, recordsIn, unpack } from '../../level/formats.ts'
import { continued, fullLog, keptIn } from '../../level/full-log.ts'
import { randomLog } from '../../level/random-log.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { moveAgent } from './moved-agent.ts'

function folders(t: TestContext): { readonly from: string; readonly to: string } {
  const root = temporaryDirectory(t)
  return { from: join(root, 'from'), to: join(root, 'to') }
}

describe('copyLog, from a folder to another', () => {
  for (const identity of ['type', 'identifier'] as const) {
    it(`copies every record, where the ${identity} is part of an identity`, async (t) => {
      const { from, to } = folders(t)
      await fullLog(from, identity)
      // A new kind of record is copied too, or is derived from others.
      assert.deepEqual(new Set(Object.keys(await recordsIn(from)).map(kindOf)), new Set(kinds))
      const original = await keptIn(from)
      const progress: [number, number][] = []
      const copied = await copyLog(from, to, { progress: (done, all) => void progress.push([done, all]) })
      assert.deepEqual(await keptIn(to), original)
      assert.deepEqual(await keptIn(from), original)
      const [first, second] = await Promise.all([from, to].map(async (each) => (await recordsIn(each))[keys.times(1)]))
      assert(first !== undefined && first === second)
      const count = (letter: RegExp): number => Object.keys(original).filter((key) => letter.test(key)).length
      const { event, state, consumer, mark, slots, run } = copied.records
      assert.deepEqual(
        [event, state, consumer, mark, slots, run].map((found, i) => [i, found]),
        [/^e/, /^s/, /^c/, /^[rpx]/, /^j/, /^u/].map((letter, i) => [i, count(letter)]),
      )
      assert.equal(copied.last - copied.first + 1, event)
      const [done, all] = progress.at(-1) ?? []
      assert(done !== undefined && done > 2 * event && done === all)
    })
  }

  for (const name of names) {
    it(`copies a log of format ${name}`, async (t) => {
      const { from, to } = folders(t)
      const fixture = readFixture(name)
      await unpack(fixture, from)
      await copyLog(from, to)
      const log = await openLog(to)
      t.after(() => log.close())
      assert.deepEqual(await askAll(log), fixture.said)
      assert.deepEqual(await log.verify(), { ok: true, problems: [] })
    })
  }

  it('copies any log', async (t) => {
    const root = temporaryDirectory(t)
    let made = 0
    const property = fc.asyncProperty(randomLog, async (make) => {
      const from = join(root, String((made += 1)))
      await make(from)
      await copyLog(from, `${from}.copy`)
      assert.deepEqual(await keptIn(`${from}.copy`), await keptIn(from))
    })
    await fc.assert(property, { numRuns: 10 })
  })

  it('copies an empty log, and one whose events are all pruned', async (t) => {
    const { from, to } = folders(t)
    const log = await openLog(from)
    await log.close()
    assert.deepEqual((await copyLog(from, to)).records.event, 0)
    const copy = await openLog(to)
    await copy.accept([{ type: 'it', identifier: '1', data: 1 }])
    await copy.prune({ count: 0 })
    await copy.close()
    const { first, last } = await copyLog(to, `${to}.2`)
    assert.deepEqual([first, last], [2, 1])
    const again = await openLog(`${to}.2`)
    t.after(() => again.close())
    const [known, other] = await again.accept(['1', '2'].map((identifier) => ({ type: 'it', identifier, data: 1 })))
    assert.deepEqual([known?.status, other?.status, other?.seq], ['duplicate', 'new', 2])
  })

  it('lets the copy continue where the original was', async (t) => {
    const { from, to } = folders(t)
    await fullLog(from)
    await copyLog(from, to)
    const answers = await Promise.all(
      [from, to].map(async (directory) => {
        const log = await openLog(directory, { clock: virtualClock() })
        t.after(() => log.close())
        return continued(log)
      }),
    )
    assert.deepEqual(answers[1], answers[0])
  })

  it('lets an agent continue on the copy', async (t) => {
    const { from, to } = folders(t)
    await moveAgent(t, await openLog(from), async () => {
      await copyLog(from, to)
      return openLog(to)
    })
  })

  it('leaves no log when it is interrupted, at any record, and begins again', async (t) => {
    const { from, to } = folders(t)
    await fullLog(from)
    const [partial, dead] = [`${to}.partial`, `${to}.dead`]
    for (const part of [0, 0.3, 0.6, 0.95]) {
      const interrupted = copyLog(from, to, {
        progress(done, all) {
          if (done < part * all) return
          // As it is when the process is killed: its owner is dead.
          cpSync(partial, dead, { recursive: true, filter: (path) => !basename(path).startsWith('OWNER') })
          throw new Error('no further')
        },
      })
      await assert.rejects(interrupted, /no further/)
      assert.deepEqual([existsSync(to), existsSync(partial)], [false, false])
      cpSync(dead, partial, { recursive: true })
      await assert.rejects(openLog(dead), { code: 'TIDINGS_LOG_DAMAGED' })
      renameSync(dead, `${dead}.${part}`)
    }
    await copyLog(from, to)
    assert.deepEqual(await keptIn(to), await keptIn(from))
  })

  it('refuses a target that holds something, an original that is in use, and a folder without a log', async (t) => {
    const { from, to } = folders(t)
    await fullLog(from)
    mkdirSync(to)
    writeFileSync(join(to, 'file'), '')
    await assert.rejects(copyLog(from, to), { code: 'TIDINGS_LOG_INVALID', message: /is not empty/ })
    assert.deepEqual(readdirSync(to), ['file'])
    await assert.rejects(copyLog(from, from), { code: 'TIDINGS_LOG_INVALID' })
    await assert.rejects(copyLog(from, join(from, 'in')), { code: 'TIDINGS_LOG_INVALID', message: /its own folder/ })
    await assert.rejects(copyLog(to, join(to, '2')), { code: 'TIDINGS_LOG_INVALID' })
    await assert.rejects(copyLog(to, `${to}.2`), { code: 'TIDINGS_LOG_INVALID', message: /^there is no log in / })
    const log = await openLog(from)
    t.after(() => log.close())
    await assert.rejects(copyLog(from, `${to}.2`), { code: 'TIDINGS_LOG_LOCKED' })
    assert.equal(existsSync(`${to}.2`), false)
  })

  it('refuses an original that does not agree with itself', async (t) => {
    const { from, to } = folders(t)
    await fullLog(from)
    const db = new ClassicLevel(from)
    await db.del(keys.identity('plain', 'large'))
    await db.close()
    const message = /does not agree with itself: the identity of event \d+ is missing/
    await assert.rejects(copyLog(from, to), { code: 'TIDINGS_LOG_DAMAGED', message })
    assert.deepEqual([existsSync(to), existsSync(`${to}.partial`)], [false, false])
  })

  it('keeps the original locked', async (t) => {
    const { from, to } = folders(t)
    await fullLog(from)
    let tried: Promise<unknown> | undefined
    await copyLog(from, to, {
      progress: () => void (tried ??= assert.rejects(openLog(from), { code: 'TIDINGS_LOG_LOCKED' })),
    })
    await tried
    assert(tried !== undefined)
  })
})
