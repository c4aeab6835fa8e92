import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import ICAL from 'ical.js'
import { instantOf, namedZone } from '../../streams/calendar/zones.ts'
import { starts, vcalendar, vevent } from './calendar-service.ts'

const DAY = 86_400_000

function weekly(...lines: readonly string[]): string {
  return vcalendar(vevent('UID:series', 'DTSTART;TZID=Europe/Amsterdam:20260105T090000', 'DURATION:PT1H', ...lines))
}

/** The days of the starts, in UTC. */
async function days(file: string, from: number, count: number): Promise<string[]> {
  return (await starts(file, from, count)).map((start) => start.slice(0, 10))
}

const january = Date.UTC(2026, 0, 1)

describe('recurrence rules', () => {
  // Two weeks of rules, dates and exceptions from Monday, 5 January 2026.
  for (const [name, lines, expected] of [
    ['COUNT', ['RRULE:FREQ=DAILY;COUNT=3'], [5, 6, 7]],
    ['UNTIL, which is inclusive', ['RRULE:FREQ=DAILY;UNTIL=20260107T080000Z'], [5, 6, 7]],
    ['UNTIL as a day', ['RRULE:FREQ=DAILY;UNTIL=20260107'], [5, 6, 7]],
    ['INTERVAL', ['RRULE:FREQ=DAILY;INTERVAL=5'], [5, 10, 15]],
    ['BYDAY', ['RRULE:FREQ=WEEKLY;BYDAY=MO,FR'], [5, 9, 12, 16]],
    ['WKST, Monday', ['RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=MO'], [5, 11]],
    ['WKST, Sunday', ['RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=SU'], [5]],
    ['BYMONTHDAY from the end', ['RRULE:FREQ=MONTHLY;BYMONTHDAY=-20'], [12]],
    ['BYDAY with a position', ['RRULE:FREQ=MONTHLY;BYDAY=2TU,-3SA'], [13, 17]],
    ['BYSETPOS', ['RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=4,-12'], [6, 15]],
    ['BYWEEKNO', ['RRULE:FREQ=YEARLY;BYWEEKNO=3'], [12]],
    ['BYYEARDAY', ['RRULE:FREQ=YEARLY;BYYEARDAY=8,-350'], [8, 16]],
    ['EXDATE', ['RRULE:FREQ=DAILY;COUNT=4', 'EXDATE;TZID=Europe/Amsterdam:20260106T090000,20260107T090000'], [5, 8]],
    ['EXDATE in UTC', ['RRULE:FREQ=DAILY;COUNT=3', 'EXDATE:20260106T080000Z'], [5, 7]],
    ['EXDATE as a day', ['RRULE:FREQ=DAILY;COUNT=3', 'EXDATE;VALUE=DATE:20260106'], [5, 7]],
    ['RDATE', ['RRULE:FREQ=DAILY;COUNT=2', 'RDATE:20260110T080000Z'], [5, 6, 10]],
    ['RDATE alone', ['RDATE:20260110T080000Z,20260111T080000Z'], [5, 10, 11]],
    ['RDATE as a period', ['RDATE;VALUE=PERIOD:20260110T080000Z/PT2H'], [5, 10]],
    ['two rules that overlap', ['RRULE:FREQ=DAILY;COUNT=2', 'RRULE:FREQ=WEEKLY;COUNT=2'], [5, 6, 12]],
  ] as const) {
    it(`follow ${name}`, async () => {
      const found = await days(weekly(...lines), january, 17)
      assert.deepEqual(
        found,
        expected.map((day) => `2026-01-${String(day).padStart(2, '0')}`),
      )
    })
  }

  it('skip days that a month does not have', async () => {
    const monthly = weekly('RRULE:FREQ=MONTHLY').replace('20260105', '20260131')
    assert.deepEqual(await days(monthly, january, 100), ['2026-01-31', '2026-03-31'])
    const leap = vcalendar(vevent('UID:a', 'DTSTART;VALUE=DATE:20240229', 'RRULE:FREQ=YEARLY'))
    assert.deepEqual(await days(leap, january, 700), [])
    assert.deepEqual(await days(leap, Date.UTC(2028, 0, 1), 100), ['2028-02-28'])
  })

  it('keep the clock when clocks change, and the length', async () => {
    const daily = weekly('RRULE:FREQ=DAILY')
    const march = await starts(daily, Date.UTC(2026, 2, 28), 2.5)
    assert.deepEqual(march, ['2026-03-28T08:00:00.000Z', '2026-03-29T07:00:00.000Z', '2026-03-30T07:00:00.000Z'])
  })

  it('begin long ago without costing more', async () => {
    const old = weekly('RRULE:FREQ=SECONDLY;INTERVAL=3600').replace('20260105', '19700105')
    assert.deepEqual((await starts(old, january, 1 / 8)).length, 4)
  })

  it('that never hold, or always, end', { timeout: 20_000 }, async () => {
    for (const rule of [
      'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30',
      'FREQ=MONTHLY;BYDAY=MO;BYSETPOS=50',
      'FREQ=YEARLY;INTERVAL=999999999',
      'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5',
      'FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30',
    ]) {
      assert.deepEqual(await starts(weekly(`RRULE:${rule}`), january, 4 / 24), [], rule)
    }
    assert.deepEqual(await starts(weekly('RRULE:FREQ=SECONDLY;COUNT=999999999'), Date.UTC(2030, 0, 1), 1), [])
  })

  it('that hold very often begin with the present', async () => {
    const minutes = await starts(weekly('RRULE:FREQ=MINUTELY'), Date.UTC(2026, 5, 1), 1 / 96)
    assert.deepEqual([minutes.length, minutes[0]], [16, '2026-06-01T00:00:00.000Z'])
    const seconds = await starts(weekly('RRULE:FREQ=SECONDLY'), Date.UTC(2026, 5, 1), 1 / 96)
    assert.deepEqual([seconds.length, seconds[0]], [901, '2026-06-01T00:00:00.000Z'])
  })

  it('that recur too often cost only their own series, unless they are many', { timeout: 20_000 }, async () => {
    const endless = (uid: number) =>
      vevent(`UID:${uid}`, 'DTSTART:20200101T000000Z', 'RRULE:FREQ=SECONDLY;COUNT=99999999')
    const lunch = vevent('UID:lunch', 'DTSTART:20260105T120000Z')
    assert.deepEqual(await starts(vcalendar(endless(1), lunch), january, 10), ['2026-01-05T12:00:00.000Z'])
    await assert.rejects(starts(vcalendar(...[1, 2, 3, 4].map(endless), lunch), january, 10), {
      code: 'TIDINGS_RESPONSE_INVALID',
    })
  })

  it('agree with a look at each day', async () => {
    const cases = fc.record({
      frequency: fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'),
      interval: fc.integer({ min: 1, max: 4 }),
      weekdays: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { maxLength: 3 }),
      months: fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 3 }),
      start: fc.integer({ min: 0, max: 1500 }),
      from: fc.integer({ min: 0, max: 1500 }),
      zone: fc.constantFrom('Europe/Amsterdam', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC'),
      minute: fc.integer({ min: 0, max: 1439 }),
    })
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const first = Date.UTC(2024, 0, 1) + one.start * DAY
        const from = first + one.from * DAY
        const expected = byDay(one, first, from, 60)
        const found = await starts(vcalendar(vevent('UID:a', ...linesOf(one, first))), from, 60, one.zone)
        assert.deepEqual(found, expected)
      }),
      { numRuns: 40 },
    )
  })

  it('agree with ical.js', () => {
    const rules = fc.record({
      freq: fc.constantFrom('DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY', 'HOURLY'),
      interval: fc.integer({ min: 1, max: 3 }),
      byday: fc.constantFrom('', ';BYDAY=MO', ';BYDAY=TU,SA'),
      count: fc.constantFrom('', ';COUNT=7'),
    })
    return fc.assert(
      fc.asyncProperty(rules, fc.integer({ min: 0, max: 100 }), async ({ freq, interval, byday, count }, day) => {
        const rule = `FREQ=${freq};INTERVAL=${interval}${byday}${count}`
        // 1 January 2024 was a Monday. The rule must hold on the first day: whether it counts otherwise is undefined.
        const first = Date.UTC(2024, 0, 1) + (byday === '' ? day : 7 * day + (byday.includes('MO') ? 0 : 1)) * DAY
        const start = ICAL.Time.fromJSDate(new Date(first), true)
        const iterator = ICAL.Recur.fromString(rule).iterator(start)
        const expected: string[] = []
        const end = first + 40 * DAY
        for (let next = iterator.next(); next !== null; next = iterator.next()) {
          if (next.toJSDate().getTime() > end) break
          expected.push(next.toJSDate().toISOString())
        }
        const file = vcalendar(vevent('UID:a', `DTSTART:${start.toICALString()}`, 'DURATION:PT1M', `RRULE:${rule}`))
        assert.deepEqual(await starts(file, first, 40), expected)
      }),
      { numRuns: 40 },
    )
  })
})

