import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { cron, every, nextRuns, type Schedule, weekdays } from '../../lib/schedule/index.ts'

/** The slots after `from`, with the offset that the clocks had. */
const rows: readonly (readonly [what: string, schedule: Schedule, from: string, slots: readonly string[]])[] = [
  [
    'a time that is left out happens at the end of the gap',
    cron('30 2 * * *', { timezone: 'Europe/Berlin' }),
    '2026-03-28T03:00:00+01:00',
    ['2026-03-29T03:00:00+02:00', '2026-03-30T02:30:00+02:00'],
  ],
  [
    'a time that comes twice is taken once, the first',
    cron('30 2 * * *', { timezone: 'Europe/Berlin' }),
    '2026-10-24T03:00:00+02:00',
    ['2026-10-25T02:30:00+02:00', '2026-10-26T02:30:00+01:00'],
  ],
  [
    'hourly is both 02:00s',
    cron('0 * * * *', { timezone: 'Europe/Berlin' }),
    '2026-10-25T01:00:00+02:00',
    ['2026-10-25T02:00:00+02:00', '2026-10-25T02:00:00+01:00', '2026-10-25T03:00:00+01:00'],
  ],
  [
    'hourly leaves out what the clocks leave out',
    cron('0 * * * *', { timezone: 'Europe/Berlin' }),
    '2026-03-29T00:00:00+01:00',
    ['2026-03-29T01:00:00+01:00', '2026-03-29T03:00:00+02:00', '2026-03-29T04:00:00+02:00'],
  ],
  [
    'a midnight that is left out happens at one',
    cron('0 0 * * *', { timezone: 'America/Santiago' }),
    '2026-09-05T12:00:00-04:00',
    ['2026-09-06T01:00:00-03:00', '2026-09-07T00:00:00-03:00'],
  ],
  [
    'a gap of thirty minutes',
    cron('15 2 * * *', { timezone: 'Australia/Lord_Howe' }),
    '2026-10-03T03:00:00+10:30',
    ['2026-10-04T02:30:00+11:00', '2026-10-05T02:15:00+11:00'],
  ],
  [
    'an overlap of thirty minutes',
    cron('45 1 * * *', { timezone: 'Australia/Lord_Howe' }),
    '2026-04-04T02:00:00+11:00',
    ['2026-04-05T01:45:00+11:00', '2026-04-06T01:45:00+10:30'],
  ],
  [
    'a gap that ends on the next day',
    cron('30 23 * * *', { timezone: 'America/Nuuk' }),
    '2026-03-27T23:30:00-02:00',
    ['2026-03-29T00:00:00-01:00', '2026-03-29T23:30:00-01:00'],
  ],
  [
    'two fixed times a day are fixed times',
    cron('30 2,14 * * *', { timezone: 'Europe/Berlin' }),
    '2026-03-28T14:30:00+01:00',
    ['2026-03-29T03:00:00+02:00', '2026-03-29T14:30:00+02:00'],
  ],
  [
    'all minutes of a fixed hour that is left out are one slot',
    cron('0,15,30 2 * * *', { timezone: 'Europe/Berlin' }),
    '2026-03-28T02:30:00+01:00',
    ['2026-03-29T03:00:00+02:00', '2026-03-30T02:00:00+02:00'],
  ],
  [
    'days in words follow the same rules',
    every().day.at('02:30', 'Europe/Berlin'),
    '2026-03-28T03:00:00+01:00',
    ['2026-03-29T03:00:00+02:00', '2026-03-30T02:30:00+02:00'],
  ],
  [
    'days of the week follow the same rules',
    every().sunday.at('02:30', 'Europe/Berlin'),
    '2026-10-20T00:00:00+02:00',
    ['2026-10-25T02:30:00+02:00', '2026-11-01T02:30:00+01:00'],
  ],
  [
    'counted days follow the same rules',
    every(2).days.at('02:30', 'Europe/Berlin'),
    '2026-03-27T12:00:00+01:00',
    ['2026-03-29T03:00:00+02:00', '2026-03-31T02:30:00+02:00'],
  ],
  [
    'counted days are not shifted by the hour that a day lost',
    every(3).days.at('00:30', 'Europe/Berlin'),
    '2026-03-28T12:00:00+01:00',
    ['2026-03-31T00:30:00+02:00', '2026-04-03T00:30:00+02:00'],
  ],
  [
    'hours in words are both that clocks show',
    every().hour.at(':30', 'Europe/Berlin'),
    '2026-10-25T01:30:00+02:00',
    ['2026-10-25T02:30:00+02:00', '2026-10-25T02:30:00+01:00', '2026-10-25T03:30:00+01:00'],
  ],
  [
    'counted hours are hours that pass',
    every(2).hours.at(':15', 'Europe/Berlin'),
    '2026-10-25T01:00:00+02:00',
    ['2026-10-25T02:15:00+01:00', '2026-10-25T04:15:00+01:00'],
  ],
  [
    'working days are those of the zone',
    weekdays.at('9:00', 'Asia/Tokyo'),
    '2026-01-02T00:30:00Z',
    ['2026-01-05T09:00:00+09:00', '2026-01-06T09:00:00+09:00'],
  ],
]

describe('schedules when clocks are set back or forward', () => {
  for (const [what, schedule, from, slots] of rows) {
    it(`${what}: ${schedule}`, () => {
      assert.deepEqual(
        nextRuns(schedule, slots.length, new Date(from)),
        slots.map((slot) => new Date(slot)),
      )
    })
  }

  it('a fixed time that clocks show twice has no second slot', () => {
    const schedule = cron('30 2 * * *', { timezone: 'Europe/Berlin' })
    assert.deepEqual(schedule.next(new Date('2026-10-25T02:10:00+01:00')), new Date('2026-10-26T02:30:00+01:00'))
  })
})
