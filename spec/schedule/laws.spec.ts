import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { anyOf, cron, every, inZone, type MonthDay, nextRuns, once, weekdays } from '../../lib/schedule/index.ts'

const date = (from: string, to: string): fc.Arbitrary<Date> =>
  fc.date({ min: new Date(from), max: new Date(to), noInvalidDate: true })
const zone = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/Nuuk',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Africa/Cairo',
)
const two = (below: number): fc.Arbitrary<string> => fc.nat(below - 1).map((n) => String(n).padStart(2, '0'))
const timeOfDay = fc.tuple(two(24), two(60), two(60)).map((parts) => parts.join(':'))
const count = fc.integer({ min: 1, max: 50 })
const days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const

const intervals = fc
  .tuple(count, fc.constantFrom('seconds', 'minutes', 'hours', 'days', 'weeks'))
  .map(([n, unit]) => every(n)[unit as 'seconds'])
const varying = fc
  .tuple(count, fc.nat(20), fc.constantFrom('seconds', 'minutes', 'hours', 'days', 'weeks'))
  .map(([n, more, unit]) => every(n).to(n + more)[unit as 'seconds'])
const timed = fc.oneof(
  fc.tuple(count, two(60), zone).map(([n, second, tz]) => every(n).minutes.at(`:${second}`, tz)),
  fc
    .tuple(count, two(60), two(60), zone)
    .map(([n, minute, second, tz]) => every(n).hours.at(`${minute}:${second}`, tz)),
  fc.tuple(count, timeOfDay, zone).map(([n, time, tz]) => every(n).days.at(time, tz)),
  fc.tuple(count, fc.nat(5), timeOfDay, zone).map(([n, more, time, tz]) =>
    every(n)
      .to(n + more)
      .days.at(time, tz),
  ),
  fc.tuple(fc.constantFrom(...days), timeOfDay, zone).map(([day, time, tz]) => every()[day].at(time, tz)),
  fc.tuple(timeOfDay, zone).map(([time, tz]) => weekdays.at(time, tz)),
  fc.constantFrom(...days).map((day) => every()[day]),
)
const place = fc.constantFrom('first', 'second', 'third', 'fourth', 'fifth', 'last')
const monthDay = fc.oneof(
  fc.integer({ min: 1, max: 31 }),
  fc.constant('last'),
  fc.tuple(place, fc.constantFrom(...days)).map((parts) => parts.join(' ')),
) as fc.Arbitrary<MonthDay>
const calendar = fc.oneof(
  fc.tuple(count, fc.constantFrom(...days)).map(([n, day]) => every(n).weeks[day]),
  fc
    .tuple(count, fc.constantFrom(...days), timeOfDay, zone)
    .map(([n, day, time, tz]) => every(n).weeks[day].at(time, tz)),
  fc.tuple(count, monthDay).map(([n, day]) => every(n).months.on(day)),
  fc.tuple(count, monthDay, timeOfDay, zone).map(([n, day, time, tz]) => every(n).months.on(day).at(time, tz)),
)
const localDate = fc.tuple(date('1995', '2055'), timeOfDay, fc.boolean()).map(([day, time, timed]) => {
  const text = day.toISOString().slice(0, 10)
  return timed ? `${text} ${time}` : text
})
const started = fc
  .tuple(fc.oneof(intervals, varying, timed, calendar), fc.oneof(date('1995', '2055'), localDate))
  .map(([schedule, start]) => schedule.from(start))
const crons = fc
  .tuple(
    fc.constantFrom(
      '* * * * *',
      '*/7 */5 * * *',
      '30 2 * * *',
      '0 0,12 1 * *',
      '15 10 * * 5#2',
      '0 0 L * *',
      '30 2 L-3 * *',
      '*/30 1-3 L-2 * *',
      '0 9 15W * *',
      '0 9 1-7 * +MON',
    ),
    zone,
  )
  .map(([expression, timezone]) => cron(expression, { timezone }))
const single = fc.oneof(intervals, varying, timed, calendar, started, crons, date('2020', '2030').map(once))
const schedules = fc.oneof(
  single,
  fc.tuple(single, single).map(([a, b]) => anyOf(a, b)),
)
const instants = date('1990-01-01', '2060-01-01')
const near = (anchor: Date): fc.Arbitrary<Date> =>
  fc.integer({ min: -1e9, max: 1e10 }).map((ms) => new Date(anchor.getTime() + ms))
const asked = instants.chain((anchor) => fc.tuple(fc.constant(anchor), fc.oneof(near(anchor), instants)))

