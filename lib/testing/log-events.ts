import assert from 'node:assert/strict'
import type { StoredEvent } from '../core/event.ts'
import type { Query } from '../log/port.ts'
import { fc } from './fast-check.ts'
import { draft, draftsOf, type LogTests, law, list, refused, seqs } from './log-bench.ts'

const types = ['git.commit', 'git.tag', 'github.issue', 'it', 'a*b', 'g'] as const

const patterns = fc.constantFrom(...types, '*', 'git*', '*.tag', 'g*t', '*i*t*', 'git.*', '**', 'g*g', 'nope')

/** A query with relative times and positions: ms since the first event, events after the first. */
const queries = fc.record(
  {
    types: fc.array(patterns, { maxLength: 3 }),
    since: fc.integer({ min: -5, max: 60 }),
    until: fc.integer({ min: -5, max: 60 }),
    after: fc.nat({ max: 45 }),
    before: fc.nat({ max: 45 }),
    limit: fc.nat({ max: 12 }),
    reverse: fc.boolean(),
    told: fc.boolean(),
    where: fc.constant(({ data }: StoredEvent) => (data as number) % 2 === 0),
  },
  { requiredKeys: [], noNullPrototype: true },
)

/** A minimal reference implementation of a query. */
function select(all: readonly StoredEvent[], query: Query): StoredEvent[] {
  const matches = (type: string): boolean =>
    query.types === undefined ||
    query.types.some((pattern) => {
      const parts = pattern.split('*').map((part) => part.replace(/[.]/g, '\\.'))
      return new RegExp(`^${parts.join('[^]*')}$`).test(type)
    })
  const found = all.filter(
    (event) =>
      matches(event.type) &&
      event.created >= Number(query.since ?? 0) &&
      event.created <= Number(query.until ?? Number.POSITIVE_INFINITY) &&
      event.seq > (query.after ?? 0) &&
      event.seq < (query.before ?? Number.POSITIVE_INFINITY) &&
      (query.told === undefined || query.told === ((event.data as number) % 5 !== 0)) &&
      (query.where?.(event) ?? true),
  )
  return (query.reverse === true ? found.reverse() : found).slice(0, query.limit)
}

