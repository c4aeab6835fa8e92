import assert from 'node:assert/strict'
import type { StoredEvent } from '../core/event.ts'
import type { Consumer, ConsumerOptions, Handed, Log } from '../log/port.ts'
import { fc } from './fast-check.ts'
import { draft, type LogTests, law, list, seqs, takeAll } from './log-bench.ts'

const never = new AbortController().signal

/** Events by the first letter of their identifier. */
const keys = { name: 'first letter', of: ({ identifier }: StoredEvent): string => identifier.slice(0, 1) }

const open = (log: Log, shared: boolean, options: Partial<ConsumerOptions> = {}): Promise<Consumer> =>
  log.consumer('c', { start: 'start', keys, shared, ...options })

/** Accepts events with the keys a to z. */
async function fill(log: Log, count: number): Promise<void> {
  const first = await log.last()
  await log.accept(
    Array.from({ length: count }, (_, i) => draft(`${'abcdefghijklmnopqrstuvwxyz'[i % 26]}${first + i}`)),
  )
}

/** Takes all that each part of a consumer has to give, tells what becomes of it, and gives the part back. */
async function handle(
  log: Log,
  consumer: Consumer,
  settle: (part: Consumer, handed: Handed) => void,
): Promise<readonly (readonly Handed[])[]> {
  const all: (readonly Handed[])[] = []
  for (const part of consumer.shards ?? [consumer]) {
    const hold = await part.hold(never)
    assert.ok(hold !== undefined)
    const taken = await takeAll(log, part)
    for (const handed of taken) settle(part, handed)
    await part.flush()
    await hold.release()
    all.push(taken)
  }
  return all
}

/** What becomes of an event: `none`, the consumer is given back before it is settled. */
const outcomes = fc.constantFrom('ack', 'ack', 'park', 'retry', 'none')
const rounds = fc.array(fc.record({ shared: fc.boolean(), count: fc.nat(30), outcomes: fc.array(outcomes) }), {
  minLength: 1,
  maxLength: 5,
})

/** The guarantees of a consumer that agents share, to an agent that no other contends with. */
export const shardTests: LogTests = {
  'hands out each event of a shared consumer once, those of one key in one part': async ({ log }) => {
    const consumer = await open(log, true)
    await fill(log, 100)
    const parts = await handle(log, consumer, (part, handed) => part.ack(handed))
    const handed = parts.flat().map(({ event }) => event.seq)
    assert.deepEqual(
      handed.toSorted((a, b) => a - b),
      await seqs(log, { types: ['it'] }),
    )
    for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
      const having = parts.filter((part) => part.some(({ event }) => keys.of(event) === letter))
      assert.equal(having.length, 1, `events of the key ${letter} are in one part`)
    }
    assert.deepEqual(
      (await list(log.consumers())).map(({ name }) => name),
      ['c'],
    )
  },

  'loses nothing and repeats nothing as a consumer is shared, and whole again': law(rounds, async ({ log }, given) => {
    await open(log, given[0]?.shared === true)
    const settled = new Set<number>()
    const parked = new Set<number>()
    const attempts = new Map<number, number>()
    for (const { shared, count, outcomes: ends } of given) {
      await fill(log, count)
      let next = 0
      await handle(log, await open(log, shared), (part, handed) => {
        const { seq } = handed.event
        assert.ok(!settled.has(seq), `event ${seq} was settled`)
        assert.equal(handed.attempt, (attempts.get(seq) ?? 0) + 1, `the attempt at event ${seq}`)
        const end = ends[next++ % Math.max(1, ends.length)] ?? 'ack'
        if (end === 'ack') part.ack(handed)
        if (end === 'park') part.park(handed, { error: new Error('broken') })
        if (end === 'retry') part.retry(handed, { at: 0 })
        if (end === 'retry') attempts.set(seq, handed.attempt)
        if (end === 'ack' || end === 'park') settled.add(seq)
        if (end === 'park') parked.add(seq)
      })
    }
    const last = await open(log, false)
    assert.deepEqual(
      (await list(last.parked())).map(({ event }) => event.seq),
      [...parked].toSorted((a, b) => a - b),
    )
    await handle(log, last, (part, handed) => {
      assert.ok(!settled.has(handed.event.seq), `event ${handed.event.seq} was settled`)
      settled.add(handed.event.seq)
      part.ack(handed)
    })
    assert.deepEqual(
      [...settled].toSorted((a, b) => a - b),
      await seqs(log, { types: ['it'] }),
    )
  }),

  'a shared consumer is steered as one: parked events, redelivery, moves and another name': async ({ log }) => {
    await handle(log, await open(log, true), () => undefined)
    await fill(log, 30)
    const all = await seqs(log, { types: ['it'] })
    await handle(log, await open(log, true), (part, handed) => part.park(handed, { error: new Error('broken') }))
    const consumer = await open(log, true)
    assert.deepEqual(
      (await list(consumer.parked())).map(({ event }) => event.seq),
      all,
    )
    const [first, second, third] = all as [number, number, number]
    assert.deepEqual([await consumer.release(first), await consumer.drop(second)], [true, true])
    assert.deepEqual([await consumer.release(second), await consumer.drop(first)], [false, false])
    await consumer.redeliver([second, third])
    assert.equal((await log.place('c', third + 1))?.state, 'parked')
    const again = await handle(log, await open(log, true), (part, handed) => part.ack(handed))
    assert.deepEqual(
      again
        .flat()
        .map(({ event, replay }) => [event.seq, replay])
        .toSorted(([a], [b]) => (a as number) - (b as number)),
      [
        [first, undefined],
        [second, 1],
        [third, 1],
      ],
    )
    await log.consumer('d', { start: 'now', formerly: 'c' })
    const infos = await list(log.consumers())
    assert.deepEqual(
      infos.map(({ name, lag }) => [name, lag.parked]),
      [['d', 27]],
    )
    const moved = await log.consumer('d', { start: 'start', move: true, keys, shared: true })
    const told = await handle(log, moved, (part, handed) => part.ack(handed))
    // Parked events stay parked.
    assert.deepEqual(
      told
        .flat()
        .map(({ event }) => event.seq)
        .toSorted((a, b) => a - b),
      [first, second, third],
    )
    assert.equal(await log.forgetConsumer('d'), true)
    assert.deepEqual(await list(log.consumers()), [])
  },
}
