import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Tally, TallyOptions } from '../../../lib/agent/operations/tally.ts'
import { operations } from '../../../lib/agent/peers/operations-on.ts'
import type { Draft } from '../../../lib/core/event.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'

/** Counts events with this data, accepted at these times. */
async function tally(
  events: readonly { readonly data?: unknown; readonly at?: string; readonly type?: string; readonly job?: string }[],
  options: TallyOptions,
): Promise<Tally> {
  const log = await memoryLog()
  for (const [i, { data = null, at = '2026-05-01T12:00Z', type = 'it', job }] of events.entries()) {
    const draft: Draft = { type, identifier: `${i}`, data }
    await log.accept([draft], { recorded: { created: Date.parse(at) }, ...(job === undefined ? {} : { job }) })
  }
  const counted = await operations(log).events.tally(options)
  await log.close()
  return counted
}

/** Runs `work` in a time zone. */
async function inZone<T>(zone: string, work: () => Promise<T>): Promise<T> {
  const before = process.env['TZ']
  process.env['TZ'] = zone
  try {
    return await work()
  } finally {
    if (before === undefined) delete process.env['TZ']
    else process.env['TZ'] = before
  }
}

const pairs = ({ counts }: Tally): [unknown, number][] => counts.map(({ key, count }) => [key, count])

describe('events.tally', () => {
  it('counts by a field, the most frequent first', async () => {
    const events = [{ type: 'b', job: 'x' }, { type: 'a' }, { type: 'b', job: 'y' }]
    assert.deepEqual(pairs(await tally(events, { by: 'type' })), [
      ['b', 2],
      ['a', 1],
    ])
    assert.deepEqual(pairs(await tally(events, { by: 'job' })), [
      ['x', 1],
      [null, 1],
      ['y', 1],
    ])
    assert.deepEqual(await tally([], { by: 'type' }), { counts: [] })
  })

  it('counts by a path, and keeps values of different kinds apart', async () => {
    const values = ['3', 3, null, undefined, 'null', true, { a: 1 }, 3, '"3', ['3']]
    const events = values.map((name) => ({ data: { repo: { name } } }))
    assert.deepEqual(pairs(await tally(events, { by: 'data.repo.name' })), [
      [3, 2],
      [null, 2],
      ['3', 1],
      ['null', 1],
      [true, 1],
      [{ a: 1 }, 1],
      ['"3', 1],
      [['3'], 1],
    ])
    const hostile = [{ data: { x: '__proto__' } }, { data: { x: 'constructor' } }]
    assert.deepEqual(pairs(await tally(hostile, { by: 'data.x' })), [
      ['__proto__', 1],
      ['constructor', 1],
    ])
    assert.deepEqual(pairs(await tally(hostile, { by: 'data.constructor' })), [[null, 2]])
  })

  it('counts by days and hours of the local clock, in their order', async () => {
    const events = ['2026-05-02T01:30Z', '2026-05-01T23:30Z', '2026-05-01T21:59Z', '2026-05-02T01:59Z'].map((at) => ({
      at,
    }))
    await inZone('Europe/Amsterdam', async () => {
      assert.deepEqual(pairs(await tally(events, { by: 'day' })), [
        ['2026-05-01', 1],
        ['2026-05-02', 3],
      ])
      assert.deepEqual(pairs(await tally(events, { by: 'hour' })), [
        ['2026-05-01T23:00+02:00', 1],
        ['2026-05-02T01:00+02:00', 1],
        ['2026-05-02T03:00+02:00', 2],
      ])
    })
    await inZone('Asia/Kolkata', async () => {
      assert.deepEqual(pairs(await tally(events.slice(0, 1), { by: 'hour' })), [['2026-05-02T07:00+05:30', 1]])
    })
  })

  it('tells the hour that a clock shows twice', async () => {
    const events = ['2026-10-25T00:30Z', '2026-10-25T01:30Z', '2026-10-25T02:30Z'].map((at) => ({ at }))
    await inZone('Europe/Amsterdam', async () => {
      assert.deepEqual(pairs(await tally(events, { by: 'hour' })), [
        ['2026-10-25T02:00+02:00', 1],
        ['2026-10-25T02:00+01:00', 1],
        ['2026-10-25T03:00+01:00', 1],
      ])
    })
  })

  it('sums up what a limit leaves out: the rarest values, or the oldest times', async () => {
    const events = ['a', 'b', 'b', 'c', 'c', 'c'].map((type, i) => ({ type, at: `2026-05-0${i + 1}T12:00Z` }))
    assert.deepEqual(await tally(events, { by: 'type', limit: 1 }), {
      counts: [{ key: 'c', count: 3 }],
      others: { keys: 2, events: 3 },
    })
    const { counts, others } = await tally(events, { by: 'day', limit: 2 })
    assert.deepEqual([counts.map(({ key }) => key), others], [['2026-05-05', '2026-05-06'], { keys: 4, events: 4 }])
    assert.deepEqual((await tally(events, { by: 'type', limit: 3 })).others, undefined)
    assert.deepEqual((await tally(events, { by: 'type', limit: 0 })).counts, [])
  })

  it('rejects a path that no event has', async () => {
    for (const by of ['name', '', 'data..x', 'week', 'toString'])
      await assert.rejects(tally([], { by }), {
        code: 'TIDINGS_LOG_INVALID',
        details: { path: 'by' },
        message: /^"by" must be hour, day, or a path of an event such as type, job or data\.repo\.name, got /,
      })
  })
})
