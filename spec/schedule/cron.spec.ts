import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cron, nextRuns } from '../../lib/schedule/index.ts'

process.env.TZ = 'America/New_York'

/** Slots in UTC, from Thursday 2026-01-01 on. */
const rows: readonly (readonly [expression: string, ...slots: string[]])[] = [
  ['*/10 9-17 * * 1-5', '2026-01-01T09:00', '2026-01-01T09:10', '2026-01-01T09:20'],
  ['59 17 * * 5', '2026-01-02T17:59', '2026-01-09T17:59'],
  ['*/20 * * * * *', '2026-01-01T00:00:20', '2026-01-01T00:00:40', '2026-01-01T00:01'],
  ['0 0 12 24 12 * 2030', '2030-12-24T12:00'],
  ['0 0 0 1 1 * 2027-2028', '2027-01-01T00:00', '2028-01-01T00:00'],
  ['0 0 L * *', '2026-01-31T00:00', '2026-02-28T00:00'],
  ['0 0 LW * *', '2026-01-30T00:00', '2026-02-27T00:00', '2026-03-31T00:00'],
  ['0 0 15W * *', '2026-01-15T00:00', '2026-02-16T00:00', '2026-03-16T00:00'],
  ['0 9 * * MON#1', '2026-01-05T09:00', '2026-02-02T09:00'],
  ['0 9 * * FRIL', '2026-01-30T09:00', '2026-02-27T09:00'],
  ['0 0 1 JAN,jul *', '2026-07-01T00:00', '2027-01-01T00:00'],
  ['0 0 29 2 *', '2028-02-29T00:00', '2032-02-29T00:00'],
  ['0 0 13 * FRI', '2026-01-02T00:00', '2026-01-09T00:00', '2026-01-13T00:00'],
  ['0 0 * * 7', '2026-01-04T00:00'],
  ['0\t0  1 * *', '2026-02-01T00:00'],
  ['@hourly', '2026-01-01T01:00', '2026-01-01T02:00'],
  ['@daily', '2026-01-02T00:00'],
  ['@midnight', '2026-01-02T00:00'],
  ['@weekly', '2026-01-04T00:00'],
  ['@monthly', '2026-02-01T00:00'],
  ['@yearly', '2027-01-01T00:00'],
  ['@annually', '2027-01-01T00:00'],
]

describe('cron', () => {
  for (const [expression, ...slots] of rows) {
    it(`${expression} comes at ${slots.join(', ')}`, () => {
      const start = new Date('2026-01-01T00:00:00Z')
      assert.deepEqual(
        nextRuns(cron(expression, { timezone: 'UTC' }), slots.length, start),
        slots.map((slot) => new Date(`${slot}Z`)),
      )
    })
  }

  it('ends after its years', () => {
    assert.equal(cron('0 0 0 1 1 * 2027').next(new Date('2027-01-02')), undefined)
  })

  it('uses the zone of the system by default', () => {
    assert.deepEqual(cron('30 9 * * *').next(new Date('2026-07-01T00:00:00Z')), new Date('2026-07-01T09:30:00-04:00'))
    assert.deepEqual(cron('*/30 9 * * *').next(new Date('2026-07-01T00:00:00Z')), new Date('2026-07-01T09:00:00-04:00'))
  })

  it('has no slot in the second it is asked about', () => {
    const schedule = cron('30 9 * * *', { timezone: 'UTC' })
    const tomorrow = new Date('2026-01-02T09:30:00Z')
    assert.deepEqual(schedule.next(new Date('2026-01-01T09:29:59.999Z')), new Date('2026-01-01T09:30:00Z'))
    assert.deepEqual(schedule.next(new Date('2026-01-01T09:30:00.000Z')), tomorrow)
    assert.deepEqual(schedule.next(new Date('2026-01-01T09:30:00.001Z')), tomorrow)
  })

  it('describes itself', () => {
    assert.equal(`${cron(' */10  9-17 * * 1-5')}`, 'cron */10 9-17 * * 1-5')
    assert.equal(`${cron('@daily', { timezone: 'Europe/Berlin' })}`, 'cron @daily (Europe/Berlin)')
    assert.equal(cron('@daily').kind, 'cron')
  })
})
