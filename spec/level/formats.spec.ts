import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { keys, seqOf } from '../../lib/level/format/keys.ts'
import { decode, decodeFacts, encode, FORMAT, type Meta } from '../../lib/level/format/records.ts'
import { recordsIn as recordsOfSegment } from '../../lib/level/format/segments.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { openLog } from '../../lib/level/open-log.ts'
import { openStore } from '../../lib/level/session/open.ts'
import type { Database } from '../../lib/level/store/database.ts'
import { memoryDatabase } from '../../lib/level/store/database.ts'
import { noMarkFile } from '../../lib/level/store/marker-file.ts'
import { type Upgrade, upgrade } from '../../lib/level/store/upgrade.ts'
import { list, refused, seqsOf, takeAll } from '../../lib/testing/log-bench.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { askAll, type Fixture, names, readFixture, recordsIn, unpack } from './formats.ts'

/** Opens a log that an older version wrote with the present code, a while later. */
async function open(t: TestContext, name: string): Promise<{ log: LevelLog; fixture: Fixture; directory: string }> {
  const fixture = readFixture(name)
  const directory = join(temporaryDirectory(t), 'log')
  await unpack(fixture, directory)
  const log = await openLog(directory, { clock: virtualClock(new Date('2026-02-01')), warn: assert.fail })
  t.after(() => log.close())
  return { log, fixture, directory }
}

describe('a log in each format so far', () => {
  it('has a fixture that never changes', () => {
    for (let format = 1; format <= FORMAT; format++) {
      assert.deepEqual(
        names.filter((name) => name.startsWith(`${format}-`)),
        [`${format}-identifier`, `${format}-type`],
      )
    }
  })

  it('has records of every kind', () => {
    const letters = [...new Set(Object.keys(readFixture('1-type').records).map((key) => key[0]))].join('')
    assert.equal(letters, 'cefhijmprstx')
  })

  for (const name of names) {
    it(`answers as it did when it was written, and is sound (${name})`, async (t) => {
      const { log, fixture } = await open(t, name)
      // Through JSON: a read event is frozen, and an undefined property is absent.
      assert.deepEqual(JSON.parse(JSON.stringify(await askAll(log))), fixture.said)
      assert.deepEqual(await log.verify(), { ok: true, problems: [] })
    })

    it(`continues to accept events (${name})`, async (t) => {
      const { log, directory } = await open(t, name)
      const ask = async (type: string, identifier: string, version?: string) => {
        const [receipt] = await log.accept([
          { type, identifier, data: 0, ...(version === undefined ? {} : { version }) },
        ])
        return [receipt?.status, receipt?.seq, receipt?.event?.revision]
      }
      assert.deepEqual(await ask('plain', '1'), ['duplicate', 1, undefined])
      assert.deepEqual(await ask('plain', 'untold'), ['duplicate', 4, undefined])
      assert.deepEqual(await ask('plain', 'forgotten and told again'), ['duplicate', 13, undefined])
      assert.deepEqual(await ask('versioned', 'changing', 'A'), ['duplicate', 7, undefined])
      assert.deepEqual(await ask('versioned', 'changing', 'B'), ['changed', 15, 4])
      assert.deepEqual(await ask('plain', 'forgotten'), ['new', 16, undefined])
      const other = name.endsWith('identifier') ? ['duplicate', 2, undefined] : ['new', 17, undefined]
      assert.deepEqual(await ask('another', '2'), other)
      await log.close()
      const again = await openLog(directory, { warn: assert.fail })
      assert.deepEqual(await again.verify(), { ok: true, problems: [] })
      await again.close()
    })

    it(`counts its events by type, and knows what followed, once they are indexed (${name})`, async (t) => {
      const { log, directory } = await open(t, name)
      await log.close()
      const countsOf = async (each: LevelLog) => (await list(each.types())).map(({ type, count }) => [type, count])
      const odd = readFixture(name).said.events[8]?.type
      const view = await openLog(directory, { readOnly: true, warn: assert.fail })
      const unindexed = name.startsWith('1') ? 14 : 0
      assert.equal(await view.index(), unindexed)
      const names = [odd, 'plain', 'schemed', 'tidings.job.failed', 'versioned']
      assert.deepEqual(
        await countsOf(view),
        names.map((type, i) => [type, unindexed === 0 ? [1, 8, 1, 1, 3][i] : 0]),
      )
      await view.close()
      const again = await openLog(directory, { warn: assert.fail })
      assert.equal(await again.index(), 0)
      assert.deepEqual(
        await countsOf(again),
        names.map((type, i) => [type, [1, 8, 1, 1, 3][i]]),
      )
      assert.deepEqual(seqsOf((await list(again.causedBy(1))).map((event) => ({ event }))), [3])
      assert.deepEqual(await again.verify(), { ok: true, problems: [] })
      await again.close()
    })

    it(`hands out the unsettled events to each listener (${name})`, async (t) => {
      const { log } = await open(t, name)
      const listener = await log.consumer('listener', { start: 'now' })
      assert.equal(listener.suspects, 2)
      const told = await takeAll(log, listener, 10)
      // 1 and 6 are settled, 3 is parked, 4 is untold.
      assert.deepEqual(
        seqsOf(told).toSorted((a, b) => a - b),
        [2, 5, 7, 8, 9, 10, 11, 12, 13, 14],
      )
      assert.equal(told.find(({ event }) => event.seq === 2)?.attempt, 2)
      assert.equal(await listener.release(3), true)
      assert.deepEqual(seqsOf(await takeAll(log, listener, 1)), [3])
      const crashed = await log.consumer('crashed', { start: 'now', types: ['plain'] })
      assert.equal(crashed.suspects, 1)
      const [first, ...rest] = await takeAll(log, crashed, 7)
      assert.deepEqual([first?.event.seq, first?.crashes], [1, 1])
      assert.deepEqual(
        seqsOf(rest).toSorted((a, b) => a - b),
        [2, 3, 11, 12, 13, 14],
      )
      const moved = await takeAll(log, await log.consumer('moved', { start: 'now' }), 11)
      assert.deepEqual(
        moved.map(({ event, replay }) => [event.seq, replay]),
        [[1, 1], [2, 1], ...[6, 7, 8, 9, 10, 11, 12, 13, 14].map((seq) => [seq, 2])],
      )
    })

    it(`knows the settled slots of a job (${name})`, async (t) => {
      const { log } = await open(t, name)
      assert.equal(await log.claim('job', new Date(5000), 1000), undefined)
      assert.equal((await log.claim('job', new Date(6000), 1000))?.attempt, 2)
      assert.equal(await log.store('n').set('k', 3, { if: 2 }), 3)
    })
  }
})

