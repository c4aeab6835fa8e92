import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { firstValueFrom, from, toArray } from 'rxjs'
import type { StoredEvent } from '../../lib/core/event.ts'
import { fromJSON } from '../../lib/filter/from-json.ts'
import { parseWhere } from '../../lib/filter/parse-where.ts'
import { where } from '../../lib/filter/where.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { memoryLog } from '../../lib/level/open-log.ts'
import type { Query } from '../../lib/log/port.ts'
import { drafts, type EventFilter, eventFilters } from '../filter/event-filters.ts'

/** Each of this many logs is asked with `FILTERS` filters: 10 000 pairs. More with `TIDINGS_RUNS`. */
const LOGS = Number(process.env['TIDINGS_RUNS'] ?? 500)
const FILTERS = 20

const worlds = fc.record({
  published: fc.array(drafts, { maxLength: 40 }),
  filters: fc.array(eventFilters, { minLength: FILTERS, maxLength: FILTERS }),
  identity: fc.constantFrom<'type' | 'identifier'>('type', 'type', 'identifier'),
  /** Identities that are forgotten, after the draft of this number, so that they are told again. */
  forgotten: fc.array(fc.nat(39), { maxLength: 4 }),
  query: fc.record(
    {
      reverse: fc.boolean(),
      limit: fc.nat(12),
      after: fc.nat(40),
      types: fc.constantFrom(['git.*'], ['it', 'g'], ['*g', 'git.tag']),
    },
    { requiredKeys: [], noNullPrototype: true },
  ),
})

type World = typeof worlds extends fc.Arbitrary<infer T> ? T : never

/** Accepts the drafts with their times, which are in no order, and returns what is stored. */
async function fill(log: LevelLog, { published, forgotten }: World): Promise<StoredEvent[]> {
  const stored: StoredEvent[] = []
  for (const [i, { created, job, version, ...draft }] of published.entries()) {
    const versioned = version === undefined ? draft : { ...draft, version }
    const [answer] = await log.accept([versioned], { recorded: { created }, ...(job === undefined ? {} : { job }) })
    if (answer?.event !== undefined) stored.push(answer.event)
    if (forgotten.includes(i)) await log.forget(draft.type, draft.identifier)
  }
  return stored
}

async function seqs(events: AsyncIterable<StoredEvent>): Promise<number[]> {
  const found: number[] = []
  for await (const { seq } of events) found.push(seq)
  return found
}

const seqsOf = (events: readonly StoredEvent[]): number[] => events.map(({ seq }) => seq)

/** Every way to apply a filter, by name; the first is the reference: a plain call for each event. */
async function answers(
  log: LevelLog,
  stored: readonly StoredEvent[],
  { test, expression }: EventFilter,
): Promise<Readonly<Record<string, readonly number[]>>> {
  const again = fromJSON(JSON.parse(JSON.stringify(test)))
  const parsed = expression === undefined ? test : parseWhere(expression)
  return {
    predicate: seqsOf(stored.filter((event) => test(event))),
    operator: seqsOf(await firstValueFrom(from(stored).pipe(where(test), toArray()))),
    query: await seqs(log.events({ where: test })),
    json: await seqs(log.events({ where: again })),
    expression: await seqs(log.events({ where: parsed })),
    'expression as a predicate': seqsOf(stored.filter((event) => parsed(event))),
  }
}

function selected(stored: readonly StoredEvent[], { test }: EventFilter, query: Query): number[] {
  const { after = 0, limit = Number.POSITIVE_INFINITY, reverse = false, types } = query
  const ofType = ({ type }: StoredEvent): boolean =>
    types === undefined || types.some((each) => new RegExp(`^${each.replaceAll('*', '[^]*')}$`).test(type))
  const found = stored.filter((event) => event.seq > after && ofType(event) && test(event))
  return seqsOf(reverse ? found.toReversed() : found).slice(0, limit)
}

async function check(t: TestContext, ask: (log: LevelLog, stored: StoredEvent[], world: World) => Promise<void>) {
  const property = fc.asyncProperty(worlds, async (world) => {
    const log = await memoryLog({ identity: world.identity })
    try {
      await ask(log, await fill(log, world), world)
    } finally {
      await log.close()
    }
  })
  await fc.assert(property, { numRuns: LOGS })
  t.diagnostic(`${LOGS} logs, ${LOGS * FILTERS} pairs of a filter and the events of a log`)
}

describe('a filter', () => {
  it('means the same as a predicate, an operator, a query, JSON and an expression', async (t) => {
    let held = 0
    let written = 0
    await check(t, async (log, stored, { filters }) => {
      for (const filter of filters) {
        const { predicate, ...others } = await answers(log, stored, filter)
        for (const [name, found] of Object.entries(others))
          assert.deepEqual(found, predicate, `${name}: ${filter.expression ?? String(filter.test)}`)
        if (predicate !== undefined && predicate.length > 0 && predicate.length < stored.length) held += 1
        if (filter.expression !== undefined) written += 1
      }
    })
    // The pairs would prove little if most filters held for all events, or for none.
    assert.ok(held > (LOGS * FILTERS) / 8, `${held} filters held for some of the events`)
    assert.ok(written > (LOGS * FILTERS) / 3, `${written} filters have an expression`)
  })

  it('means the same beside the other parts of a query', async (t) => {
    await check(t, async (log, stored, { filters, query }) => {
      for (const filter of filters) {
        const asked = { ...query, where: filter.test }
        assert.deepEqual(await seqs(log.events(asked)), selected(stored, filter, query), String(filter.test))
      }
    })
  })
})
