import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { memoryLog, openLog } from '../../../lib/level/open-log.ts'
import { draft, draftsOf, refused } from '../../../lib/testing/log-bench.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const DAY = 86_400_000

const filled = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => draft(`item ${from + i}`, `${Math.random()}`.repeat(20)))

describe('the size of a log', () => {
  it('is given by kinds of records, with the free space on disk, but not in memory', async (t) => {
    await using log = await openLog(join(temporaryDirectory(t), 'log'))
    for (let i = 0; i < 10; i++) await log.accept(filled(i * 500, 500))
    const { before, after } = await log.compact()
    const { events, sizes, disk, free, fullInDays } = await log.stats()
    assert.deepEqual(events, { count: 5000, first: 1, last: 5000 })
    assert(sizes.events > 100_000 && sizes.events > sizes.identities && sizes.identities > 1000, JSON.stringify(sizes))
    assert(disk !== undefined && free !== undefined && fullInDays !== undefined)
    assert(before > after && after > sizes.events && disk < 2 * after, JSON.stringify({ before, after, disk }))
    await using other = await memoryLog()
    await other.accept(filled(0, 10))
    const stats = await other.stats()
    assert.deepEqual(
      [stats.disk, stats.free, stats.fullInDays, stats.sizes.events],
      [undefined, undefined, undefined, 0],
    )
    assert.deepEqual(await other.compact(), { before: 0, after: 0 })
  })

  it('grows as in the last week, counting events pruned since', async () => {
    const clock = virtualClock()
    await using log = await memoryLog({ clock })
    assert.deepEqual((await log.stats()).growth, { days: 1, events: 0, bytes: 0 })
    await log.accept(filled(0, 50))
    const young = (await log.stats()).growth
    assert.deepEqual([young.days, young.events], [1, 50])
    assert(young.bytes > 50 * 350 && young.bytes < 50 * 500, `${young.bytes}`)
    await clock.advance(10 * DAY)
    await log.accept(filled(50, 70))
    assert.equal((await log.stats()).growth.events, 10)
    await log.prune({ count: 5 })
    assert.deepEqual((await log.stats()).events, { count: 5, first: 116, last: 120 })
    assert.equal((await log.stats()).growth.events, 10)
    await clock.advance(10 * DAY)
    assert.deepEqual((await log.stats()).growth, { days: 7, events: 0, bytes: 0 })
  })

  it('grows only by records that stay', async () => {
    const bytes = async (retention: object | undefined): Promise<number> => {
      await using log = await memoryLog({ clock: virtualClock(), ...(retention === undefined ? {} : { retention }) })
      await log.accept(draftsOf(10))
      return (await log.stats()).growth.bytes
    }
    const all = await bytes(undefined)
    const identities = await bytes({ age: '1d' })
    assert(identities > 0 && identities < all)
    assert.equal(await bytes({ identities: '1d' }), all - identities)
    assert.equal(await bytes({ count: 5, identities: '1d' }), 0)
  })

  it('is rejected for a closed log', async () => {
    const log = await memoryLog()
    await log.close()
    await assert.rejects(log.stats(), refused('TIDINGS_LOG_CLOSED'))
    await assert.rejects(log.compact(), refused('TIDINGS_LOG_CLOSED'))
  })
})

describe('a compacted log on disk', () => {
  it('frees the space of pruned records while it is in use, and reports progress', async (t) => {
    await using log = await openLog(join(temporaryDirectory(t), 'log'))
    for (let i = 0; i < 20; i++) await log.accept(filled(i * 500, 500))
    await log.prune({ count: 100 })
    const said: [number, number][] = []
    const compacting = log.compact({ progress: (...each) => void said.push(each) })
    await log.accept([draft('meanwhile')])
    const { before, after } = await compacting
    assert(after < before / 4, `${before} became ${after}`)
    const [done, all] = said.at(-1) ?? []
    assert.equal(done, all)
    assert.deepEqual(await log.verify(), { ok: true, problems: [] })
    assert.deepEqual(await log.accept([draft('item 7')]), [{ status: 'duplicate', seq: 8 }])
  })
  it('does not grow, however small it is', async (t) => {
    await using log = await openLog(join(temporaryDirectory(t), 'log'))
    await log.accept([draft('1')])
    for (let i = 0; i < 3; i++) {
      const { before, after } = await log.compact()
      assert(after < before + 2000, `${before} became ${after}`)
    }
  })
})
