import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { every, nextRuns, type Schedule, weekdays } from '../../lib/schedule/index.ts'
import { checkCalendar, kinds } from './calendar-check.ts'

describe('calendar schedules match a check of every day', () => {
  for (const [name, kind] of Object.entries(kinds)) it(name, () => checkCalendar(kind, 40))
})

const utc = 'UTC'
const rows: readonly (readonly [what: string, schedule: Schedule, after: string, slots: readonly string[]])[] = [
  [
    'every other monday',
    every(2).weeks.monday.at('9:00', utc).from('2026-01-05'),
    '2026-01-01',
    ['2026-01-05T09:00Z', '2026-01-19T09:00Z', '2026-02-02T09:00Z'],
  ],
  [
    'without a start: from the first monday after the job was first seen, at a slot or not',
    every(2).weeks.monday.at('9:00', utc),
    '2026-01-05T09:00:00Z',
    ['2026-01-12T09:00Z', '2026-01-26T09:00Z'],
  ],
  [
    'a last day that was left out comes in the next month',
    every().month.on('last').at('9:00', 'Asia/Manila'),
    '1844-12-31T12:00:00Z',
    ['1844-12-31T15:56:08Z', '1845-01-31T00:56:08Z'],
  ],
  [
    'a start in the past keeps its count',
    every(2).weeks.monday.at('9:00', utc).from('2026-01-05'),
    '2031-05-01',
    ['2031-05-05T09:00Z', '2031-05-19T09:00Z'],
  ],
  [
    'a start on another day of the week: the first monday after it',
    every(2).weeks.monday.at('9:00', utc).from('2026-01-07'),
    '2026-01-01',
    ['2026-01-12T09:00Z', '2026-01-26T09:00Z'],
  ],
  [
    'a start later on that day',
    every(2).weeks.monday.at('9:00', utc).from('2026-01-05 10:00'),
    '2026-01-01',
    ['2026-01-12T09:00Z', '2026-01-26T09:00Z'],
  ],
  [
    'without a time of day: that of the start',
    every(2).weeks.monday.from('2026-01-05T08:30:00Z'),
    '2026-01-01',
    ['2026-01-05T08:30Z', '2026-01-19T08:30Z'],
  ],
  [
    'a month without such a day has no slot',
    every().month.on(31).at('9:00', utc),
    '2026-01-31T10:00Z',
    ['2026-03-31T09:00Z', '2026-05-31T09:00Z'],
  ],
  [
    'the last day is in every month',
    every().month.on('last').at('9:00', utc),
    '2028-01-31T10:00Z',
    ['2028-02-29T09:00Z', '2028-03-31T09:00Z'],
  ],
  [
    'a fifth friday is not',
    every().month.on('fifth friday').at('9:00', utc),
    '2026-01-01',
    ['2026-01-30T09:00Z', '2026-05-29T09:00Z'],
  ],
  [
    'a quarter',
    every(3).months.on(1).at('9:00', utc).from('2026-02-01'),
    '2026-01-01',
    ['2026-02-01T09:00Z', '2026-05-01T09:00Z'],
  ],
  [
    'centuries without a leap day',
    every(1200).months.on(29).at('9:00', utc).from('2000-02-29'),
    '2026-01-01',
    ['2400-02-29T09:00Z', '2800-02-29T09:00Z'],
  ],
  ['an interval', every(2).hours.from('2026-01-05T10:30:00Z'), '2026-01-05T12:30Z', ['2026-01-05T14:30Z']],
  [
    'the start of an interval is a slot',
    every(2).hours.from('2026-01-05T10:30:00Z'),
    '2026-01-01',
    ['2026-01-05T10:30Z'],
  ],
  [
    'hours with a minute',
    every(3).hours.at(':15', utc).from('2026-01-05T10:30:00Z'),
    '2026-01-01',
    ['2026-01-05T11:15Z', '2026-01-05T14:15Z'],
  ],
  [
    'working days, from a time and to a date',
    weekdays.from('2026-01-09T08:30:00Z').until('2026-01-12T08:30:00Z'),
    '2026-01-01',
    ['2026-01-09T08:30Z', '2026-01-12T08:30Z'],
  ],
  [
    'an end that is a duration counts from the start',
    every(2).weeks.monday.at('9:00', utc).from('2026-01-05').until('3w'),
    '2026-01-01',
    ['2026-01-05T09:00Z', '2026-01-19T09:00Z'],
  ],
]

describe('weeks and months', () => {
  for (const [what, schedule, after, slots] of rows) {
    it(`${what}: ${schedule}`, () => {
      const expected = slots.map((slot) => new Date(slot))
      assert.deepEqual(nextRuns(schedule, expected.length, new Date(after)), expected)
    })
  }

  it('end at their end', () => {
    assert.equal(
      nextRuns(every().week.monday.at('9:00', utc).from('2026-01-05').until('2026-02-01'), 9, new Date(0)).length,
      4,
    )
  })

  it('with gaps that vary begin at the start, and differ by start', () => {
    const first = (start: string): string[] =>
      nextRuns(every(5).to(10).minutes.from(start), 3, new Date('2026-01-01')).map((slot) => slot.toISOString())
    assert.equal(first('2026-01-05T00:00:00Z')[0], '2026-01-05T00:00:00.000Z')
    assert.notDeepEqual(first('2026-01-05T00:00:00Z').slice(1), first('2026-01-05T00:01:00Z').slice(1))
  })
})
