import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MemoryLevel } from 'memory-level'
import type { Draft } from '../../../lib/core/event.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import type { Database, DatabaseSource } from '../../../lib/level/store/database.ts'
import type { Consumer, Handed, Lag } from '../../../lib/log/port.ts'
import type { Retention } from '../../../lib/log/retention.ts'
import { draftsOf, list, pullUntil, seqs } from '../../../lib/testing/log-bench.ts'
import { type VirtualClock, virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { levelLog } from '../../support/level-log.ts'

/** A disk in memory. A crash leaves what was written until then. */
class Disk implements DatabaseSource {
  #db: Database = new MemoryLevel()

  async open(): Promise<Database> {
    await this.#db.open()
    return this.#db
  }

  async crash(): Promise<Disk> {
    const left = new Disk()
    const db = await left.open()
    await db.batch((await this.#db.iterator().all()).map(([key, value]) => ({ type: 'put', key, value })))
    return left
  }
}

type Name = 'a' | 'b'
type End = 'ack' | 'retry' | 'park' | 'hold'
type Step =
  | { readonly do: 'publish'; readonly count: number }
  | {
      readonly do: 'pull'
      readonly name: Name
      readonly count: number
      readonly ends: readonly End[]
    }
  | { readonly do: 'leave' | 'release' | 'drop' | 'move' | 'open'; readonly name: Name }
  | { readonly do: 'redeliver'; readonly name: Name; readonly back: number }
  | { readonly do: 'prune'; readonly retention: Retention; readonly wait: boolean }
  | { readonly do: 'reopen'; readonly how: 'close' | 'crash' }

const name = fc.constantFrom<Name[]>('a', 'b')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 4 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('pull' as const),
      name,
      count: fc.integer({ min: 1, max: 4 }),
      ends: fc.array(fc.constantFrom<End[]>('ack', 'ack', 'ack', 'retry', 'park', 'hold'), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('leave', 'release', 'drop', 'move', 'open'), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('redeliver' as const), name, back: fc.nat(8) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('prune' as const),
      retention: fc.oneof(
        fc.record({ count: fc.nat(6) }),
        fc.record({ bytes: fc.nat(500) }),
        fc.record({ age: fc.integer({ min: 1, max: 5 }) }),
      ),
      wait: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('reopen' as const), how: fc.constantFrom('close', 'crash') }) },
)

/** The events that each listener is still to get, recorded beside the log, including parked ones. */
class World {
  readonly clock: VirtualClock = virtualClock()
  readonly #needs: Record<Name, Map<number, 'open' | 'parked'>> = { a: new Map(), b: new Map() }
  readonly #dropped: Record<Name, Set<number>> = { a: new Set(), b: new Set() }
  #held: Record<Name, Handed[]> = { a: [], b: [] }
  readonly #consumers = new Map<Name, Consumer>()
  #disk = new Disk()
  #log: LevelLog | undefined
  #published = 0
  readonly #drafts: Draft[] = []
  #pruning: Promise<unknown> = Promise.resolve()

  get log(): LevelLog {
    return this.#log as LevelLog
  }

