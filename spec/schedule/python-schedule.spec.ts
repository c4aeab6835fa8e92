// The next run times in the tests and documentation of the Python library `schedule` 1.2.2, as a table. Its
// tests run in Berlin; rows that depend on it name their offset.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { every, type Schedule } from '../../lib/schedule/index.ts'

process.env.TZ = 'UTC'

type Row = readonly [now: string, schedule: Schedule, next: string]

const wednesday = '2010-01-06T12:15:00Z'
const newfoundland = 'Canada/Newfoundland'

const rows: readonly Row[] = [
  // test_next_run_time
  [wednesday, every().minute, '2010-01-06T12:16:00Z'],
  [wednesday, every(5).minutes, '2010-01-06T12:20:00Z'],
  [wednesday, every().hour, '2010-01-06T13:15:00Z'],
  [wednesday, every().day, '2010-01-07T12:15:00Z'],
  [wednesday, every().day.at('09:00'), '2010-01-07T09:00:00Z'],
  [wednesday, every().day.at('12:30'), '2010-01-06T12:30:00Z'],
  [wednesday, every().week, '2010-01-13T12:15:00Z'],
  [wednesday, every().monday, '2010-01-11T12:15:00Z'],
  [wednesday, every().tuesday, '2010-01-12T12:15:00Z'],
  [wednesday, every().wednesday, '2010-01-13T12:15:00Z'],
  [wednesday, every().thursday, '2010-01-07T12:15:00Z'],
  [wednesday, every().friday, '2010-01-08T12:15:00Z'],
  [wednesday, every().saturday, '2010-01-09T12:15:00Z'],
  [wednesday, every().sunday, '2010-01-10T12:15:00Z'],
  [wednesday, every().minute.until('12:17'), '2010-01-06T12:16:00Z'],
  // test_next_run_property, test_next_run_with_tag, test_idle_seconds
  ['2010-01-06T13:16:00Z', every().hour, '2010-01-06T14:16:00Z'],
  ['2014-06-28T12:00:00Z', every(5).seconds, '2014-06-28T12:00:05Z'],
  ['2014-06-28T12:00:00Z', every(2).hours, '2014-06-28T14:00:00Z'],
  ['2020-12-09T21:46:00Z', every().hour, '2020-12-09T22:46:00Z'],
  // test_at_time_hour
  ['2010-01-06T12:20:00Z', every().hour.at(':30'), '2010-01-06T12:30:00Z'],
  ['2010-01-06T12:20:00Z', every().hour.at(':10'), '2010-01-06T13:10:00Z'],
  ['2010-01-06T12:20:00Z', every().hour.at(':00'), '2010-01-06T13:00:00Z'],
  ['2010-01-06T12:20:00Z', every().hour.at('30:05'), '2010-01-06T12:30:05Z'],
  ['2010-01-06T12:20:00Z', every().hour.at('10:25'), '2010-01-06T13:10:25Z'],
  ['2010-01-06T12:20:00Z', every().hour.at('00:40'), '2010-01-06T13:00:40Z'],
  // test_at_time_minute
  ['2010-01-06T12:20:30Z', every().minute.at(':40'), '2010-01-06T12:20:40Z'],
  ['2010-01-06T12:20:30Z', every().minute.at(':10'), '2010-01-06T12:21:10Z'],
  // test_weekday_at_todady
  ['2020-11-25T22:38:05Z', every().wednesday.at('22:38:10'), '2020-11-25T22:38:10Z'],
  ['2020-11-25T22:38:05Z', every().wednesday.at('22:39'), '2020-11-25T22:39:00Z'],
  // test_run_every_weekday_at_specific_time_past_today, test_run_every_n_days_at_specific_time
  ['2010-01-06T13:16:00Z', every().wednesday.at('13:15'), '2010-01-13T13:15:00Z'],
  ['2010-01-06T11:29:00Z', every(2).days.at('11:30'), '2010-01-08T11:30:00Z'],
  ['2010-01-08T11:31:00Z', every(2).days.at('11:30'), '2010-01-10T11:30:00Z'],
  // test_next_run_time_day_end, _hour_end and _minute_end
  ['2010-12-01T23:00:00Z', every().day.at('23:30'), '2010-12-01T23:30:00Z'],
  ['2010-12-02T01:00:00Z', every().day.at('23:30'), '2010-12-02T23:30:00Z'],
  ['2010-12-02T23:30:00Z', every().day.at('23:30'), '2010-12-03T23:30:00Z'],
  ['2010-10-10T13:30:00+02:00', every().hour.at(':10'), '2010-10-10T14:10:00+02:00'],
  ['2010-10-10T12:00:00+02:00', every().hour.at(':10', 'Europe/London'), '2010-10-10T12:10:00+02:00'],
  ['2010-10-10T12:00:00+02:00', every().hour.at(':10', 'Asia/Kathmandu'), '2010-10-10T12:25:00+02:00'],
  ['2010-10-10T13:30:00+02:00', every().hour.at(':10', 'Asia/Kathmandu'), '2010-10-10T14:25:00+02:00'],
  ['2010-10-10T10:10:59Z', every().minute.at(':15'), '2010-10-10T10:11:15Z'],
  ['2010-10-10T10:12:14Z', every().minute.at(':15', 'Asia/Kathmandu'), '2010-10-10T10:12:15Z'],
  ['2010-10-10T10:12:16Z', every().minute.at(':15', 'Europe/London'), '2010-10-10T10:13:15Z'],
  // test_tz_daily_*
  ['2022-02-01T23:15:00+01:00', every().day.at('06:30', 'Asia/Kolkata'), '2022-02-02T02:00:00+01:00'],
  ['2023-04-14T04:50:00+02:00', every().day.at('00:00', 'US/Central'), '2023-04-14T07:00:00+02:00'],
  ['2022-04-08T10:00:00+02:00', every().day.at('10:30', 'America/New_York'), '2022-04-08T16:30:00+02:00'],
  ['2022-03-20T10:00:00+01:00', every().day.at('10:30', 'America/New_York'), '2022-03-20T15:30:00+01:00'],
  ['2023-03-27T01:30:00+02:00', every().day.at('02:30', 'Europe/Berlin'), '2023-03-27T02:30:00+02:00'],
  ['2023-10-29T01:30:00+02:00', every().day.at('02:30', 'Europe/Berlin'), '2023-10-29T02:30:00+02:00'],
  ['2023-10-29T02:35:00+02:00', every().day.at('02:30', 'Europe/Berlin'), '2023-10-30T02:30:00+01:00'],
  ['2022-03-20T10:00:00+01:00', every().day.at('11:00', 'Asia/Krasnoyarsk'), '2022-03-21T05:00:00+01:00'],
  ['2023-09-18T10:59:00+12:00', every().day.at('00:00', 'UTC'), '2023-09-18T12:00:00+12:00'],
  ['2023-09-18T10:59:00+12:00', every().monday.at('00:00', 'UTC'), '2023-09-18T12:00:00+12:00'],
  ['2023-07-15T13:00:00Z', every().day.at('09:45', 'US/Eastern'), '2023-07-15T13:45:00Z'],
  ['2023-10-19T15:00:00Z', every().day.at('00:00:20', 'Europe/Amsterdam'), '2023-10-19T22:00:20Z'],
  ['2023-10-22T23:00:00Z', every().sunday.at('23:00', 'Europe/Amsterdam'), '2023-10-29T22:00:00Z'],
  ['2023-12-31T23:00:00+01:00', every().day.at('12:00', 'Australia/Sydney'), '2024-01-01T02:00:00+01:00'],
  ['2023-12-31T23:50:00+01:00', every().day.at('09:00', 'Asia/Tokyo'), '2024-01-01T01:00:00+01:00'],
  ['2023-02-28T23:50:00+01:00', every().day.at('10:00', 'Australia/Sydney'), '2023-03-01T00:00:00+01:00'],
  ['2024-02-28T23:50:00+01:00', every().day.at('04:00', 'Asia/Dubai'), '2024-02-29T01:00:00+01:00'],
  ['2023-09-18T10:00:00+12:00', every().day.at('23:00', 'UTC'), '2023-09-18T11:00:00+12:00'],
  ['2023-03-26T01:30:00+01:00', every().day.at('01:00', 'Europe/London'), '2023-03-26T03:00:00+02:00'],
  ['2023-10-29T02:30:00+01:00', every().day.at('06:00', 'Europe/Istanbul'), '2023-10-29T04:00:00+01:00'],
  ['2024-04-08T10:00:00+12:00', every().day.at('23:00', 'UTC'), '2024-04-08T11:00:00+12:00'],
  ['2023-09-25T10:00:00+13:00', every().day.at('23:00', 'UTC'), '2023-09-25T12:00:00+13:00'],
  ['2024-04-01T10:00:00+13:00', every().day.at('23:00', 'UTC'), '2024-04-01T12:00:00+13:00'],
  ['2024-11-03T10:00:00+01:00', every().day.at('14:00', 'America/Anchorage'), '2024-11-04T00:00:00+01:00'],
  ['2024-03-31T00:00:00+01:00', every().day.at('10:00', 'Europe/Berlin'), '2024-03-31T10:00:00+02:00'],
  // test_tz_hourly_intermediate_conversion, test_tz_minutes_year_round, test_tz_weekly_large_interval_*
  ['2024-05-04T14:37:22+12:45', every(10).hours.at('14:45', newfoundland), '2024-05-05T00:29:45+12:45'],
  ['2024-09-29T02:20:00+12:45', every(20).minutes.at(':13', newfoundland), '2024-09-29T02:40:13+12:45'],
  ['2024-09-29T02:40:14+12:45', every(20).minutes.at(':13', newfoundland), '2024-09-29T04:00:13+13:45'],
  ['2024-11-03T02:23:55+13:45', every(20).minutes.at(':13', newfoundland), '2024-11-03T02:43:13+13:45'],
  ['2025-03-09T19:00:00+13:45', every(20).minutes.at(':13', newfoundland), '2025-03-09T19:20:13+13:45'],
  ['2025-04-07T18:55:00+12:45', every(20).minutes.at(':13', newfoundland), '2025-04-07T19:15:13+12:45'],
  ['2024-03-28T11:00:00+01:00', every(7).days.at('11:00', 'Europe/Berlin'), '2024-04-04T11:00:00+02:00'],
  ['2024-10-25T11:00:00+02:00', every(7).days.at('11:00', 'Europe/Berlin'), '2024-11-01T11:00:00+01:00'],
]

