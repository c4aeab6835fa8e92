import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keys } from '../../../lib/level/format/keys.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import type { Consumer } from '../../../lib/log/port.ts'
import { draft, draftsOf, list, refused, seqs, seqsOf, take, takeAll } from '../../../lib/testing/log-bench.ts'
import { type VirtualClock, virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { until } from '../../support/until.ts'
import { FaultySource, faultyLog, recovered, writeBegun } from '../faults.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Makes a log in memory with this many events, an hour apart. */
async function hourly(count: number, clock: VirtualClock = virtualClock()): Promise<LevelLog> {
  const log = await memoryLog({ clock })
  for (const each of draftsOf(count)) {
    await log.accept([each])
    await clock.advance(HOUR)
  }
  return log
}

async function assertSound(log: LevelLog): Promise<void> {
  assert.deepEqual(await log.verify(), { ok: true, problems: [] })
}

describe('a pruned log', () => {
  it('keeps the newest bodies, by count, age or size, whichever keeps fewer', async () => {
    const kept = async (retention: Parameters<LevelLog['prune']>[0]): Promise<number[]> => {
      await using log = await hourly(10)
      const { removed, first, last, identities, heldBy } = await log.prune(retention)
      assert.deepEqual([removed, last, identities, heldBy], [first - 1, 10, 0, undefined])
      await assertSound(log)
      return await seqs(log)
    }
    assert.deepEqual(await kept({ count: 3 }), [8, 9, 10])
    assert.deepEqual(await kept({ count: 10 }), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    assert.deepEqual(await kept({ count: 0 }), [])
    // Event 10 is an hour old now.
    assert.deepEqual(await kept({ age: '4h' }), [7, 8, 9, 10])
    assert.deepEqual(await kept({ age: 4 * HOUR - 1 }), [8, 9, 10])
    assert.deepEqual(await kept({ age: '4h', count: 3 }), [8, 9, 10])
    assert.deepEqual(await kept({ age: '2h', count: 3 }), [9, 10])
    assert.deepEqual(await kept({ bytes: 0 }), [])
    assert.deepEqual(await kept({ bytes: 1_000_000 }), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    assert.deepEqual(await kept({ identities: '1s' }), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  })

  it('measures bodies as written, including those accepted since the last prune', async () => {
    await using log = await memoryLog()
    const filled = (name: string) => draft(name, 'x'.repeat(1000))
    await log.accept(Array.from({ length: 10 }, (_, i) => filled(`${i}`)))
    assert.equal((await log.prune({ bytes: 5 * 1100 })).removed, 5)
    assert.equal((await log.prune({ bytes: 5 * 1100 })).removed, 0)
    await log.accept([filled('a'), filled('b')])
    assert.equal((await log.prune({ bytes: 5 * 1100 })).removed, 2)
    assert.equal((await log.prune({ bytes: 999 })).removed, 5)
  })

  it('continues as before: pruned events are not found and not told again, new ones have the next seq', async () => {
    const clock = virtualClock()
    await using log = await hourly(5, clock)
    await log.accept([{ ...draft('v', 'a'), version: '1' }])
    await log.accept([{ ...draft('v', 'b'), version: '2' }])
    assert.deepEqual(await log.prune({ count: 0 }), { removed: 7, first: 8, last: 7, identities: 0 })
    assert.deepEqual([await log.last(), await seqs(log), await seqs(log, { types: ['it'] })], [7, [], []])
    assert.equal(await log.get('it', 'event 3'), undefined)
    assert.deepEqual(await log.accept([draft('event 3')]), [{ status: 'duplicate', seq: 3 }])
    assert.deepEqual(await log.accept([{ ...draft('v', 'b'), version: '2' }]), [{ status: 'duplicate', seq: 7 }])
    const [changed] = await log.accept([{ ...draft('v', 'a'), version: '1' }])
    assert.deepEqual([changed?.status, changed?.seq, changed?.event?.revision], ['changed', 8, 3])
    assert.equal((await log.get('it', 'v'))?.seq, 8)
    assert.equal(await log.forget('it', 'event 3'), true)
    assert.equal((await log.accept([draft('event 3')]))[0]?.status, 'new')
    await assertSound(log)
  })

  it('treats an event dated in the future as old as the next one', async () => {
    const clock = virtualClock()
    await using log = await hourly(3, clock)
    clock.step(365 * DAY)
    await log.accept([draft('early')])
    clock.step(-365 * DAY)
    assert.equal((await log.prune({ age: '1h' })).first, 3)
    await log.accept([draft('after')])
    await clock.advance(2 * HOUR)
    assert.equal((await log.prune({ age: '1h' })).first, 6)
  })

  it('shows running queries the remaining events, in any order', async () => {
    for (const query of [{}, { reverse: true }, { types: ['it'] }, { types: ['it'], reverse: true }]) {
      await using log = await memoryLog()
      await log.accept(draftsOf(2000))
      const seen: number[] = []
      for await (const { seq } of log.events(query)) {
        if (seen.length === 0) await log.prune({ count: 300 })
        seen.push(seq)
      }
      // Shows all events of the page that was read before.
      // Of a type, that is eight segments: 1 to 512, or 1537 to 2000.
      const [first, last] = query.types === undefined ? [512, 512] : [512, 464]
      const page = query.reverse ? [] : Array.from({ length: first }, (_, i) => i + 1)
      const left = Array.from({ length: query.reverse ? last : 300 }, (_, i) => 2000 - i)
      assert.deepEqual(seen, query.reverse ? left : [...page, ...left.reverse()], JSON.stringify(query))
    }
  })

  it('is sound at every moment, also for a verify meanwhile', async () => {
    await using log = await memoryLog()
    await log.accept(draftsOf(3000))
    let pruned = false
    const pruning = log.prune({ count: 10 }).then(() => (pruned = true))
    for (let i = 0; !pruned; i++) {
      await assertSound(log)
      await log.accept([draft(`more ${i}`)])
    }
    await pruning
    await assertSound(log)
    assert.equal((await seqs(log)).length < 20, true)
  })

  it('lets two prunes run at once', async () => {
    await using log = await memoryLog()
    await log.accept(draftsOf(2000))
    const both = await Promise.all([log.prune({ count: 1000 }), log.prune({ count: 5 })])
    assert.deepEqual(
      both.map(({ removed, first }) => [removed, first]),
      [
        [1000, 1001],
        [995, 1996],
      ],
    )
  })

  it('rejects a prune when it is closed meanwhile', async () => {
    const log = await memoryLog()
    await log.accept(draftsOf(2000))
    const pruning = assert.rejects(log.prune({ count: 5 }), refused('TIDINGS_LOG_CLOSED'))
    await log.close()
    await pruning
    await assert.rejects(log.prune({ count: 5 }), refused('TIDINGS_LOG_CLOSED'))
  })

  it('names a damaged record, and removes nothing from there on', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    for (const each of draftsOf(3)) await log.accept([each])
    const db = await source.open({ createIfMissing: false })
    const key = (await db.keys({ gte: 'e', limit: 2 }).all())[1] as string
    await db.put(key, 'nonsense')
    await assert.rejects(log.prune({ count: 0 }), refused('TIDINGS_LOG_DAMAGED', { seq: 2 }))
    await db.del(key)
    await assert.rejects(log.prune({ count: 0 }), refused('TIDINGS_LOG_DAMAGED', { seq: 2 }))
    assert.deepEqual(await db.keys({ gte: 'e', limit: 1 }).all(), [keys.event(1)])
    await log.close()
  })
})

describe('a pruned event', () => {
  it('is damage when it exists again: a step was lost', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    for (const each of draftsOf(4)) await log.accept([each])
    const db = await source.open({ createIfMissing: false })
    const left = await db.iterator().all()
    await log.prune({ count: 1 })
    for (const [key, text] of left) if (key === keys.event(2) || key === keys.type('it', 2)) await db.put(key, text)
    assert.deepEqual((await log.verify()).problems, [{ seq: 2, message: 'event 2 exists, though the log begins at 4' }])
    await db.del(keys.event(2))
    assert.deepEqual((await log.verify()).problems, [
      { seq: 2, message: 'the index of types names event 2, which is missing' },
    ])
    await log.close()
  })
})

describe('a step of pruning', () => {
  it('that fails was stored or not, leaves the log sound, and can be repeated', async () => {
    for (const fate of ['lose', 'keep'] as const) {
      const clock = virtualClock()
      const source = new FaultySource()
      const { log } = await faultyLog({ source, clock })
      await log.accept(draftsOf(1200))
      source.next('write', fate)
      await assert.rejects(log.prune({ count: 10 }), refused('TIDINGS_LOG_FAILED'))
      await recovered(log)
      const { first } = (await log.stats()).events
      assert.equal(first, fate === 'lose' ? 513 : 1025)
      assert.equal((await seqs(log))[0], first)
      await assertSound(log)
      assert.equal((await log.prune({ count: 10 })).first, 1191)
      await assertSound(log)
      await log.close()
    }
  })

  it('carries its head: an earlier commit has the old one', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    await log.accept(draftsOf(10))
    const lost = assert.rejects(log.prune({ count: 0 }), refused('TIDINGS_LOG_FAILED'))
    // The prune has begun, and has not read the bodies yet.
    for (let i = 0; i < 5; i++) await Promise.resolve()
    source.hold()
    // One commit is being written, the second is full, and the step of the prune gets the third.
    const first = log.accept([draft('a')])
    await Promise.resolve()
    const second = log.accept(Array.from({ length: 5 }, (_, i) => draft(`large ${i}`, 'x'.repeat(250_000))))
    await until(async () => (await seqs(log)).length === 0)
    source.next('write', 'lose')
    source.release()
    await Promise.all([first, second, lost])
    await recovered(log)
    assert.equal((await log.stats()).events.first, 1)
    await assertSound(log)
    await log.close()
  })
})

describe('an event that a listener still needs', () => {
  const held = async (settle: (consumer: Consumer) => Promise<void> | void) => {
    const log = await memoryLog({ clock: virtualClock() })
    const consumer = await log.consumer('c', { start: 'start' })
    await log.accept(draftsOf(6))
    await settle(consumer)
    const { first, heldBy } = await log.prune({ count: 0 })
    await assertSound(log)
    await log.close()
    return { first, heldBy }
  }

  it('is kept: not handed out yet, in flight, waiting for a retry, or parked', async () => {
    assert.deepEqual(await held(() => undefined), { first: 1, heldBy: { listener: 'c', seq: 1, why: 'cursor' } })
    const inFlight = await held(async (consumer) => {
      const [a, b, c] = await take(consumer, 3)
      assert(a && b && c)
      consumer.ack(a)
      consumer.ack(c)
    })
    assert.deepEqual(inFlight, { first: 2, heldBy: { listener: 'c', seq: 2, why: 'in flight' } })
    const retried = await held(async (consumer) => {
      for (const each of await take(consumer, 6)) {
        if (each.event.seq === 3) consumer.retry(each, { at: Number.MAX_SAFE_INTEGER })
        else consumer.ack(each)
      }
    })
    assert.deepEqual(retried, { first: 3, heldBy: { listener: 'c', seq: 3, why: 'retry' } })
    const parked = await held(async (consumer) => {
      for (const each of await take(consumer, 6)) {
        if (each.event.seq > 3) consumer.park(each, { error: 'no' })
        else consumer.ack(each)
      }
    })
    assert.deepEqual(parked, { first: 4, heldBy: { listener: 'c', seq: 4, why: 'parked' } })
    const done = await held(async (consumer) => {
      for (const each of await take(consumer, 6)) consumer.ack(each)
    })
    assert.deepEqual(done, { first: 7, heldBy: undefined })
  })

  it('is kept also for a listener that is not open', async () => {
    const clock = virtualClock()
    for (const [why, seq] of [
      ['cursor', 5],
      ['retry', 2],
      ['parked', 1],
    ] as const) {
      const source = new FaultySource()
      const { log } = await faultyLog({ source, clock })
      const consumer = await log.consumer('c', { start: 'start' })
      await log.accept(draftsOf(6))
      for (const each of await take(consumer, why === 'cursor' ? 4 : 6)) {
        if (each.event.seq !== seq) consumer.ack(each)
        else if (why === 'retry') consumer.retry(each, { at: clock.now() + 1 })
        else consumer.park(each, { error: 'no' })
      }
      await log.close()
      const { log: again } = await faultyLog({ source, clock })
      assert.deepEqual((await again.prune({ count: 0 })).heldBy, { listener: 'c', seq, why })
      assert.equal((await seqs(again))[0], seq)
      await assertSound(again)
      const opened = await again.consumer('c', { start: 'start' })
      await clock.advance(1)
      for await (const { event } of opened.parked()) await opened.drop(event.seq)
      for (const each of await takeAll(again, opened)) opened.ack(each)
      assert.equal((await again.prune({ count: 0 })).first, (await again.last()) + 1)
      await again.close()
    }
  })

  it('is removed in one commit with its ack and the writes of that', async () => {
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock: virtualClock() })
    const consumer = await log.consumer('c', { start: 'start' })
    await log.accept(draftsOf(10))
    const handed = await take(consumer, 10)
    const pruning = log.prune({ count: 0 })
    for (let i = 0; i < 5; i++) await Promise.resolve()
    for (const each of handed) consumer.ack(each, [{ namespace: 'n', key: `${each.event.seq}`, value: 1 }])
    const { writes } = source
    assert.equal((await pruning).first, 11)
    assert.equal(source.writes, writes + 1)
    assert.equal((await list(log.store('n').list())).length, 10)
    await log.close()
  })

  it('includes events to redeliver; a listener that moves back gets the remaining events', async () => {
    await using log = await memoryLog({ clock: virtualClock() })
    const consumer = await log.consumer('c', { start: 'start' })
    await log.accept(draftsOf(10))
    for (const each of await take(consumer, 10)) consumer.ack(each)
    await log.prune({ count: 5 })
    await consumer.redeliver([7, 9])
    assert.deepEqual((await log.prune({ count: 0 })).heldBy, { listener: 'c', seq: 7, why: 'retry' })
    for (const each of await take(consumer, 2)) consumer.ack(each)
    await consumer.flush()
    const moved = await log.consumer('c', { start: 'start', move: true })
    assert.deepEqual((await log.prune({ count: 0 })).heldBy, { listener: 'c', seq: 7, why: 'cursor' })
    const handed = await takeAll(log, moved, 4)
    assert.deepEqual(seqsOf(handed), [7, 8, 9, 10])
    assert(handed.every(({ replay }) => replay === 2))
  })

  it('can not be redelivered once it is pruned: the error names it', async () => {
    await using log = await memoryLog()
    const consumer = await log.consumer('c', { start: 'now' })
    await log.accept(draftsOf(10))
    for (const each of await take(consumer, 10)) consumer.ack(each)
    await log.prune({ count: 5 })
    await assert.rejects(consumer.redeliver([8, 3, 9]), refused('TIDINGS_LOG_INVALID', { seq: 3, first: 6 }))
    assert.equal((await consumer.lag()).retrying, 0)
    await consumer.redeliver(new Set([8]).values())
    assert.deepEqual(seqsOf(await take(consumer, 1)), [8])
  })

  it('is at least the oldest kept body, wherever a listener is to begin', async () => {
    const clock = virtualClock()
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock })
    const begun = new Date(clock.now())
    await log.accept(draftsOf(10))
    await log.prune({ count: 3 })
    const starts = ['start', 1, 5, 8, begun] as const
    const heard = async (from: LevelLog, name: string): Promise<void> => {
      for (const [i, start] of starts.entries()) {
        const consumer = await from.consumer(`${name} ${i}`, { start })
        assert.equal((await consumer.lag()).behind, (await from.last()) - 7)
        assert.deepEqual(seqsOf(await takeAll(from, consumer, 3)), [8, 9, 10])
      }
    }
    await heard(log, 'in memory')
    await log.close()
    const { log: again } = await faultyLog({ source, clock })
    await heard(again, 'from the store')
    assert.deepEqual(seqsOf(await takeAll(again, await again.consumer('in memory 1', { start: 1 }), 3)), [8, 9, 10])
    await again.close()
  })
})

