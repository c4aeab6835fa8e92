import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { StoredEvent } from '../../../lib/core/event.ts'
import { KIND, keys, startingWith } from '../../../lib/level/format/keys.ts'
import { decode } from '../../../lib/level/format/records.ts'
import type { TimeSpan } from '../../../lib/level/format/time-blocks.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { type Database, memoryDatabase } from '../../../lib/level/store/database.ts'
import type { Query } from '../../../lib/log/port.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { levelLog } from '../../support/level-log.ts'

/** A log in memory that can be reopened, and its database. */
async function place() {
  const source = memoryDatabase()
  const clock = virtualClock()
  let db: Database | undefined
  const open = () =>
    levelLog({
      source: { open: async (options) => (db = await source.open(options)) },
      clock,
      durability: 'process',
      warn: () => undefined,
    })
  return { open, db: () => db as Database }
}

/** Accepts events with these times, a hundred at a time at most, of two types. */
async function fill(log: LevelLog, times: readonly number[], first = 1): Promise<StoredEvent[]> {
  const answers = await Promise.all(
    times.map((created, i) => {
      const identifier = `${first + i}`
      return log.accept([{ type: i % 7 === 0 ? 'rare' : 'it', identifier, data: null }], { recorded: { created } })
    }),
  )
  return answers.map(([answer]) => answer?.event as StoredEvent)
}

async function seqs(log: LevelLog, query: Query): Promise<number[]> {
  const found: number[] = []
  for await (const { seq } of log.events(query)) found.push(seq)
  return found
}

const blocksOf = async (db: Database): Promise<[number, TimeSpan][]> =>
  (await db.iterator(startingWith(KIND.times)).all()).map(([key, text]) => [
    Number.parseInt(key.slice(1), 16),
    decode<TimeSpan>(key, text),
  ])

const TIMES = 2200

/** Times that mostly rise, with steps back and forth, and some from the distant past, as from an import. */
const times = fc
  .array(fc.record({ count: fc.integer({ min: 1, max: 900 }), step: fc.integer({ min: -400, max: 400 }) }), {
    minLength: 1,
    maxLength: 8,
  })
  .map((pieces) => {
    let now = 1000
    return pieces.flatMap(({ count, step }) => {
      now = Math.max(0, now + step)
      return Array.from({ length: count }, () => (now += 1))
    })
  })
  .map((all) => all.slice(0, TIMES))

const queries = fc.record(
  {
    since: fc.integer({ min: 0, max: 4000 }),
    until: fc.integer({ min: 0, max: 4000 }),
    reverse: fc.boolean(),
    limit: fc.nat(600),
    after: fc.nat(TIMES),
    types: fc.constantFrom(['rare'], ['it'], ['it', 'rare'], ['r*'], ['nope'], ['*t']),
  },
  { requiredKeys: [], noNullPrototype: true },
)

function selected(stored: readonly StoredEvent[], first: number, query: Query): number[] {
  const { since = 0, until = Number.POSITIVE_INFINITY, reverse, after = 0, limit, types } = query
  const isType = (type: string): boolean =>
    types === undefined || types.some((each) => each === type || each === `${type[0]}*` || each === `*${type.at(-1)}`)
  const found = stored
    .filter(
      ({ seq, created, type }) =>
        seq >= first && seq > after && created >= Number(since) && created <= Number(until) && isType(type),
    )
    .map(({ seq }) => seq)
  return (reverse === true ? found.toReversed() : found).slice(0, limit)
}

describe('a query by time', () => {
  it('finds what a search through all events finds, also in a reopened log, and after a prune', async () => {
    await fc.assert(
      fc.asyncProperty(
        times,
        times,
        fc.array(queries, { minLength: 5, maxLength: 5 }),
        fc.nat(900),
        async (a, b, asked, pruned) => {
          const { open } = await place()
          let log = await open()
          const stored = await fill(log, a)
          await log.close()
          log = await open()
          stored.push(...(await fill(log, b, a.length + 1)))
          const check = async (first: number): Promise<void> => {
            for (const query of asked)
              assert.deepEqual(await seqs(log, query), selected(stored, first, query), JSON.stringify(query))
          }
          await check(1)
          const { first } = await log.prune({ count: Math.max(1, stored.length - pruned) })
          await check(first)
          await log.close()
          log = await open()
          await check(first)
          assert.deepEqual((await log.verify()).problems, [])
          await log.close()
        },
      ),
      { numRuns: 12 },
    )
  })

  it('reads only blocks with events of that time', async () => {
    const { open, db } = await place()
    const log = await open()
    await fill(
      log,
      Array.from({ length: 512 * 20 }, (_, i) => i),
    )
    const read: string[] = []
    const iterator = db().iterator.bind(db())
    db().iterator = ((range: { gt?: string; gte?: string }) => {
      read.push(String(range.gt ?? range.gte))
      return iterator(range)
    }) as typeof iterator
    assert.deepEqual(
      await seqs(log, { since: 5200, until: 5210 }),
      Array.from({ length: 11 }, (_, i) => 5201 + i),
    )
    const events = read.filter((key) => key.startsWith(KIND.event))
    assert.ok(events.length <= 2, `read ${events.length} pages of events`)
    await log.close()
  })

  it('stores the times of each block with its last event', async () => {
    const { open, db } = await place()
    const log = await open()
    await fill(
      log,
      Array.from({ length: 1100 }, (_, i) => (i === 600 ? 5 : 100 + i)),
    )
    assert.deepEqual(await blocksOf(db()), [
      [0, [100, 611]],
      [1, [5, 1123]],
    ])
    await log.close()
  })

  it('measures blocks without a record, once, and stores what it found', async () => {
    const { open, db } = await place()
    let log = await open()
    await fill(
      log,
      Array.from({ length: 300 }, (_, i) => i),
    )
    await log.close()
    log = await open()
    await fill(
      log,
      Array.from({ length: 900 }, (_, i) => 300 + i),
      301,
    )
    // The first block was filled by two openings, so no commit had all its times.
    assert.deepEqual(
      (await blocksOf(db())).map(([block]) => block),
      [1],
    )
    assert.deepEqual(await seqs(log, { since: 1190 }), [1191, 1192, 1193, 1194, 1195, 1196, 1197, 1198, 1199, 1200])
    await log.close()
    log = await open()
    assert.deepEqual(await blocksOf(db()), [
      [0, [0, 511]],
      [1, [512, 1023]],
    ])
    await log.prune({ count: 600 })
    assert.deepEqual(
      (await blocksOf(db())).map(([block]) => block),
      [1],
    )
    await log.close()
  })

  it('is verified: a block whose times do not cover its events is a problem', async () => {
    const { open, db } = await place()
    const log = await open()
    await fill(
      log,
      Array.from({ length: 600 }, (_, i) => i),
    )
    const { encode } = await import('../../../lib/level/format/records.ts')
    await db().put(keys.times(0), encode(keys.times(0), [5, 511]))
    const { ok, problems } = await log.verify()
    assert.equal(ok, false)
    assert.deepEqual(problems, [{ seq: 1, message: 'the times of events 1 to 512 do not cover event 1' }])
    await log.close()
  })
})
