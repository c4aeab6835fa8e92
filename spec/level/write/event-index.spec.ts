import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KIND, keys, startingWith } from '../../../lib/level/format/keys.ts'
import { decode, encode, type Head } from '../../../lib/level/format/records.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { type Database, memoryDatabase } from '../../../lib/level/store/database.ts'
import { draft, list, refused } from '../../../lib/testing/log-bench.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { levelLog } from '../../support/level-log.ts'
import { FaultySource, faultyLog, recovered } from '../faults.ts'

/** A log in memory that can be reopened, and its database. */
function place() {
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

/** Accepts events of types `t0`, `t1` …; every third one has the event before the call as its cause. */
async function fill(log: LevelLog, count: number, first = 1): Promise<void> {
  const cause = await log.last()
  for (let n = first; n < first + count; n += 50) {
    const drafts = Array.from({ length: Math.min(50, first + count - n) }, (_, i) =>
      draft(`${n + i}`, null, `t${(n + i) % 7}`),
    )
    await log.accept(drafts, (n - first) % 3 === 0 && cause > 0 ? { cause } : {})
  }
}

/**
 * Leaves the log as an older version would: it keeps records that it does not know, and writes a head without them.
 * `forgets`: it never had any.
 */
async function asOlder(db: Database, { forgets }: { forgets: boolean }): Promise<void> {
  const [seq, floor, first, newest, oldest] = decode<Head>(keys.head, await db.get(keys.head)) ?? [0, 0, 1]
  await db.put(keys.head, encode(keys.head, [seq, floor, first, newest ?? 0, oldest ?? 1]))
  if (forgets) for (const kind of [KIND.count, KIND.cause]) await db.clear(startingWith(kind))
}

/** What a walk over all events finds. */
async function walked(log: LevelLog) {
  const counts = new Map<string, number>()
  const causes = new Map<number, number[]>()
  for await (const { type, seq, cause } of log.events()) {
    counts.set(type, (counts.get(type) ?? 0) + 1)
    if (cause !== undefined) causes.set(cause, [...(causes.get(cause) ?? []), seq])
  }
  return { counts: [...counts].sort(([a], [b]) => (a < b ? -1 : 1)), causes: [...causes].sort(([a], [b]) => a - b) }
}

/** What the index knows of the same. */
async function known(log: LevelLog, { causes: wanted }: Awaited<ReturnType<typeof walked>>) {
  const counts = (await list(log.types())).map(({ type, count }) => [type, count] as const)
  const causes: [number, number[]][] = []
  for (const [cause] of wanted) causes.push([cause, (await list(log.causedBy(cause))).map(({ seq }) => seq)])
  return { counts, causes }
}

async function check(log: LevelLog): Promise<void> {
  const truth = await walked(log)
  assert.deepEqual(await known(log, truth), truth)
  assert.deepEqual((await log.verify()).problems, [])
}

async function indexAll(log: LevelLog): Promise<number[]> {
  const left: number[] = []
  do left.push(await log.index())
  while (left.at(-1) !== 0)
  return left
}

const acts = fc.array(
  fc.oneof(
    fc.record({ act: fc.constant('accept' as const), count: fc.integer({ min: 1, max: 120 }) }),
    fc.record({
      act: fc.constant('prune' as const),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
      indexes: fc.boolean(),
    }),
    fc.record({ act: fc.constantFrom('index' as const, 'reopen' as const, 'verify' as const) }),
    fc.record({ act: fc.constant('older' as const), forgets: fc.boolean(), accepts: fc.boolean() }),
  ),
  { maxLength: 14 },
)

describe('the index of events', () => {
  it('agrees with the events, whatever is accepted, pruned, reopened, and written by an older version', async () => {
    await fc.assert(
      fc.asyncProperty(acts, async (all) => {
        const { open, db } = place()
        let log = await open()
        let next = 1
        for (const each of all) {
          if (each.act === 'accept') {
            await fill(log, each.count, next)
            next += each.count
          } else if (each.act === 'prune') {
            const stats = await log.stats()
            // Not awaited before the next steps: they share commits.
            const pruned = log.prune({ count: Math.max(1, Math.floor(stats.events.count * each.part)) })
            await Promise.all([pruned, each.indexes ? log.index() : 0])
          } else if (each.act === 'index') await log.index()
          else if (each.act === 'verify') assert.deepEqual((await log.verify()).problems, [])
          else {
            await log.close()
            if (each.act === 'older') {
              await asOlder(await memoryOf(db()), each)
            }
            log = await open()
          }
        }
        await indexAll(log)
        await check(log)
        await log.close()
      }),
      { numRuns: 25 },
    )
  })

  it('counts a log of an older version in bounded steps, continues after each, and lets other work have its turn', async () => {
    const { open, db } = place()
    let log = await open()
    for (let n = 1; n <= 21_000; n += 3000) await log.accept(many(n, 3000))
    await log.close()
    await asOlder(await memoryOf(db()), { forgets: true })
    log = await open()
    assert.deepEqual(
      (await list(log.types())).map(({ type, count }) => [type, count]),
      [['it', 0]],
    )
    let turns = 0
    const again = (): void => {
      turns += 1
      turn = setImmediate(again)
    }
    let turn = setImmediate(again)
    assert.equal(await log.index(), 1000)
    clearImmediate(turn)
    assert.ok(turns >= 40, `${turns} turns`)
    await log.accept(many(21_001, 500))
    await log.close()
    log = await open()
    assert.deepEqual(
      (await list(log.types())).map(({ type, count }) => [type, count]),
      [['it', 20_500]],
    )
    assert.equal(await log.index(), 0)
    await check(log)
    await log.close()
  })

  it('does not count events that are pruned before they are indexed', async () => {
    const { open, db } = place()
    let log = await open()
    await fill(log, 120)
    await log.close()
    await asOlder(await memoryOf(db()), { forgets: true })
    log = await open()
    await fill(log, 70, 121)
    await log.prune({ count: 130 })
    assert.deepEqual(
      (await list(log.types())).map(({ count }) => count),
      [10, 10, 10, 10, 10, 10, 10],
    )
    assert.equal(await log.index(), 0)
    await check(log)
    await log.close()
  })

  it('trusts no count that an older version has left, also after an opening without a commit', async () => {
    const { open, db } = place()
    let log = await open()
    await fill(log, 120)
    await log.close()
    await asOlder(await memoryOf(db()), { forgets: false })
    await (await open()).close()
    log = await open()
    assert.equal((await log.verify()).ok, true)
    assert.equal(await log.index(), 0)
    await check(log)
    await log.close()
  })

  it('counts an event once whose commit fails, stored or not', async () => {
    for (const how of ['lose', 'keep'] as const) {
      const source = new FaultySource()
      const { log } = await faultyLog({ source, clock: virtualClock() })
      await fill(log, 20)
      source.next(how)
      await assert.rejects(log.accept([draft('x', null, 't1')], { cause: 3 }), refused('TIDINGS_LOG_FAILED'))
      await recovered(log)
      await log.accept([draft('x', null, 't1')], { cause: 3 })
      await fill(log, 20, 21)
      await check(log)
      await log.close()
    }
  })
})

const many = (first: number, count: number) => Array.from({ length: count }, (_, i) => draft(`${first + i}`))

/** A database in memory keeps its records when it is closed. */
async function memoryOf(db: Database): Promise<Database> {
  await db.open()
  return db
}