describe('identities', () => {
  it('are dropped on request, by the age of their event, and may then be told again', async () => {
    const clock = virtualClock()
    await using log = await hourly(48, clock)
    await log.prune({ count: 10 })
    assert.equal((await log.prune({ identities: '30h' })).identities, 18)
    assert.equal((await log.prune({ identities: '30h' })).identities, 0)
    assert.equal((await log.accept([draft('event 18')]))[0]?.status, 'new')
    assert.deepEqual(await log.accept([draft('event 19')]), [{ status: 'duplicate', seq: 19 }])
    await assertSound(log)
  })

  it('outlive their bodies, however old they are', async () => {
    const clock = virtualClock()
    await using log = await hourly(48, clock)
    assert.equal((await log.prune({ identities: '1h' })).identities, 0)
    assert.equal((await log.prune({ identities: '1h', count: 40 })).identities, 8)
    for (const name of ['event 8', 'event 9']) await log.accept([draft(name)])
    assert.equal(await log.last(), 49)
    await assertSound(log)
  })

  it('have their age to the hour, rounded up: a wrong clock drops none early', async () => {
    const clock = virtualClock()
    await using log = await hourly(3, clock)
    clock.step(-365 * DAY)
    await log.accept([draft('of the past')])
    clock.step(365 * DAY)
    await log.prune({ count: 0 })
    assert.equal((await log.prune({ identities: '4h' })).identities, 0)
    await clock.advance(2 * HOUR)
    assert.equal((await log.prune({ identities: '4h' })).identities, 1)
    await clock.advance(2 * HOUR)
    assert.equal((await log.prune({ identities: '4h' })).identities, 3)
  })

  it('that are told again while others are dropped stay', async () => {
    const clock = virtualClock()
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock })
    const version = (n: number) => draftsOf(1100).map((each) => ({ ...each, version: `${n}` }))
    await log.accept(version(1))
    await log.prune({ count: 0 })
    await clock.advance(2 * HOUR)
    const { begun } = source
    source.hold()
    const dropping = log.prune({ identities: '1h' })
    await writeBegun(source, begun + 1)
    const changed = log.accept(version(2))
    // The look-ups of so large an accept take several turns.
    await clock.advance(0)
    source.release()
    const { identities } = await dropping
    const receipts = await changed
    // An identity that was dropped first is new, one that was told first has changed. Either way it is known.
    const [news, again] = ['new', 'changed'].map((each) => receipts.filter(({ status }) => status === each).length)
    assert.deepEqual([news, (news ?? 0) + (again ?? 0)], [identities, 1100])
    assert(identities > 0 && identities < 1100, `${identities} were dropped`)
    await assertSound(log)
    await log.close()
    const { log: reopened } = await faultyLog({ source, clock })
    assert((await reopened.accept(version(2))).every(({ status, seq }) => status === 'duplicate' && seq > 1100))
    await reopened.close()
  })

  it('that were forgotten stay forgotten', async () => {
    const clock = virtualClock()
    await using log = await hourly(3, clock)
    await log.forget('it', 'event 2')
    assert.equal((await log.prune({ count: 0, identities: '1m' })).identities, 1)
    assert.equal((await log.accept([draft('event 2')]))[0]?.status, 'new')
    await assertSound(log)
  })
})
