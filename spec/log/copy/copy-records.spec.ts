import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { copyRecords } from '../../../lib/log/copy/copy-records.ts'
import type {
  PortableKind,
  PortableRecords,
  PortableSource,
  PortableTarget,
} from '../../../lib/log/copy/portable-log.ts'
import { storedEvent } from '../../../lib/log/stored-event.ts'

type All = { [K in PortableKind]: PortableRecords[K][] }

const event = (seq: number): PortableRecords['event'] => ({
  event: storedEvent({ type: 'it', identifier: `event ${seq}`, data: { n: seq } }, seq, 1000 + seq),
  told: true,
})

function all(): All {
  return {
    event: [3, 4, 5].map(event),
    identity: [1, 3, 4, 5].map((seq) => ({ type: 'it', identifier: `event ${seq}`, seq })),
    state: [{ namespace: 'job/j', key: 'k', value: { a: [1] }, revision: 2 }],
    consumer: [{ name: 'c', cursor: { cursor: 3, created: 1 } }],
    mark: [{ name: 'c', kind: 'retry', seq: 4, record: { attempts: 1, at: 5 } }],
    slots: [{ job: 'j', slots: { done: 5, open: [] } }],
    run: [{ job: 'j', slot: 5, attempt: 1, outcome: { new: 1 } }],
  }
}

function sourceOf(records: All): PortableSource {
  return {
    facts: { id: 'id', identity: 'type', first: 3, last: 5 },
    async *records(kind) {
      // Pages of two.
      for (let at = 0; at < records[kind].length; at += 2) yield records[kind].slice(at, at + 2)
    },
  }
}

/** Stores what it is given, except for what a test changes. */
function targetOf(change: (stored: All) => void = () => undefined): PortableTarget & { readonly stored: All } {
  const stored: All = { event: [], identity: [], state: [], consumer: [], mark: [], slots: [], run: [] }
  return {
    stored,
    async put(kind, records) {
      ;(stored[kind] as unknown[]).push(...structuredClone(records))
      if (kind === 'run') change(stored)
    },
    async *records(kind) {
      yield* [[], stored[kind]]
    },
  }
}

describe('copyRecords', () => {
  it('copies everything, and counts it', async () => {
    const target = targetOf()
    const progress: [number, number][] = []
    const copied = await copyRecords(sourceOf(all()), target, (done, whole) => void progress.push([done, whole]))
    const records = { event: 3, identity: 4, state: 1, consumer: 1, mark: 1, slots: 1, run: 1 }
    assert.deepEqual(copied, { first: 3, last: 5, records })
    assert.deepEqual(target.stored, all())
    assert.deepEqual(progress.at(-1), [24, 24])
    assert(progress.every(([done, whole], i) => done <= whole && done >= (progress[i - 1]?.[0] ?? 0)))
  })

  it('takes all kinds but events in any order, and a copy may lack forgotten identities', async () => {
    const records = all()
    records.identity.push({ type: 'it', identifier: 'forgotten', seq: 0 })
    const target = targetOf((stored) => {
      stored.identity = stored.identity.filter(({ seq }) => seq > 0).reverse()
    })
    assert.equal((await copyRecords(sourceOf(records), target)).records.identity, 4)
  })

  const events: Readonly<Record<string, readonly [number, (stored: PortableRecords['event'][]) => unknown]>> = {
    'that lost an event': [4, (stored) => stored.splice(1, 1)],
    'that lost the last event': [5, (stored) => stored.pop()],
    'with one event too many': [6, (stored) => stored.push(event(6))],
    'with other data': [4, (stored) => (stored[1] = { ...event(4), event: { ...event(4).event, data: { n: 5 } } })],
    'with an untold event': [3, (stored) => (stored[0] = { ...event(3), told: false })],
    'with another run': [5, (stored) => (stored[2] = { ...event(5), run: '1' })],
  }
  for (const [what, [seq, change]] of Object.entries(events)) {
    it(`refuses a copy ${what}`, async () => {
      const copying = copyRecords(
        sourceOf(all()),
        targetOf(({ event }) => void change(event)),
      )
      const message = `event ${seq} of the copy differs from the original`
      await assert.rejects(copying, { code: 'TIDINGS_LOG_DAMAGED', message, details: { seq } })
    })
  }

  const others: { readonly [K in Exclude<PortableKind, 'event'>]: (stored: All[K]) => unknown } = {
    identity: (stored) => stored.pop(),
    state: (stored) => (stored[0] = { namespace: 'job/j', key: 'k', value: { a: [1] }, revision: 3 }),
    consumer: (stored) => (stored[0] = { name: 'c', cursor: { cursor: 4, created: 1 } }),
    mark: (stored) => (stored[0] = { name: 'c', kind: 'parked', seq: 4, record: { attempts: 1, at: 5 } }),
    slots: (stored) => stored.push({ job: 'another', slots: { open: [] } }),
    run: (stored) => (stored[0] = { job: 'j', slot: 5, attempt: 1 }),
  }
  for (const [kind, change] of Object.entries(others) as [keyof typeof others, (stored: unknown) => unknown][]) {
    it(`refuses a copy whose ${kind} records differ`, async () => {
      const target = targetOf((stored) => void change(stored[kind]))
      const message = new RegExp(`^the ${kind} records of the copy differ from the original`)
      await assert.rejects(copyRecords(sourceOf(all()), target), { code: 'TIDINGS_LOG_DAMAGED', message })
    })
  }

  for (const [at, seq] of [
    [1, 4],
    [0, 3],
    [2, 5],
  ] as const) {
    it(`refuses an original without event ${seq}`, async () => {
      const records = all()
      records.event.splice(at, 1)
      const message = `event ${seq} is missing from the original`
      await assert.rejects(copyRecords(sourceOf(records), targetOf()), { code: 'TIDINGS_LOG_DAMAGED', message })
    })
  }
})
