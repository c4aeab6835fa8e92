import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Publisher } from '../../lib/core/publisher.ts'
import { keys } from '../../lib/level/format/keys.ts'
import { earliestStart, recordsIn } from '../../lib/level/format/segments.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { type Database, type DatabaseSource, memoryDatabase } from '../../lib/level/store/database.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { levelLog } from '../support/level-log.ts'
import { shown } from './results.ts'

/** A publisher: the identities of each call, and whether it awaits the receipts before the next call. */
type Plan = readonly { readonly identifiers: readonly number[]; readonly waits: boolean }[]

const plans: fc.Arbitrary<Plan[]> = fc.array(
  fc.array(fc.record({ identifiers: fc.array(fc.nat(6), { minLength: 1, maxLength: 4 }), waits: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  }),
  { minLength: 2, maxLength: 5 },
)

/** Concurrent publishers and a listener, in every order in which the store may answer. */
export function interleavingSuite(runs: number, tier: 'fast' | 'slow'): void {
  describe('concurrent publishers, however their writes and reads interleave', () => {
    it(`get one "new" for each identity, and no receipt before it is durable: ${runs} schedules`, async (t) => {
      let answers = 0
      const property = fc.asyncProperty(fc.scheduler(), plans, async (scheduler, plans) => {
        const store = new ScheduledSource(scheduler)
        const log = await scheduler.waitFor(openOver(store))
        await scheduler.waitFor(tryAll(log, store, scheduler, plans))
        answers += plans.flat().flatMap(({ identifiers }) => identifiers).length
      })
      await fc.assert(property, { numRuns: runs })
      t.diagnostic(`${answers} answers`)
      const result = `${answers} answers: one \`new\` for each identity, none before it was durable`
      shown({ row: 'interleavings', tier, rounds: `${runs} schedules`, result })
    })
  })
}

async function tryAll(
  log: LevelLog,
  store: ScheduledSource,
  scheduler: fc.Scheduler,
  plans: readonly Plan[],
): Promise<void> {
  const seqs = new Map<number, number>()
  const news = new Set<number>()
  const wanted = new Set(plans.flat().flatMap(({ identifiers }) => identifiers))
  const consumer = await log.consumer('hear', { start: 'start' })
  const heard: number[] = []
  const hear = async (): Promise<void> => {
    while (heard.length < wanted.size) {
      for (const handed of await consumer.pull(3, new AbortController().signal)) {
        assert.ok(store.has(handed.event.seq), 'an event was handed out before it was stored')
        heard.push(handed.event.seq)
        consumer.ack(handed)
      }
    }
  }
  const publishAll = async (plan: Plan, index: number): Promise<void> => {
    const { publish } = new Publisher(async (draft) => (await log.accept([draft]))[0] as never)
    let last = 0
    const all: Promise<void>[] = []
    for (const { identifiers, waits } of plan) {
      await scheduler.schedule(Promise.resolve(), `publisher ${index}`)
      const answered = identifiers.map(async (identifier) => {
        const { status, seq } = await publish('made', `${identifier}`, null)
        assert.ok(store.has(seq), `${identifier} was answered ${status} before it was stored`)
        assert.equal(seqs.get(identifier) ?? seq, seq)
        seqs.set(identifier, seq)
        if (status !== 'new') return assert.equal(status, 'duplicate')
        assert.ok(!news.has(identifier), `${identifier} was new twice`)
        news.add(identifier)
        assert.ok(seq > last, 'the order of a publisher is lost')
        last = seq
      })
      all.push(...answered)
      if (waits) await Promise.all(answered)
    }
    await Promise.all(all)
  }
  await Promise.all([hear(), ...plans.map(publishAll)])
  assert.deepEqual(
    heard,
    [...seqs.values()].sort((a, b) => a - b),
  )
  assert.deepEqual(news, wanted)
}

function openOver(source: DatabaseSource): Promise<LevelLog> {
  return levelLog({ source, clock: virtualClock(), warn: assert.fail })
}

/** A store in memory whose writes and reads are answered in the order that the scheduler picks. */
class ScheduledSource implements DatabaseSource {
  readonly #scheduler: fc.Scheduler
  #db: Database | undefined

  constructor(scheduler: fc.Scheduler) {
    this.#scheduler = scheduler
  }

  /** Whether the store has this event. */
  has(seq: number): boolean {
    for (let start = seq; start >= earliestStart(seq); start--) {
      const text = this.#db?.getSync(keys.event(start))
      if (text !== undefined) return seq < start + recordsIn(keys.event(start), text).length
    }
    return false
  }

  async open(options: { readonly createIfMissing: boolean }): Promise<Database> {
    const db = await memoryDatabase().open(options)
    this.#db = db
    const later = (what: string): Promise<void> => this.#scheduler.schedule(Promise.resolve(), what)
    return new Proxy(db, {
      get: (target, name) => {
        if (name === 'batch') return () => this.#batch(target, later)
        const member: unknown = Reflect.get(target, name, target)
        if (name === 'get') return async (key: string) => (await later('read'), await target.get(key))
        if (name === 'iterator') return (range: object) => this.#iterator(target.iterator(range), later)
        return typeof member === 'function' ? (member as () => unknown).bind(target) : member
      },
    })
  }

  #iterator(iterator: ReturnType<Database['iterator']>, later: (what: string) => Promise<void>): typeof iterator {
    const all = iterator.all.bind(iterator)
    return Object.assign(iterator, { all: async () => (await later('read'), await all()) })
  }

  #batch(db: Database, later: (what: string) => Promise<void>): ReturnType<Database['batch']> {
    const chained = db.batch()
    const write = chained.write.bind(chained)
    chained.write = async () => {
      await later('a write begins')
      await write()
      await later('a write is answered')
    }
    return chained
  }
}