describe('a log in another format', () => {
  const ofFormat = (format: number, { records, mark, said }: Fixture): Fixture => {
    const meta = { ...decode<Meta>(keys.meta, records[keys.meta] as string), format }
    return { mark, said, records: { ...records, [keys.meta]: encode(keys.meta, meta) } }
  }

  it('is refused and left unchanged when it is newer', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const fixture = ofFormat(FORMAT + 1, readFixture(`${FORMAT}-type`))
    await unpack(fixture, directory)
    await assert.rejects(openLog(directory), refused('TIDINGS_LOG_FORMAT', { format: FORMAT + 1, reads: FORMAT }))
    assert.deepEqual(await recordsIn(directory), fixture.records)
  })

  it('is refused when it is older than the first format', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    await unpack(ofFormat(0, readFixture('1-type')), directory)
    await assert.rejects(openLog(directory), refused('TIDINGS_LOG_FORMAT', { format: 0, reads: FORMAT }))
  })

  // The upgrade of format 1 has nothing to do. This older one is invented to test one: it has no type index.
  describe('that is older', () => {
    const expected = { identity: undefined, clock: virtualClock(), warn: assert.fail } as const
    const isIndex = (key: string): boolean => key.startsWith('t')

    async function older(): Promise<{ source: ReturnType<typeof memoryDatabase>; db: Database; meta: Meta }> {
      const { records } = ofFormat(FORMAT - 1, readFixture(`${FORMAT}-type`))
      const source = memoryDatabase()
      const db = await source.open({ createIfMissing: true })
      const kept = Object.entries(records).filter(([key]) => !isIndex(key))
      await db.batch(kept.map(([key, value]) => ({ type: 'put', key, value })))
      return { source, db, meta: decode<Meta>(keys.meta, records[keys.meta] as string) }
    }

    const step =
      (most = Number.POSITIVE_INFINITY): Upgrade =>
      async (db) => {
        let done = 0
        for await (const [key, text] of db.iterator({ gte: keys.event(0), lte: keys.event(2 ** 48 - 1) })) {
          if (done++ === most) throw new Error('the process dies')
          for (const record of recordsOfSegment(key, text))
            await db.put(keys.type(decodeFacts(...record).type, seqOf(key)), '')
        }
      }

    it('is upgraded, and is then the same as a log in the present format', async () => {
      const { source, db, meta } = await older()
      assert.equal((await upgrade(db, meta, { [FORMAT - 1]: step() })).format, FORMAT)
      assert.deepEqual(Object.fromEntries(await db.iterator().all()), readFixture(`${FORMAT}-type`).records)
      await db.close()
      const { db: again } = await openStore(source, noMarkFile, expected)
      await again.close()
    })

    it('is upgraded after any number of interrupted upgrades', async () => {
      const { db, meta } = await older()
      for (const most of [0, 3, 11]) {
        await assert.rejects(upgrade(db, meta, { [FORMAT - 1]: step(most) }), /dies/)
        assert.deepEqual(decode<Meta>(keys.meta, await db.get(keys.meta)), meta)
      }
      await upgrade(db, meta, { [FORMAT - 1]: step() })
      assert.deepEqual(Object.fromEntries(await db.iterator().all()), readFixture(`${FORMAT}-type`).records)
      await db.close()
    })
  })
})