describe('every schedule', () => {
  it('returns a slot strictly later than the given instant and the anchor', () => {
    fc.assert(
      fc.property(schedules, asked, (schedule, [anchor, after]) => {
        const slot = schedule.next(after, anchor)
        assert.ok(slot === undefined || (slot > after && slot > anchor), `${schedule}: ${slot?.toISOString()}`)
      }),
      { numRuns: 400 },
    )
  })

  it('has the same slots, from any instant on', () => {
    fc.assert(
      fc.property(
        schedules,
        asked,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (schedule, [anchor, after], part) => {
          const slots = []
          for (
            let slot = schedule.next(after, anchor);
            slot !== undefined && slots.length < 6;
            slot = schedule.next(slot, anchor)
          ) {
            slots.push(slot)
          }
          for (const [i, slot] of slots.entries()) {
            const before: Date = slots[i - 1] ?? new Date(Math.max(after.getTime(), anchor.getTime()))
            const between: Date = new Date(before.getTime() + Math.floor(part * (slot.getTime() - before.getTime())))
            assert.deepEqual(schedule.next(between, anchor), slot, `${schedule} from ${between.toISOString()}`)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('takes the given instant as its anchor by default', () => {
    fc.assert(
      fc.property(schedules, instants, (schedule, after) =>
        assert.deepEqual(schedule.next(after), schedule.next(after, after)),
      ),
    )
  })

  it('is pure: neither it nor its arguments change', () => {
    fc.assert(
      fc.property(schedules, asked, (schedule, [anchor, after]) => {
        const times = [anchor.getTime(), after.getTime()]
        assert.deepEqual(schedule.next(after, anchor), schedule.next(after, anchor))
        assert.deepEqual([anchor.getTime(), after.getTime()], times)
      }),
    )
  })

  it('returns a slot or undefined from the first to the last possible instant', () => {
    const all = fc.date({ noInvalidDate: true })
    fc.assert(
      fc.property(schedules, all, all, (schedule, anchor, after) => {
        const slot = schedule.next(after, anchor)
        assert.ok(slot === undefined || slot > after)
      }),
      { numRuns: 300 },
    )
    for (const timezone of ['UTC', 'Asia/Tokyo', 'America/New_York']) {
      const rules = [
        every().monday,
        every(2).days.at('9:00'),
        every(2).hours.at(':15'),
        cron('@daily'),
        cron('@hourly'),
      ]
      for (const schedule of rules.map((rule) => inZone(rule, timezone))) {
        assert.equal(schedule.next(new Date(-8.64e15))?.getUTCFullYear(), 1000, `${schedule}`)
        assert.equal(schedule.next(new Date(8.64e15)), undefined, `${schedule}`)
      }
    }
  })
})

describe('a schedule with a start', () => {
  it('has no slot before it, and the same slots whenever its job was first seen', () => {
    const first = fc.date({ min: new Date('1995-01-01'), max: new Date('2055-01-01'), noInvalidDate: true })
    const kinds = fc.oneof(intervals, varying, timed, calendar)
    fc.assert(
      fc.property(kinds, first, instants, instants, (kind, start, after, anchor) => {
        const schedule = kind.from(start)
        const slot = schedule.next(after)
        assert.ok(slot !== undefined && slot >= start, `${schedule}: ${slot?.toISOString()}`)
        if (anchor <= after) assert.deepEqual(schedule.next(after, anchor), slot, `${schedule}`)
      }),
      { numRuns: 300 },
    )
  })

  it('equals the schedule without one from its start on, if its units are not counted', () => {
    const kinds = fc.oneof(
      fc.tuple(timeOfDay, zone).map(([time, tz]) => every().day.at(time, tz)),
      fc.tuple(fc.constantFrom(...days), timeOfDay, zone).map(([day, time, tz]) => every().week[day].at(time, tz)),
      fc.tuple(monthDay, timeOfDay, zone).map(([day, time, tz]) => every().month.on(day).at(time, tz)),
    )
    fc.assert(
      fc.property(kinds, date('1995', '2055'), instants, (kind, start, after) => {
        const later = new Date(Math.max(after.getTime(), start.getTime() - 1))
        assert.deepEqual(kind.from(start).next(after), kind.next(later), `${kind}`)
      }),
      { numRuns: 200 },
    )
  })

  it('has no slot after its end', () => {
    fc.assert(
      fc.property(fc.oneof(timed, calendar), localDate, count, instants, (kind, start, weeks, after) => {
        const schedule = kind.from(start).until(`${weeks}w`)
        const slot = schedule.next(after)
        const opened = kind.from(start).next(after)
        assert.ok(slot === undefined || slot.getTime() === opened?.getTime())
        const began = Math.max(after.getTime(), Date.parse(`${start.replace(' ', 'T')}Z`))
        const most = began + (weeks * 7 + 1) * 86_400_000
        assert.ok(slot === undefined || slot.getTime() <= most, `${schedule}: ${slot?.toISOString()}`)
      }),
      { numRuns: 200 },
    )
  })
})

describe('a distant slot', () => {
  it('is found by arithmetic, not by a walk through seven thousand years', () => {
    const far = new Date('9000-01-01')
    const first = new Date('1970-01-01')
    const schedules = [
      every(2).weeks.monday.at('9:00', 'UTC'),
      every(7).months.on(31).at('9:00', 'UTC'),
      every(3).days.at('9:00', 'UTC').from('1970-01-01'),
    ]
    for (const schedule of schedules) {
      const used = process.cpuUsage()
      for (let i = 0; i < 100; i++) schedule.next(new Date(far.getTime() + i * 86_400_000), first)
      const { user, system } = process.cpuUsage(used)
      assert.ok(user + system < 1_000_000, `${schedule}: ${user + system} µs`)
    }
  })
})

describe('gaps that vary', () => {
  const units = { seconds: 1000, minutes: 60_000, hours: 3_600_000, days: 86_400_000, weeks: 604_800_000 } as const
  const ranges = fc.tuple(count, fc.nat(50), fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])))

  it('are never shorter than the minimum or longer than the maximum, including the first', () => {
    fc.assert(
      fc.property(ranges, asked, ([least, more, unit], [anchor, after]) => {
        const schedule = every(least).to(least + more)[unit]
        const early = nextRuns(schedule, 20, anchor)
        const first = schedule.next(after, anchor) as Date
        const late = [first, schedule.next(first, anchor) as Date]
        for (const run of [[anchor, ...early], late]) {
          for (const [i, slot] of run.slice(1).entries()) {
            const gap = (slot.getTime() - (run[i] as Date).getTime()) / units[unit]
            assert.ok(gap >= least && gap <= least + more, `${schedule}: ${gap}`)
          }
        }
      }),
    )
  })

  it('are whole days if the schedule has a time of day', () => {
    fc.assert(
      fc.property(count, fc.nat(5), timeOfDay, asked, (least, more, time, [anchor, after]) => {
        const schedule = every(least)
          .to(least + more)
          .days.at(time, 'UTC')
        const first = schedule.next(after, anchor) as Date
        const gap = ((schedule.next(first, anchor) as Date).getTime() - first.getTime()) / units.days
        assert.ok(Number.isInteger(gap) && gap >= least && gap <= least + more, `${schedule}: ${gap}`)
      }),
    )
  })

  it('vary over the whole range, around its middle', () => {
    const slots = nextRuns(every(10).to(20).minutes, 2_000, new Date('2026-01-01T00:00:00Z'))
    const gaps = slots.slice(1).map((slot, i) => (slot.getTime() - (slots[i] as Date).getTime()) / 60_000)
    assert.ok(Math.min(...gaps) < 10.5)
    assert.ok(Math.max(...gaps) > 19.5)
    assert.ok(Math.abs(gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length - 15) < 0.01)
    assert.ok(new Set(gaps).size > 1_900)
  })

  it('vary by days too, from the first on', () => {
    const slots = nextRuns(every(1).to(3).days.at('9:00', 'UTC'), 100, new Date('2026-01-01T00:00:00Z'))
    const gaps = slots.slice(1).map((slot, i) => (slot.getTime() - (slots[i] as Date).getTime()) / units.days)
    assert.deepEqual(
      [...new Set(gaps)].toSorted((a, b) => a - b),
      [1, 2, 3],
    )
  })

  it('are drawn from the slot before: the same ones follow from any instant', () => {
    for (const schedule of [every(5).to(10).minutes, every(59).to(60).seconds, every(1).to(3).days.at('9:00', 'UTC')]) {
      const anchor = new Date('2026-01-01T10:20:30.456Z')
      let slot = anchor
      for (const known of nextRuns(schedule, 500, anchor)) {
        slot = schedule.next(slot) as Date
        assert.deepEqual(slot, known, `${schedule}`)
      }
    }
  })

  it('reach the minimum and the maximum, including the first', () => {
    const first = (ms: number): number => (every(10).to(20).minutes.next(new Date(ms)) as Date).getTime() - ms
    const gaps = Array.from({ length: 2_000 }, (_, i) => first(i * 1_000_003) / units.minutes)
    for (let least = 10; least < 20; least += 1) {
      const share = gaps.filter((gap) => gap >= least && gap <= least + 1).length / gaps.length
      assert.ok(share > 0.07 && share < 0.13, `${least}: ${share}`)
    }
  })

  it('differ between jobs, by when each was first seen', () => {
    const first = (ms: number): number => (every(10).to(20).minutes.next(new Date(ms)) as Date).getTime() - ms
    assert.equal(new Set([0, 1, 2, 1_000, 2 ** 32, -1].map(first)).size, 6)
  })
})
