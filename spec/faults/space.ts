import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Draft } from '../../lib/core/event.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { openLog } from '../../lib/level/open-log.ts'
import { restoreLog } from '../../lib/level/restore-log.ts'
import { list } from '../../lib/testing/log-bench.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { type Result, shown } from './results.ts'

/** Number of events published in one call. */
const TOGETHER = 500

const kib = (bytes: number): string => `${Math.round(bytes / 1024)} KiB`

// About 260 bytes each, half of which can't be compressed.
const draftsFrom = (from: number, count: number): Draft[] =>
  Array.from({ length: count }, (_, i) => ({
    type: 'made',
    identifier: `item ${from + i}`,
    data: `${Array.from({ length: 6 }, () => Math.random()).join('')}${'x'.repeat(120)}`,
  }))

async function fill(log: LevelLog, count: number): Promise<void> {
  for (let from = 0; from < count; from += TOGETHER)
    await log.accept(draftsFrom(from, Math.min(TOGETHER, count - from)))
}

/** The size of the bodies in a compacted log, and of the whole log. */
async function sizes(log: LevelLog): Promise<{ readonly bodies: number; readonly disk: number }> {
  const { after } = await log.compact()
  const { events, types } = (await log.stats()).sizes
  return { bodies: events + types, disk: after }
}

/** Prunes a log of `count` events to `kept`, and measures what is left. */
export function spaceSuite(count: number, kept: number, tier: Result['tier']): void {
  describe(`a log of ${count} events, pruned to ${kept}`, () => {
    it('frees the disk, and refuses every identity as before', async (t) => {
      const folder = temporaryDirectory(t)
      await using log = await openLog(join(folder, 'log'))
      await fill(log, count)
      const { disk: full } = await sizes(log)
      const { removed, first, last } = await log.prune({ count: kept })
      assert.deepEqual([removed, first, last], [count - kept, count - kept + 1, count])
      const pruned = await sizes(log)
      // `alone`: as many events as were kept. `fresh`: the same records in a log that never had others.
      await using alone = await openLog(join(folder, 'alone'))
      await fill(alone, kept)
      const few = await sizes(alone)
      await log.backup(join(folder, 'backup'))
      await restoreLog(join(folder, 'backup'), join(folder, 'fresh'))
      await using fresh = await openLog(join(folder, 'fresh'))
      const same = await sizes(fresh)
      for (let from = 0; from < count; from += TOGETHER) {
        const receipts = await log.accept(draftsFrom(from, Math.min(TOGETHER, count - from)))
        for (const [i, { status, seq }] of receipts.entries())
          assert.deepEqual([status, seq], ['duplicate', from + i + 1])
      }
      assert.deepEqual(await log.verify(), { ok: true, problems: [] })
      assert.equal((await list(log.events())).length, kept)
      const result = `disk ${kib(full)} → ${kib(pruned.disk)}, of which ${count} identities take most: the same records in a new log take ${kib(same.disk)}; bodies ${kib(pruned.bodies)}, ${kept} alone ${kib(few.bodies)} (a log of ${kept} events alone: ${kib(few.disk)}); all ${count} identities refused`
      t.diagnostic(result)
      assert(pruned.bodies < 2 * few.bodies && pruned.disk < 2 * same.disk, result)
      shown({ row: 'space', tier, rounds: `${count} events pruned to ${kept}`, result })
    })
  })
}

/** Backs a log up again and again, while publishers publish at full speed. */
export function backupSuite(count: number, backups: number, tier: Result['tier']): void {
  describe(`a log of ${count} events during publishing at full speed`, () => {
    it('is backed up as a prefix of itself each time', async (t) => {
      const folder = temporaryDirectory(t)
      await using log = await openLog(join(folder, 'log'))
      await fill(log, count)
      let next = count
      let done = false
      const speed = { alone: 0, meanwhile: 0 }
      const publishing = Promise.all(
        Array.from({ length: 64 }, async () => {
          while (!done) await log.accept(draftsFrom((next += 8) - 8, 8))
        }),
      )
      const measure = async (act: () => Promise<unknown>): Promise<number> => {
        const [from, begun] = [next, performance.now()]
        await act()
        return Math.round(((next - from) / (performance.now() - begun)) * 1000)
      }
      const lasts: number[] = []
      try {
        speed.alone = await measure(() => new Promise((resolve) => setTimeout(resolve, 300)))
        speed.meanwhile = await measure(async () => {
          for (let i = 0; i < backups; i++) lasts.push((await log.backup(join(folder, `backup ${i}`))).last)
        })
      } finally {
        done = true
        await publishing
      }
      for (const [i, last] of lasts.entries()) {
        await restoreLog(join(folder, `backup ${i}`), join(folder, `restored ${i}`))
        await using copy = await openLog(join(folder, `restored ${i}`))
        assert.equal(await copy.last(), last)
        await assertPrefix(copy, log, last)
      }
      const result = `${lasts.join(', ')} events: a prefix of the log, verified; ${speed.meanwhile} events/s meanwhile, ${speed.alone} without`
      t.diagnostic(result)
      assert(lasts.every((last) => last >= count && last <= next))
      shown({ row: 'backup', tier, rounds: `${backups} of ${count} events and more`, result })
    })
  })
}

async function assertPrefix(copy: LevelLog, log: LevelLog, last: number): Promise<void> {
  const events = log.events()[Symbol.asyncIterator]()
  let seq = 0
  for await (const event of copy.events()) {
    const { value } = await events.next()
    // Comparing text is a hundred times faster than comparing objects.
    assert.equal(JSON.stringify(event), JSON.stringify(value))
    seq = event.seq
  }
  assert.equal(seq, last)
}
