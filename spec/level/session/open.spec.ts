import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ClassicLevel } from 'classic-level'
import fc from 'fast-check'
import { hasCode, TidingsError } from '../../../lib/core/errors.ts'
import { keys } from '../../../lib/level/format/keys.ts'
import { decode, encode, FORMAT, type Head, type Meta } from '../../../lib/level/format/records.ts'
import { recordsIn } from '../../../lib/level/format/segments.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { type LogOptions, openLog } from '../../../lib/level/open-log.ts'
import type { Mark } from '../../../lib/level/store/marker-file.ts'
import { draft, draftsOf, list, refused, seqs, take } from '../../../lib/testing/log-bench.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/until.ts'

const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8)
const markOf = (directory: string): Mark => decode<Mark>('MARK', readFileSync(join(directory, 'MARK'), 'utf8'))
const writeMark = (directory: string, mark: Mark): void => writeFileSync(join(directory, 'MARK'), encode('MARK', mark))

/** Makes a log of `count` events in a directory, up to ten of them a segment each, and closes it. */
async function closed(t: TestContext, count = 5, options: LogOptions = {}): Promise<string> {
  const directory = join(temporaryDirectory(t), 'log')
  const log = await openLog(directory, options)
  if (count > 10) await log.accept(draftsOf(count))
  else for (const each of draftsOf(count)) await log.accept([each])
  await log.close()
  return directory
}

/** Changes the store behind the log's back. */
async function meddle(directory: string, act: (db: ClassicLevel) => Promise<unknown>): Promise<void> {
  const db = new ClassicLevel(directory)
  await db.open()
  await act(db)
  await db.close()
}

/** Opens a log and closes it at the end of the test. */
async function opened(t: TestContext, directory: string, options: LogOptions = {}): Promise<LevelLog> {
  const log = await openLog(directory, options)
  t.after(() => log.close())
  return log
}

const flip = (text: string): string =>
  text.slice(0, -2) + String.fromCharCode(text.charCodeAt(text.length - 2) ^ 1) + text.slice(-1)

const segments = (db: ClassicLevel): Promise<[string, string][]> => db.iterator({ gte: 'e', lt: 'f' }).all()

const damaged = (seq?: number) => refused('TIDINGS_LOG_DAMAGED', seq === undefined ? {} : { seq })

describe('the directory of a log', () => {
  it('is readable for its owner alone, also if it existed before', async (t) => {
    const root = temporaryDirectory(t)
    const there = join(root, 'there')
    mkdirSync(there)
    chmodSync(there, 0o755)
    for (const directory of [there, join(root, 'deep', 'log')]) {
      await (await openLog(directory)).close()
      assert.equal(mode(directory), '700')
      assert.equal(mode(join(directory, 'MARK')), '600')
    }
  })

  it('can be opened only once: the second open rejects, naming the directory', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const log = await openLog(directory)
    await assert.rejects(openLog(directory), (error: TidingsError) => {
      assert(hasCode(error, 'TIDINGS_LOG_LOCKED'))
      assert(error.message.includes(directory))
      return true
    })
    assert.equal((await log.accept([draft('1')]))[0]?.status, 'new')
    await log.close()
    await (await openLog(directory)).close()
  })

  it('keeps its rule of identity, and rejects another one', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const log = await openLog(directory, { identity: 'identifier' })
    await log.accept([draft('1', 'a', 'x')])
    assert.deepEqual(await log.accept([draft('1', 'b', 'y')]), [{ status: 'duplicate', seq: 1 }])
    assert.equal((await log.get('x', '1'))?.data, 'a')
    assert.equal(await log.get('y', '1'), undefined)
    await log.close()
    await assert.rejects(openLog(directory, { identity: 'type' }), refused('TIDINGS_LOG_IDENTITY'))
    const again = await opened(t, directory)
    assert.deepEqual(await again.accept([draft('1', 'c', 'z')]), [{ status: 'duplicate', seq: 1 }])
    const other = await closed(t)
    await assert.rejects(openLog(other, { identity: 'identifier' }), refused('TIDINGS_LOG_IDENTITY'))
  })

  it('rejects an invalid path or option', async (t) => {
    const directory = temporaryDirectory(t)
    const invalid = refused('TIDINGS_LOG_INVALID')
    await assert.rejects(openLog(''), invalid)
    await assert.rejects(openLog(undefined as unknown as string), invalid)
    await assert.rejects(openLog(directory, { identity: 'id' as 'type' }), invalid)
    await assert.rejects(openLog(directory, { durability: 'maybe' as 'disk' }), invalid)
    assert.deepEqual(readdirSync(directory), [])
  })

  it('accepts other limits', async (t) => {
    const log = await opened(t, temporaryDirectory(t), { limits: { identifier: 3, data: 10 } })
    assert.equal((await log.accept([draft('abc', 'x'.repeat(8))]))[0]?.status, 'new')
    await assert.rejects(log.accept([draft('abcd')]), refused('TIDINGS_IDENTIFIER_INVALID'))
    await assert.rejects(
      log.accept([draft('b', 'x'.repeat(9))]),
      refused('TIDINGS_DATA_TOO_LARGE', { bytes: 11, limit: 10 }),
    )
    await assert.rejects(log.accept([draft('c', 1, 'x'.repeat(257))]), refused('TIDINGS_TYPE_INVALID'))
  })
})