/** The guarantees of `events`, `get`, `last` and `committed$`. */
export const eventsTests: LogTests = {
  'finds by a query what a search through all events finds': law(
    fc.tuple(fc.array(fc.constantFrom(...types), { maxLength: 40 }), fc.array(queries, { minLength: 1, maxLength: 6 })),
    async ({ log, clock }, [published, asked]) => {
      const start = clock.now()
      const all: StoredEvent[] = []
      for (const [i, type] of published.entries()) {
        if (i % 3 === 0) clock.step(1 + (i % 7))
        const [receipt] = await log.accept([draft(`${i}`, i, type)], { told: i % 5 !== 0 })
        all.push(receipt?.event as StoredEvent)
      }
      for (const { since, until, after, before, ...rest } of asked) {
        const query: Query = {
          ...rest,
          ...(since === undefined ? {} : { since: start + since }),
          ...(until === undefined ? {} : { until: new Date(start + until) }),
          ...(after === undefined ? {} : { after: all[after - 1]?.seq ?? after }),
          ...(before === undefined ? {} : { before: all[before - 1]?.seq ?? before }),
        }
        assert.deepEqual(await list(log.events(query)), select(all, query), JSON.stringify(query))
      }
    },
  ),

  'includes events at the very instants of a query': async ({ log, clock }) => {
    const created: number[] = []
    for (const each of draftsOf(3)) {
      await log.accept([each])
      created.push(clock.now())
      clock.step(1)
    }
    const [first, second, third] = created as [number, number, number]
    assert.equal((await seqs(log, { since: first, until: third })).length, 3)
    assert.equal((await seqs(log, { since: second, until: new Date(second) })).length, 1)
    assert.equal((await seqs(log, { since: new Date(third + 1) })).length, 0)
    assert.equal((await seqs(log, { until: first - 1 })).length, 0)
  },

  'shows the events as they were when the query began': async ({ log }) => {
    const before = (await log.accept(draftsOf(10))).map(({ seq }) => seq)
    const found: number[] = []
    for await (const { seq } of log.events()) {
      if (found.length % 4 === 0) await log.accept(draftsOf(5, `while reading ${seq}, `))
      found.push(seq)
    }
    assert.deepEqual(found, before)
  },

  'reads thousands of events in order, from both ends': async ({ log }) => {
    const receipts = await log.accept([...draftsOf(1700), draft('rare', 1, 'rare'), ...draftsOf(1700, 'later ')])
    const expected = receipts.map(({ seq }) => seq)
    assert.deepEqual(await seqs(log), expected)
    assert.deepEqual(
      await seqs(log, { types: ['it'] }),
      expected.filter((seq) => seq !== expected[1700]),
    )
    assert.deepEqual(await seqs(log, { types: ['rare'], reverse: true }), [expected[1700]])
    assert.deepEqual(await seqs(log, { reverse: true }), expected.toReversed())
    assert.deepEqual(await seqs(log, { reverse: true, limit: 2, types: ['it', 'rare'] }), expected.slice(-2).reverse())
  },

  'can stop reading at any event': async ({ log }) => {
    await log.accept(draftsOf(1200))
    for await (const { identifier } of log.events({ types: ['it'] })) if (identifier === 'event 3') break
    for await (const { identifier } of log.events()) if (identifier === 'event 700') break
    assert.equal((await seqs(log, { limit: 1 })).length, 1)
  },

  'rejects an invalid query; the error names the part': async ({ log }) => {
    const wrong: readonly (readonly [string, unknown])[] = [
      ['types', ['']],
      ['types', 'it'],
      ['where', 'data.n'],
      ['types', [7]],
      ['since', 'yesterday'],
      ['until', new Date('never')],
      ['after', -1],
      ['after', 1.5],
      ['before', -1],
      ['before', 'now'],
      ['limit', Number.NaN],
      ['limit', '3'],
      ['told', 'yes'],
      ['reverse', 1],
      // Misspelt, it would match everything.
      ['type', 'it'],
    ]
    for (const [path, value] of wrong) {
      await assert.rejects(list(log.events({ [path]: value })), refused('TIDINGS_LOG_INVALID', { path }), path)
    }
  },

  'finds untold events by queries and by identity': async ({ log }) => {
    const [receipt] = await log.accept([draft('1')], { told: false })
    assert.deepEqual(await list(log.events()), [receipt?.event])
    assert.deepEqual(await log.get('it', '1'), receipt?.event)
    assert.equal((await log.accept([draft('1')]))[0]?.status, 'duplicate')
  },

  'has no events and the last seq 0 when it is empty': async ({ log }) => {
    assert.deepEqual(await list(log.events()), [])
    assert.equal(await log.last(), 0)
    assert.equal(await log.get('it', '1'), undefined)
  },

  'emits the highest seq each time it rises, and completes when it is closed': async ({ log }) => {
    const heard: unknown[] = []
    log.committed$.subscribe({ next: (seq) => heard.push(seq), complete: () => heard.push('end') })
    const [first] = await log.accept([draft('1')])
    await log.store('n').set('k', 1)
    const second = await log.accept(draftsOf(3))
    await log.close()
    assert.deepEqual(heard, [first?.seq, second.at(-1)?.seq, 'end'])
  },

  'rejects all calls once closed, and may be closed again': async ({ log }) => {
    await log.accept([draft('1')])
    await Promise.all([log.close(), log.close()])
    const closed = refused('TIDINGS_LOG_CLOSED')
    await assert.rejects(log.accept([draft('2')]), closed)
    await assert.rejects(log.get('it', '1'), closed)
    await assert.rejects(log.last(), closed)
    await assert.rejects(log.forget('it', '1'), closed)
    await assert.rejects(list(log.events()), closed)
    await assert.rejects(log.consumer('c', { start: 'now' }), closed)
    await assert.rejects(list(log.consumers()), closed)
    await assert.rejects(log.store('n').get('k'), closed)
    await assert.rejects(log.store('n').set('k', 1), closed)
    await assert.rejects(log.claim('j', new Date(0), 1000), closed)
    await log[Symbol.asyncDispose]()
  },

  'rejects a reading during which it is closed': async (bench) => {
    for (const query of [{}, { types: ['it'] }, { reverse: true }] as const) {
      await bench.withFresh(async ({ log }) => {
        await log.accept(draftsOf(1200))
        const reading = log.events(query)[Symbol.asyncIterator]()
        await reading.next()
        await log.close()
        const rest = async (): Promise<void> => {
          while ((await reading.next()).done !== true);
        }
        await assert.rejects(rest(), refused('TIDINGS_LOG_CLOSED'))
      })
    }
  },

  'acknowledges what was accepted before close()': async ({ log }) => {
    const receipts = log.accept(draftsOf(5))
    const closed = log.close()
    assert.equal((await receipts).length, 5)
    await closed
  },
}