describe('next run times equal those of the Python library', () => {
  for (const [now, schedule, next] of rows) {
    it(`at ${now} ${schedule} comes at ${next}`, () => {
      assert.equal(schedule.next(new Date(now))?.toISOString(), new Date(next).toISOString())
    })
  }
})

/** Deliberate differences. */
const deviations: readonly (readonly [why: string, ...Row, python: string])[] = [
  [
    'a time that does not exist happens when the clocks go on, as with cron, not an hour later',
    '2023-03-26T01:30:00+01:00',
    every().day.at('02:30', 'Europe/Berlin'),
    '2023-03-26T03:00:00+02:00',
    '2023-03-26T03:30:00+02:00',
  ],
  [
    'four hours are four hours, also where clocks are set forward',
    '2022-03-27T00:00:00+01:00',
    every(4).hours,
    '2022-03-27T05:00:00+02:00',
    '2022-03-27T04:00:00+02:00',
  ],
  [
    'four hours are four hours, also where clocks are set back',
    '2022-10-30T00:00:00+02:00',
    every(4).hours,
    '2022-10-30T03:00:00+01:00',
    '2022-10-30T04:00:00+01:00',
  ],
  [
    'three hours from 12 are 15, as since 1.2 in Python; up to 1.1 it made up for the minutes by an hour less',
    '2026-01-01T12:00:00Z',
    every(3).hours.at(':15'),
    '2026-01-01T15:15:00Z',
    '2026-01-01T14:15:00Z',
  ],
]