describe('the MARK file', () => {
  it('names the log and its highest acknowledged seq, when the log is idle and at close', async (t) => {
    const clock = virtualClock()
    const directory = join(temporaryDirectory(t), 'log')
    const log = await openLog(directory, { clock })
    assert.deepEqual(markOf(directory), { id: log.id, format: FORMAT, seq: 0, opened: 0, quiet: 0 })
    await log.accept(draftsOf(3))
    await clock.advance(999)
    assert.equal(clock.timers, 1)
    assert.equal(markOf(directory).seq, 0)
    await clock.advance(1)
    await until(() => markOf(directory).seq === 3)
    await log.accept(draftsOf(5))
    await log.close()
    assert.deepEqual(markOf(directory), { id: log.id, format: FORMAT, seq: 5, opened: 0, quiet: 0 })
    assert.deepEqual(
      readdirSync(directory).filter((name) => name.startsWith('MARK')),
      ['MARK'],
    )
    assert.equal(clock.timers, 0)
  })

  it('shows that a store is missing, so that no empty one is made', async (t) => {
    for (const gone of [(name: string) => name !== 'MARK', (name: string) => name === 'CURRENT']) {
      const directory = await closed(t)
      for (const name of readdirSync(directory).filter(gone)) rmSync(join(directory, name))
      for (let i = 0; i < 2; i++) await assert.rejects(openLog(directory), damaged())
      assert(!readdirSync(directory).includes('CURRENT'))
    }
  })

  it('is reported and written again when it can not be read', async (t) => {
    for (const text of ['', 'nonsense', '{}', `00000000${JSON.stringify({ id: 'x', format: FORMAT, seq: 5 })}`]) {
      const directory = await closed(t)
      const before = markOf(directory)
      writeFileSync(join(directory, 'MARK'), text)
      const said: string[] = []
      const log = await openLog(directory, { warn: (words) => said.push(words) })
      assert.match(said.join(), /MARK/)
      assert.deepEqual(markOf(directory), { ...before, opened: 5 })
      assert.deepEqual(await seqs(log), [1, 2, 3, 4, 5])
      await log.close()
    }
  })

  it('is written again when it is missing', async (t) => {
    const directory = await closed(t)
    rmSync(join(directory, 'MARK'))
    const log = await opened(t, directory, { warn: () => assert.fail('nothing is wrong') })
    assert.equal(markOf(directory).seq, 5)
    assert.equal(await log.last(), 5)
  })

  it('of another log is refused', async (t) => {
    const directory = await closed(t)
    writeMark(directory, { ...markOf(directory), id: 'another' })
    await assert.rejects(openLog(directory), damaged())
  })

  it('fails the open when it can not be written, and releases the store', async (t) => {
    const directory = await closed(t)
    mkdirSync(join(directory, 'MARK.new'))
    await assert.rejects(openLog(directory), refused('TIDINGS_LOG_FAILED'))
    rmSync(join(directory, 'MARK.new'), { recursive: true })
    assert.equal(await (await opened(t, directory)).last(), 5)
  })
})