interface Case {
  readonly frequency: string
  readonly interval: number
  readonly weekdays: readonly number[]
  readonly months: readonly number[]
  readonly zone: string
  readonly minute: number
}

const NAMES = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU']

function linesOf({ frequency, interval, weekdays, months, zone, minute }: Case, first: number): string[] {
  const local = new Date(first + minute * 60_000).toISOString().replaceAll(/[-:]|\.\d+Z/g, '')
  const byDay = weekdays.length === 0 ? '' : `;BYDAY=${weekdays.map((day) => NAMES[day]).join(',')}`
  const byMonth = months.length === 0 ? '' : `;BYMONTH=${months.join(',')}`
  return [
    `DTSTART;TZID=${zone}:${local}`,
    'DURATION:PT1M',
    `RRULE:FREQ=${frequency};INTERVAL=${interval}${byDay}${byMonth}`,
  ]
}

/** Asks of each day whether the rule holds, and of each minute what the clocks of the zone show. */
function byDay(one: Case, first: number, from: number, count: number): string[] {
  const found: string[] = []
  const begin = new Date(first)
  const weekday = (at: number): number => (new Date(at).getUTCDay() + 6) % 7
  for (let day = first; day <= from + (count + 2) * DAY; day += DAY) {
    const date = new Date(day)
    const monthsPassed =
      (date.getUTCFullYear() - begin.getUTCFullYear()) * 12 + date.getUTCMonth() - begin.getUTCMonth()
    const mondays = (day - weekday(day) * DAY - (first - weekday(first) * DAY)) / (7 * DAY)
    const { frequency, interval, weekdays, months } = one
    const passed = { DAILY: (day - first) / DAY, WEEKLY: mondays, MONTHLY: monthsPassed }[frequency]
    if ((passed ?? date.getUTCFullYear() - begin.getUTCFullYear()) % interval !== 0) continue
    if (months.length > 0 && !months.includes(date.getUTCMonth() + 1)) continue
    if (weekdays.length > 0 && !weekdays.includes(weekday(day))) continue
    const sameDate = date.getUTCDate() === begin.getUTCDate()
    if (weekdays.length === 0 && frequency === 'WEEKLY' && weekday(day) !== weekday(first)) continue
    if (weekdays.length === 0 && (frequency === 'MONTHLY' || frequency === 'YEARLY') && !sameDate) continue
    const sameMonth = date.getUTCMonth() === begin.getUTCMonth()
    if (weekdays.length === 0 && months.length === 0 && frequency === 'YEARLY' && !sameMonth) continue
    const at = clock(day + one.minute * 60_000, one.zone)
    if (at >= from && at <= from + count * DAY && !found.includes(new Date(at).toISOString()))
      found.push(new Date(at).toISOString())
  }
  return found.toSorted()
}

