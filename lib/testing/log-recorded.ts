import assert from 'node:assert/strict'
import type { Draft, Receipt, StoredEvent } from '../core/event.ts'
import type { Log, Query, Recorded } from '../log/port.ts'
import { fc } from './fast-check.ts'
import { draft, type LogTest, type LogTests, law, list, refused } from './log-bench.ts'

const versioned = (version: string): Draft => ({ ...draft('v', version), version })

async function record(log: Log, one: Draft, recorded: Recorded): Promise<Receipt> {
  return (await log.accept([one], { told: false, recorded }))[0] as Receipt
}

/** Copies an event of one log into another. */
function copy(log: Log, { created, revision, ...event }: StoredEvent): Promise<Receipt> {
  return record(log, event, { created, ...(revision === undefined ? {} : { revision }) })
}

/** Events copied from another log, any number of times, stay unchanged and are stored once each. */
const once: LogTest = law(
  fc.array(
    fc.record({ identifier: fc.constantFrom('a', 'b', 'c'), version: fc.constantFrom('A', 'B', 'C', undefined) }),
    {
      maxLength: 12,
    },
  ),
  async (bench, drafts) => {
    const { log, clock } = bench
    for (const { identifier, version } of drafts) {
      await log.accept([{ ...draft(identifier), ...(version === undefined ? {} : { version }) }])
      await clock.advance(1000)
    }
    const events = await list(log.events())
    await bench.withFresh(async ({ log: other }) => {
      const half = events.slice(0, events.length / 2)
      for (const event of [...half, ...half, ...events, ...events]) await copy(other, event)
      assert.deepEqual(await list(other.events()), events)
    })
  },
)

/** The guarantees about events that another log accepted before. */
export const recordedTests: LogTests = {
  'finds what was told, and what was not': async ({ log }) => {
    const [told] = await log.accept([draft('told')])
    const [untold] = await log.accept([draft('untold')], { told: false })
    const found = async (query: Query): Promise<number[]> => (await list(log.events(query))).map(({ seq }) => seq)
    assert.deepEqual(await found({ told: true }), [told?.seq])
    assert.deepEqual(await found({ told: false, limit: 1 }), [untold?.seq])
    assert.deepEqual(await found({}), [told?.seq, untold?.seq])
  },

  'keeps the time and the revision of an event recorded elsewhere': async ({ log, clock }) => {
    const { event } = await record(log, versioned('B'), { created: 5, revision: 7 })
    assert.deepEqual([event?.created, event?.revision], [5, 7])
    assert.deepEqual(await log.get('it', 'v'), event)
    const [next] = await log.accept([versioned('C')])
    assert.deepEqual([next?.event?.created, next?.event?.revision], [clock.now(), 8])
  },

  'answers duplicate to a known revision or one with a later one, whatever its version': async ({ log }) => {
    for (const version of ['A', 'B', 'A', 'C']) await log.accept([versioned(version)])
    for (const [revision, version] of ['A', 'B', 'A', 'C'].entries()) {
      const { status } = await record(log, versioned(version), { created: 5, revision: revision + 1 })
      assert.equal(status, 'duplicate')
    }
    assert.equal((await record(log, versioned('X'), { created: 5, revision: 4 })).status, 'duplicate')
    assert.equal((await record(log, versioned('C'), { created: 5, revision: 9 })).status, 'duplicate')
    assert.equal((await record(log, versioned('D'), { created: 5, revision: 9 })).status, 'changed')
  },

  'stores what another log accepted once, however often it is imported': once,

  'rejects an impossible time or revision, and stores nothing': async ({ log }) => {
    const wrong: [Recorded, string][] = [
      [{ created: Number.NaN }, 'created'],
      [{ created: 9e15 }, 'created'],
      [{ created: 0.5 }, 'created'],
      [{ created: 0, revision: 0 }, 'revision'],
      [{ created: 0, revision: 1.5 }, 'revision'],
    ]
    for (const [recorded, path] of wrong) {
      await assert.rejects(record(log, draft('1'), recorded), refused('TIDINGS_LOG_INVALID', { path }))
    }
    assert.equal(await log.last(), 0)
  },
}
