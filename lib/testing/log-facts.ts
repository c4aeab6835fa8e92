import assert from 'node:assert/strict'
import type { StoredEvent } from '../core/event.ts'
import type { Consumer, Handed, Log, TypeCount } from '../log/port.ts'
import { fc } from './fast-check.ts'
import { type Bench, draft, draftsOf, type LogTests, law, list, refused, take } from './log-bench.ts'

const accepts = fc.record({
  types: fc.array(fc.constantFrom('a', 'b', 'a\0b', 'é', 'a*'), { minLength: 1, maxLength: 8 }),
  told: fc.boolean(),
  /** How many events before the newest the cause is; 0: none. */
  cause: fc.nat({ max: 4 }),
})

/** The counts, as a walk over all events finds them. */
async function countsOf(log: Log): Promise<TypeCount[]> {
  const counts = new Map<string, TypeCount>()
  for await (const { type, seq, created } of log.events())
    counts.set(type, { type, count: (counts.get(type)?.count ?? 0) + 1, last: seq, at: created })
  return [...counts.values()].sort((a, b) => (a.type < b.type ? -1 : 1))
}

/** Checks types, causes and stored events of a log against a walk over all events. */
async function check(log: Log): Promise<void> {
  assert.equal(await log.index(), 0)
  assert.deepEqual(await list(log.types()), await countsOf(log))
  const all = await list(log.events())
  for (const event of all) {
    const { seq } = event
    assert.deepEqual(
      await list(log.causedBy(seq)),
      all.filter(({ cause }) => cause === seq),
    )
    assert.deepEqual((await log.stored(seq))?.event, event)
  }
}

async function fill({ log, clock }: Bench, calls: readonly { types: string[]; told: boolean; cause: number }[]) {
  for (const [i, { types, told, cause }] of calls.entries()) {
    const last = await log.last()
    const caused = cause === 0 || last <= cause ? {} : { cause: last - cause + 1 }
    await log.accept(
      types.map((type, n) => draft(`${i} ${n % 5}`, null, type)),
      { told, ...caused },
    )
    clock.step(1)
  }
}

const placeOf = async (log: Log, { event }: Handed) => (await log.place('c', event.seq))?.state

/** What a log tells of its types, of causes, of one event, and of one event at a consumer. */
export const factsTests: LogTests = {
  'knows how many events each type has, and which events follow another': law(
    fc.array(accepts, { maxLength: 12 }),
    async (bench, calls) => {
      await fill(bench, calls)
      await check(bench.log)
    },
  ),

  'counts what many publishers accept at once': async ({ log }) => {
    await Promise.all(Array.from({ length: 300 }, (_, i) => log.accept([draft(`${i % 200}`, i, `t${i % 3}`)])))
    await check(log)
  },

  'yields more events of one cause than are read at a time, oldest first, and can be left': async ({ log }) => {
    const [first] = await log.accept([draft('cause')])
    const cause = first?.seq as number
    const followers = await log.accept(draftsOf(250), { cause })
    await log.accept(draftsOf(3, 'other '), { cause: followers[0]?.seq as number })
    assert.deepEqual(
      (await list(log.causedBy(cause))).map(({ seq }) => seq),
      followers.map(({ seq }) => seq),
    )
    for await (const { seq } of log.causedBy(cause)) if (seq === followers[120]?.seq) break
    assert.deepEqual(await list(log.causedBy(cause + 1_000_000)), [])
  },

  'knows of a stored event whether it was told, and its run': async ({ log }) => {
    const [a] = await log.accept([draft('1')], { job: 'j', run: '2027-01-01T00:00:00.000Z#2' })
    const [b] = await log.accept([draft('2')], { told: false })
    const stored = async (event: StoredEvent | undefined) => log.stored(event?.seq as number)
    assert.deepEqual(await stored(a?.event), { event: a?.event, told: true, run: '2027-01-01T00:00:00.000Z#2' })
    assert.deepEqual(await stored(b?.event), { event: b?.event, told: false })
    for (const seq of [0, -1, 0.5, Number.NaN, (await log.last()) + 1]) assert.equal(await log.stored(seq), undefined)
  },

  'knows how far an event is at a consumer': async ({ log, clock }) => {
    const [before] = await log.accept([draft('before')])
    const consumer = await log.consumer('c', { start: 'now' })
    await log.accept(draftsOf(5))
    const [acked, runs, waits, parked] = (await take(consumer, 4)) as [Handed, Handed, Handed, Handed]
    consumer.ack(acked)
    consumer.retry(waits, { at: clock.now() + 7000, error: new Error('not yet') })
    consumer.park(parked, { error: new Error('never') })
    const states = async () => Promise.all([acked, runs, waits, parked].map((each) => placeOf(log, each)))
    assert.deepEqual(await states(), ['settled', 'running', 'retrying', 'parked'])
    assert.equal((await log.place('c', before?.seq as number))?.state, 'skipped')
    assert.equal((await log.place('c', await log.last()))?.state, 'unread')
    const { error, ...place } = (await log.place('c', waits.event.seq)) ?? {}
    assert.deepEqual([place, error?.message], [{ state: 'retrying', attempts: 1, at: clock.now() + 7000 }, 'not yet'])
    const set = await log.place('c', parked.event.seq)
    assert.deepEqual([set?.attempts, set?.at, set?.error?.message], [1, clock.now(), 'never'])
    assert.equal(await log.place('unknown', 1), undefined)
  },

  'rejects all of this once it is closed': async ({ log }) => {
    await log.close()
    const closed = refused('TIDINGS_LOG_CLOSED')
    await assert.rejects(log.stored(1), closed)
    await assert.rejects(list(log.types()), closed)
    await assert.rejects(list(log.causedBy(1)), closed)
    await assert.rejects(log.index(), closed)
    await assert.rejects(log.place('c', 1), closed)
  },
}

/** What it still tells after it was closed or has crashed. */
export const lastingFactsTests: LogTests = {
  'knows types and causes as before after any close or crash': law(
    fc.tuple(
      fc.array(accepts, { maxLength: 6 }),
      fc.constantFrom('close' as const, 'crash' as const),
      fc.array(accepts, { maxLength: 6 }),
    ),
    async (bench, [first, how, second]) => {
      await fill(bench, first)
      await check(await bench.reopen(how))
      await fill(bench, second)
      await check(bench.log)
    },
  ),

  'knows how far an event is at a consumer that has not been opened since': async (bench) => {
    await bench.log.accept(draftsOf(6))
    const consumer: Consumer = await bench.log.consumer('c', { start: 'start' })
    const all = (await take(consumer, 5)) as [Handed, Handed, Handed, Handed, Handed]
    const [acked, open, waits, parked, later] = all
    for (const each of [acked, later]) consumer.ack(each)
    consumer.retry(waits, { at: 0, error: 'no' })
    consumer.park(parked, { error: 'never' })
    const log = await bench.reopen('close')
    const states = await Promise.all([acked, open, waits, parked, later].map((each) => placeOf(log, each)))
    assert.deepEqual(states, ['settled', 'unread', 'retrying', 'parked', 'settled'])
    assert.equal((await log.place('c', await log.last()))?.state, 'unread')
  },
}
