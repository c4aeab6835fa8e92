import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { every, inZone, nextRuns, type Schedule } from '../../lib/schedule/index.ts'

process.env.TZ = 'Europe/Berlin'

const seen = '2026-01-01T12:00:00+01:00'

/** The last slot of a job that is first seen at noon in Berlin by default. */
const rows: readonly (readonly [schedule: Schedule, last: string | undefined, seen?: string])[] = [
  [every().hour.until(new Date('2026-01-01T15:00:00Z')), '2026-01-01T16:00:00+01:00'],
  [every().hour.until(new Date('2026-01-01T14:59:59.999Z')), '2026-01-01T15:00:00+01:00'],
  [every().hour.until(new Date('2025-12-31T00:00:00Z')), undefined],
  [every().hour.until('8h'), '2026-01-01T20:00:00+01:00'],
  [every().hour.until('7h59m'), '2026-01-01T19:00:00+01:00'],
  [every().hour.until(7_200_000), '2026-01-01T14:00:00+01:00'],
  [every().hour.until('30m'), undefined],
  [every().hour.until('18:30'), '2026-01-01T18:00:00+01:00'],
  [every().hour.until('18:00:00'), '2026-01-01T18:00:00+01:00'],
  [every().hour.until('9:00'), '2026-01-02T09:00:00+01:00'],
  [every().hour.until('12:00'), '2026-01-02T12:00:00+01:00'],
  [every().minute.until('02:30'), '2026-03-29T03:00:00+02:00', '2026-03-29T01:50:00+01:00'],
  [every().hour.until('2026-01-02'), '2026-01-02T00:00:00+01:00'],
  [every().hour.until('2026-01-02 06:30'), '2026-01-02T06:00:00+01:00'],
  [every().hour.until('2026-01-02T06:00:00'), '2026-01-02T06:00:00+01:00'],
  [every().hour.until('2026-01-02T06:00:00Z'), '2026-01-02T07:00:00+01:00'],
  [every().hour.until('2026-01-02T06:00:00.000+09:00'), '2026-01-01T22:00:00+01:00'],
  [every().day.at('9:00').until('2026-01-05'), '2026-01-04T09:00:00+01:00'],
  [every().day.at('00:00', 'Asia/Tokyo').until('2026-01-05'), '2026-01-05T00:00:00+09:00'],
  [every().monday.at('13:15').until('2026-01-31'), '2026-01-26T13:15:00+01:00'],
  [every(5).to(10).minutes.until('2m'), undefined],
  [every().hour.until('1h').until('2h'), '2026-01-01T14:00:00+01:00'],
  [inZone(every().hour.until('2026-01-02'), 'Asia/Tokyo'), '2026-01-02T00:00:00+09:00'],
]

describe('a schedule with an end', () => {
  for (const [schedule, last, start = seen] of rows) {
    it(`${schedule}, first seen at ${start}, has its last slot at ${last}`, () => {
      const slots = nextRuns(schedule, 1_000, new Date(start))
      assert.deepEqual(slots.at(-1), last === undefined ? undefined : new Date(last))
    })
  }

  it('has the same slots up to its end, and none after it', () => {
    const instants = fc.date({ min: new Date('2000-01-01'), max: new Date('2050-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(instants, instants, instants, (end, after, anchor) => {
        for (const endless of [every(36).hours, every().day.at('4:30', 'Asia/Tokyo'), every(1).to(9).days]) {
          const slot = endless.next(after, anchor)
          assert.deepEqual(endless.until(end).next(after, anchor), slot !== undefined && slot <= end ? slot : undefined)
        }
      }),
    )
  })

  it('ends relative to when its job was first seen, not to the given instant', () => {
    const schedule = every().hour.until('90m')
    const anchor = new Date(seen)
    assert.deepEqual(schedule.next(anchor, anchor), new Date('2026-01-01T13:00:00+01:00'))
    assert.equal(schedule.next(new Date('2026-01-01T13:00:00+01:00'), anchor), undefined)
  })
})