describe('next run times differ from the Python library', () => {
  for (const [why, now, schedule, ours, python] of deviations) {
    it(`${schedule} at ${now} does not come at ${python}: ${why}`, () => {
      assert.equal(schedule.next(new Date(now))?.toISOString(), new Date(ours).toISOString())
    })
  }

  it('by a fixed rate: a run of four minutes does not delay later ones', () => {
    const seen = new Date('2026-01-01T12:00:00Z')
    const runEnded = new Date('2026-01-01T12:14:00Z')
    assert.deepEqual(every(10).minutes.next(runEnded, seen), new Date('2026-01-01T12:20:00Z'))
  })

  it('when the time of day of an end has passed: it ends tomorrow, without an error', () => {
    const schedule = every().day.at('04:00').until('5:00')
    assert.deepEqual(schedule.next(new Date('2020-01-01T10:00:00Z')), new Date('2020-01-02T04:00:00Z'))
  })

  it('when an end has passed: a schedule has no clock, so it has no slots, without an error', () => {
    assert.equal(every().day.until(new Date('2019-12-31T23:59:00Z')).next(new Date('2020-01-01T10:00:00Z')), undefined)
  })

  it('by varying gaps in milliseconds instead of whole units', () => {
    const slot = every(5).to(30).minutes.next(new Date('2014-06-28T12:00:00Z'))
    assert.notEqual((slot?.getTime() ?? 0) % 60_000, 0)
  })

  it('by accepting times of day with one digit', () => {
    assert.equal(`${every().day.at('9:00')}`, 'every day at 09:00')
  })
})