describe('the format of a log', () => {
  it('is refused when it is newer than the code, in the store or in MARK', async (t) => {
    const directory = await closed(t)
    const mark = markOf(directory)
    writeMark(directory, { ...mark, format: FORMAT + 1 })
    await assert.rejects(openLog(directory), refused('TIDINGS_LOG_FORMAT', { format: FORMAT + 1, reads: FORMAT }))
    writeMark(directory, mark)
    await meddle(directory, async (db) => {
      const meta = decode<Meta>(keys.meta, await db.get(keys.meta))
      await db.put(keys.meta, encode(keys.meta, { ...meta, format: FORMAT + 2 }))
    })
    await assert.rejects(openLog(directory), refused('TIDINGS_LOG_FORMAT', { format: FORMAT + 2 }))
  })
})

describe('a damaged log', () => {
  it('is refused at open, naming the first bad event, and stays unchanged', async (t) => {
    for (const [what, act] of Object.entries<(db: ClassicLevel) => Promise<unknown>>({
      'a flipped bit': async (db) => db.put(keys.event(3), flip((await db.get(keys.event(3))) as string)),
      'a record that is gone': (db) => db.del(keys.event(3)),
      'two of them': (db) => db.batch().del(keys.event(3)).del(keys.event(5)).write(),
      "another event's record": async (db) => db.put(keys.event(3), (await db.get(keys.event(2))) as string),
      'an empty record': (db) => db.put(keys.event(3), ''),
    })) {
      const directory = await closed(t)
      await meddle(directory, act)
      // The second open fails in the same way: the first one repaired nothing.
      for (let i = 0; i < 2; i++) await assert.rejects(openLog(directory), damaged(3), what)
      await meddle(directory, async (db) =>
        assert.equal((await db.keys({ gte: 'e', lt: 'f' }).all()).length >= 3, true),
      )
    }
  })

  it('is refused when its newest events are missing, or it has more than its head names', async (t) => {
    const directory = await closed(t)
    const head = (seq: number, floor: number): Head => [seq, floor, 1]
    await meddle(directory, (db) =>
      db
        .batch()
        .del(keys.event(5))
        .put(keys.head, encode(keys.head, head(4, 4)))
        .write(),
    )
    await assert.rejects(openLog(directory), damaged(5))
    rmSync(join(directory, 'MARK'))
    // Without MARK, only the floor shows it.
    await (await openLog(directory)).close()
    await meddle(directory, (db) => db.put(keys.head, encode(keys.head, head(4, 5))))
    await assert.rejects(openLog(directory), damaged(5))
    await meddle(directory, (db) => db.put(keys.head, encode(keys.head, head(3, 3))))
    rmSync(join(directory, 'MARK'))
    await assert.rejects(openLog(directory), damaged(4))
    await meddle(directory, (db) => db.del(keys.head))
    await assert.rejects(openLog(directory), damaged(1))
  })

  it('is refused when it has lost its meta record', async (t) => {
    for (const act of [
      (db: ClassicLevel) => db.del(keys.meta),
      (db: ClassicLevel) => db.put(keys.meta, 'x'),
      (db: ClassicLevel) => db.clear(),
    ]) {
      const directory = await closed(t)
      await meddle(directory, act)
      await assert.rejects(openLog(directory), damaged())
    }
  })

  it("is refused when LevelDB's own log file is cut off, naming the first lost event", async (t) => {
    const directory = await closed(t, 3000)
    const file = readdirSync(directory).find((name) => name.endsWith('.log')) as string
    truncateSync(join(directory, file), 100_000)
    let left = 0
    for (let i = 0; i < 2; i++) {
      const error = (await openLog(directory).catch((error: unknown) => error)) as TidingsError
      assert(hasCode(error, 'TIDINGS_LOG_DAMAGED'), String(error))
      await meddle(directory, async (db) => (left = (await segments(db)).flatMap((each) => recordsIn(...each)).length))
      assert.equal(error.details['seq'], left + 1)
    }
    assert(left < 3000)
  })

  it('is noticed wherever a bit of its newest writes flips', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const log = await openLog(directory)
    for (let i = 0; i < 300; i += 30) await log.accept(draftsOf(30, `${i} `))
    await log.close()
    const file = join(directory, readdirSync(directory).find((name) => name.endsWith('.log')) as string)
    const files = readdirSync(directory).map(
      (name) => [join(directory, name), readFileSync(join(directory, name))] as const,
    )
    const { length } = readFileSync(file)
    let refusals = 0
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: length - 1 }), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        for (const name of readdirSync(directory)) rmSync(join(directory, name), { force: true })
        for (const [path, bytes] of files) writeFileSync(path, bytes)
        const bytes = readFileSync(file)
        bytes[at] = (bytes[at] as number) ^ (1 << bit)
        writeFileSync(file, bytes)
        try {
          const again = await openLog(directory)
          try {
            assert.equal((await list(again.events())).length, 300)
          } finally {
            await again.close()
          }
        } catch (error) {
          assert(hasCode(error, 'TIDINGS_LOG_DAMAGED'), String(error))
          refusals += 1
        }
      }),
      { numRuns: 40 },
    )
    assert(refusals > 30)
  })

  it('is noticed also far behind the newest event, within the log file', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const log = await openLog(directory, { durability: 'relaxed' })
    for (let i = 0; i < 30_000; i += 1000) await log.accept(draftsOf(1000, `${i} `))
    await log.close()
    const file = join(directory, readdirSync(directory).find((name) => name.endsWith('.log')) as string)
    const bytes = readFileSync(file)
    bytes[Math.floor(bytes.length / 20)] = 0xff
    writeFileSync(file, bytes)
    for (let i = 0; i < 2; i++) await assert.rejects(openLog(directory), damaged())
  })
})