/** The first instant at which the clocks of a zone show a time; in a gap, that many minutes behind its beginning. */
function clock(wall: number, timeZone: string): number {
  const format = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
  const shown = (at: number): number => {
    return Date.parse(`${format.format(at).replace(' ', 'T')}Z`)
  }
  const offset = shown(wall - 15 * 3_600_000) - (wall - 15 * 3_600_000)
  // Half an hour is the smallest change of any zone.
  const candidates = [0, -60, -30, 30, 60].map((minutes) => wall - offset + minutes * 60_000)
  return candidates.toSorted((a, b) => a - b).find((at) => shown(at) === wall) ?? wall - offset
}

describe('the instant of a time', () => {
  const zone = (name: string) => namedZone(name) as NonNullable<ReturnType<typeof namedZone>>
  const at = (wall: string, name: string): string =>
    new Date(instantOf(Date.parse(`${wall}Z`), zone(name))).toISOString()

  it('that clocks skip is read with the offset before, and one that they repeat is the first', () => {
    assert.equal(at('2026-03-29T02:30:00', 'Europe/Amsterdam'), '2026-03-29T01:30:00.000Z')
    assert.equal(at('2026-10-25T02:30:00', 'Europe/Amsterdam'), '2026-10-25T00:30:00.000Z')
    assert.equal(at('2026-10-04T02:15:00', 'Australia/Lord_Howe'), '2026-10-03T15:45:00.000Z')
    // Samoa had no 30 December in 2011.
    assert.equal(at('2011-12-31T12:00:00', 'Pacific/Apia'), '2011-12-30T22:00:00.000Z')
  })

  it('has a zone by the names of Windows, and behind prefixes', () => {
    for (const name of [
      'W. Europe Standard Time',
      '/citadel.org/20250101_1/Europe/Berlin',
      '/a/Tzfile/Europe/Berlin',
    ]) {
      assert.equal(at('2026-07-01T12:00:00', name), '2026-07-01T10:00:00.000Z')
    }
    assert.equal(at('2026-07-01T12:00:00', 'tzone/America/Argentina/Buenos_Aires'), '2026-07-01T15:00:00.000Z')
    for (const name of ['Nowhere Standard Time', 'constructor', '+01:00', '']) assert.equal(namedZone(name), undefined)
  })
})
