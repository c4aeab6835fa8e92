import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import {
  anyOf,
  cron,
  every,
  inZone,
  manual,
  nextRuns,
  once,
  type Schedule,
  weekdays,
} from '../../lib/schedule/index.ts'

process.env.TZ = 'America/New_York'

const thursday = new Date('2026-01-01T12:00:00Z')

describe('anyOf', () => {
  const both = anyOf(weekdays.at('9:00', 'UTC'), every().saturday.at('11:00', 'UTC'))

  it('has the slots of all its schedules', () => {
    assert.deepEqual(nextRuns(both, 3, thursday), [
      new Date('2026-01-02T09:00:00Z'),
      new Date('2026-01-03T11:00:00Z'),
      new Date('2026-01-05T09:00:00Z'),
    ])
  })

  it('has one slot for slots of the same instant', () => {
    const schedule = anyOf(every(2).hours, every(3).hours)
    const hours = nextRuns(schedule, 5, thursday).map((slot) => slot.getUTCHours() - 12)
    assert.deepEqual(hours, [2, 3, 4, 6, 8])
  })

  it('counts its intervals from when the job was first seen', () => {
    const late = new Date('2026-01-01T12:25:00Z')
    assert.deepEqual(anyOf(every(10).minutes, manual()).next(late, thursday), new Date('2026-01-01T12:30:00Z'))
  })

  it('ends with the last of them', () => {
    assert.equal(anyOf(manual(), once(new Date('2025-01-01'))).next(thursday), undefined)
  })

  it('accepts schedules written by users', () => {
    const leap: Schedule = { next: () => new Date('2028-02-29'), toString: () => 'on leap day' }
    assert.deepEqual(anyOf(leap).next(thursday), new Date('2028-02-29'))
    assert.equal(inZone(leap, 'Asia/Tokyo'), leap)
  })

  it('accepts a schedule that computes in the Date that it is given', () => {
    const next = (after: Date): Date => {
      after.setUTCHours(after.getUTCHours() + 1)
      return after
    }
    const hourly: Schedule = { next, toString: () => 'every hour' }
    for (const schedule of [hourly, anyOf(hourly)])
      assert.deepEqual(nextRuns(schedule, 2, thursday), [
        new Date(thursday.getTime() + 3_600_000),
        new Date(thursday.getTime() + 7_200_000),
      ])
  })

  it('describes itself', () => {
    assert.equal(`${both}`, 'every weekday at 09:00 UTC or every saturday at 11:00 UTC')
    assert.equal(both.kind, 'any')
  })
})

describe('a schedule in the zone of an agent', () => {
  const rows: readonly (readonly [schedule: Schedule, text: string, next: string])[] = [
    [every().day.at('10:30'), 'every day at 10:30 Asia/Tokyo', '2026-01-02T10:30:00+09:00'],
    [every(2).days.at('10:30'), 'every 2 days at 10:30 Asia/Tokyo', '2026-01-03T10:30:00+09:00'],
    [every().friday, 'every friday Asia/Tokyo', '2026-01-02T21:00:00+09:00'],
    [cron('30 10 * * *'), 'cron 30 10 * * * (Asia/Tokyo)', '2026-01-02T10:30:00+09:00'],
    [anyOf(cron('30 10 * * *'), manual()), 'cron 30 10 * * * (Asia/Tokyo) or manual', '2026-01-02T10:30:00+09:00'],
    [every().day.at('10:30', 'UTC'), 'every day at 10:30 UTC', '2026-01-02T10:30:00Z'],
    [cron('30 10 * * *', { timezone: 'UTC' }), 'cron 30 10 * * * (UTC)', '2026-01-02T10:30:00Z'],
    [every(10).minutes, 'every 10 minutes', '2026-01-01T12:10:00Z'],
    [once(new Date('2026-01-02')), 'once at 2026-01-02T00:00:00.000Z', '2026-01-02T00:00:00Z'],
  ]
  for (const [schedule, text, next] of rows) {
    it(`${schedule} becomes ${text}`, () => {
      const zoned = inZone(schedule, 'Asia/Tokyo')
      assert.equal(`${zoned}`, text)
      assert.deepEqual(zoned.next(thursday), new Date(next))
      assert.equal(zoned.kind, schedule.kind)
    })
  }

  it('does not change the schedule itself', () => {
    const schedule = every().day.at('10:30')
    inZone(schedule, 'Asia/Tokyo')
    assert.deepEqual(schedule.next(thursday), new Date('2026-01-01T10:30:00-05:00'))
  })
})

describe('a schedule in words', () => {
  for (const [schedule, text] of [
    [every().second, 'every second'],
    [every(5).to(10).minutes, 'every 5 to 10 minutes'],
    [every(3).hours.at(':15'), 'every 3 hours at :15'],
    [every().monday.at('13:15', 'Europe/Amsterdam'), 'every monday at 13:15 Europe/Amsterdam'],
    [weekdays.at('9:00').until('2027-01-01'), 'every weekday at 09:00 until 2027-01-01'],
    [every(2).minutes.until('90m'), 'every 2 minutes for 1h30m'],
    [every('36h').until('7:30'), 'every 1d12h until 07:30'],
    [every().day.until(new Date('2027-01-01T00:00:00Z')), 'every day until 2027-01-01T00:00:00.000Z'],
  ] as const) {
    it(text, () => assert.equal(String(schedule), text))
  }
})

describe('a program with intervals only', () => {
  const loaded = (...codes: string[]): boolean[] => {
    const index = new URL('../../lib/schedule/index.ts', import.meta.url).href
    const script = `import { every } from '${index}'
      import { createRequire } from 'node:module'
      const loaded = () => Object.keys(createRequire('${import.meta.url}').cache).some((file) => file.includes('croner'))
      console.log(JSON.stringify([${codes.map((code) => `(${code}, loaded())`).join(', ')}]))`
    const args = ['--import', 'tsx', '--input-type=module', '-e', script]
    return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as boolean[]
  }

  it('does not load the calendar library; one with a time of day does at its first slot', () => {
    const codes = ['every(2).seconds.next(new Date())', "every().day.at('9:00').next(new Date())"]
    assert.deepEqual(loaded(...codes), [false, true])
  })
})