  async begin(): Promise<void> {
    this.#log = await levelLog({
      source: this.#disk,
      clock: this.clock,
      warn: (message) => assert.fail(message),
    })
    this.#consumers.clear()
  }

  async #consumer(each: Name, move = false): Promise<Consumer> {
    const open = move ? undefined : this.#consumers.get(each)
    if (open === undefined) this.#held[each] = []
    const consumer = open ?? (await this.log.consumer(each, { start: 'start', ...(move ? { move } : {}) }))
    this.#consumers.set(each, consumer)
    return consumer
  }

  async meet(): Promise<void> {
    for (const each of ['a', 'b'] as const) await this.#consumer(each)
  }

  async run(command: Step): Promise<void> {
    await this.clock.advance(1)
    switch (command.do) {
      case 'publish':
        for (const draft of draftsOf(command.count, `${this.#published} `)) {
          this.#published += 1
          this.#drafts.push(draft)
          const [receipt] = await this.log.accept([draft])
          assert.equal(receipt?.seq, this.#published)
          this.#needs.a.set(this.#published, 'open')
          this.#needs.b.set(this.#published, 'open')
        }
        return
      case 'pull':
        return this.#pull(command)
      case 'prune': {
        this.#pruning = Promise.all([this.#pruning, this.log.prune(command.retention)])
        if (command.wait) await this.#pruning
        return
      }
      case 'reopen': {
        if (command.how === 'close') {
          await this.#pruning
          await this.log.close()
        } else {
          const dead = this.log
          this.#disk = await this.#disk.crash()
          await this.#pruning
          await dead.close()
        }
        return this.begin()
      }
      case 'redeliver':
        return this.#redeliver(command.name, this.#published - command.back)
      default:
        return this.#steer(command.do, command.name)
    }
  }

  async #pull({ name: each, count, ends }: Step & { do: 'pull' }): Promise<void> {
    const consumer = await this.#consumer(each)
    const held = this.#held[each]
    this.#held[each] = []
    this.#settle(each, consumer, held, ends)
    const { behind, retrying } = await consumer.lag()
    if (behind + retrying === 0) return
    const over = new AbortController()
    const pulling = consumer.pull(count, over.signal)
    await this.clock.advance(1)
    over.abort()
    this.#settle(each, consumer, await pulling, ends)
  }

  #settle(each: Name, consumer: Consumer, handed: readonly Handed[], ends: readonly End[]): void {
    const needs = this.#needs[each]
    for (const [i, one] of handed.entries()) {
      const { seq } = one.event
      const end = ends[i % ends.length]
      if (end === 'hold') this.#held[each].push(one)
      else if (end === 'retry') consumer.retry(one, { at: this.clock.now() })
      else if (end === 'park') {
        consumer.park(one, { error: 'no' })
        needs.set(seq, 'parked')
      } else {
        consumer.ack(one, [{ namespace: each, key: `${seq}`, value: 1 }])
        needs.delete(seq)
      }
    }
  }

  async #redeliver(each: Name, seq: number): Promise<void> {
    const { first, last } = (await this.log.stats()).events
    if (seq < first || seq > last) return
    const consumer = await this.#consumer(each)
    try {
      await consumer.redeliver([seq])
      this.#needs[each].set(seq, 'open')
    } catch (error) {
      // Pruned meanwhile.
      assert.match(String(error), /was pruned/)
    }
  }

  async #steer(what: 'leave' | 'release' | 'drop' | 'move' | 'open', each: Name): Promise<void> {
    const needs = this.#needs[each]
    if (what === 'leave') return void this.#consumers.delete(each)
    const consumer = await this.#consumer(each, what === 'move')
    if (what === 'move') {
      for (const seq of await seqs(this.log)) if (!needs.has(seq)) needs.set(seq, 'open')
    }
    const [parked] = [...needs].find(([, how]) => how === 'parked') ?? []
    if (parked === undefined) return
    if (what === 'release' && (await consumer.release(parked))) needs.set(parked, 'open')
    if (what === 'drop' && (await consumer.drop(parked))) {
      needs.delete(parked)
      this.#dropped[each].add(parked)
    }
  }

  /** Checks that no needed event is pruned, and no listener gets an event a second time. */
  async check(): Promise<void> {
    const { first, last } = (await this.log.stats()).events
    for (const [each, needs] of Object.entries(this.#needs)) {
      for (const seq of needs.keys()) assert(seq >= first, `event ${seq} was pruned, though ${each} needs it`)
    }
    assert.deepEqual(
      await seqs(this.log),
      Array.from({ length: last - first + 1 }, (_, i) => first + i),
    )
    assert.deepEqual(await this.log.verify(), { ok: true, problems: [] })
  }

  async end(): Promise<void> {
    await this.#pruning
    await this.check()
    await this.run({ do: 'reopen', how: 'crash' })
    await this.check()
    const { first } = (await this.log.stats()).events
    for (const each of ['a', 'b'] as const) {
      const needs = this.#needs[each]
      const counted = new Set((await list(this.log.store(each).list())).map(({ key }) => Number(key)))
      for (let seq = 1; seq < first; seq++) {
        assert(counted.has(seq) || this.#dropped[each].has(seq), `what ${each} wrote with event ${seq} is lost`)
      }
      const consumer = await this.log.consumer(each, { start: 'start' })
      const told = new Set<number>()
      for await (const { event } of consumer.parked()) {
        told.add(event.seq)
        await consumer.release(event.seq)
      }
      const isOver = ({ behind, retrying }: Lag): boolean => behind + retrying === 0
      while (!isOver(await consumer.lag())) {
        for (const one of await pullUntil(consumer, 1, isOver)) {
          told.add(one.event.seq)
          consumer.ack(one)
        }
      }
      for (const seq of needs.keys()) assert(told.has(seq), `${each} was never told of event ${seq}`)
    }
    const receipts = await this.log.accept(this.#drafts)
    assert.deepEqual(
      receipts,
      this.#drafts.map((_, i) => ({ status: 'duplicate', seq: i + 1 })),
    )
    const pruned = await this.log.prune({ count: 0 })
    assert.deepEqual([pruned.first, pruned.heldBy], [this.#published + 1, undefined])
    await this.log.close()
  }
}

describe('pruning, among all other operations of a log', () => {
  it('never removes what a listener still needs, and nothing is accepted twice', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30, size: 'max' }), async (steps) => {
        const world = new World()
        await world.begin()
        await world.meet()
        for (const each of steps) {
          await world.run(each)
          if (each.do === 'prune' && each.wait) await world.check()
        }
        await world.end()
      }),
      { numRuns: 40 },
    )
  })
})