describe('a damaged record', () => {
  it('is reported by its readers, and by no others', async (t) => {
    const directory = join(temporaryDirectory(t), 'log')
    const log = await openLog(directory)
    await log.accept(draftsOf(3))
    await log.consumer('c', { start: 'start' })
    await log.store('n').set('k', 1)
    await (await log.claim('j', new Date(0), 1000))?.done(null)
    await log.close()
    const identity = keys.identity('it', 'event 2')
    await meddle(directory, async (db) => {
      for (const key of [identity, keys.consumer('c'), keys.state('n', 'k'), keys.claim('j')]) {
        await db.put(key, flip((await db.get(key)) as string))
      }
    })
    const again = await opened(t, directory)
    await assert.rejects(again.accept([draft('event 2')]), refused('TIDINGS_LOG_DAMAGED', { key: identity }))
    await assert.rejects(again.get('it', 'event 2'), damaged())
    await assert.rejects(again.consumer('c', { start: 'start' }), damaged())
    await assert.rejects(again.store('n').get('k'), damaged())
    await assert.rejects(again.claim('j', new Date(1), 1000), damaged())
    assert.deepEqual(await again.accept([draft('event 1')]), [{ status: 'duplicate', seq: 1 }])
    assert.equal((await again.accept([draft('event 4')]))[0]?.seq, 4)
    assert.deepEqual(await seqs(again), [1, 2, 3, 4])
  })

  it('of an older event is reported by queries of every kind and by consumers', async (t) => {
    const directory = await closed(t)
    // As if it had been in a table since the last opening.
    writeMark(directory, { ...markOf(directory), opened: 5 })
    await meddle(directory, async (db) => db.put(keys.event(2), flip((await db.get(keys.event(2))) as string)))
    const log = await opened(t, directory)
    for (const query of [{}, { types: ['it'] }, { reverse: true }, { types: ['it'], reverse: true }]) {
      await assert.rejects(list(log.events(query)), damaged(2))
    }
    await assert.rejects(log.get('it', 'event 2'), damaged(2))
    await assert.rejects(take(await log.consumer('c', { start: 'start' }), 5), damaged(2))
    assert.deepEqual(await seqs(log, { after: 2 }), [3, 4, 5])
  })

  it('is missed when it is deleted: no read skips a gap', async (t) => {
    const directory = await closed(t, 1200)
    writeMark(directory, { ...markOf(directory), opened: 1200 })
    await meddle(directory, (db) => db.del(keys.event(65)))
    const log = await opened(t, directory)
    for (const query of [{}, { types: ['it'] }, { reverse: true }, { types: ['it'], reverse: true }]) {
      await assert.rejects(list(log.events(query)), damaged(65))
    }
    await assert.rejects(take(await log.consumer('c', { start: 'start' }), 65), damaged(65))
  })
})
