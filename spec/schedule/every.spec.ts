import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Duration } from '../../lib/core/duration.ts'
import { every, inZone, nextRuns } from '../../lib/schedule/index.ts'

const noon = new Date('2026-03-01T12:00:00.250Z')
const units = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const

describe('an interval', () => {
  for (const [unit, ms] of Object.entries(units) as [keyof typeof units, number][]) {
    it(`of one ${unit} comes ${ms} ms after the job was first seen, of three ${unit}s three times as late`, () => {
      assert.equal(every()[unit].next(noon)?.getTime(), noon.getTime() + ms)
      assert.equal(every()[`${unit}s`].next(noon)?.getTime(), noon.getTime() + ms)
      assert.equal(every(3)[`${unit}s`].next(noon)?.getTime(), noon.getTime() + 3 * ms)
    })
  }

  it('can be a duration', () => {
    assert.equal(every(90_000).next(noon)?.getTime(), noon.getTime() + 90_000)
    assert.equal(every(1000).toString(), every('1s').toString())
    assert.equal(every(1000).seconds.toString(), 'every 1000 seconds')
    const given: readonly Duration[] = ['2s', 2000]
    for (const duration of given) assert.equal(every(duration).toString(), 'every 2s')
    assert.equal(
      every(2000)
        .until('1h')
        .next(new Date(noon.getTime() + 3_599_000), noon)
        ?.getTime(),
      noon.getTime() + 3_600_000,
    )
    assert.equal('next' in every(999), false)
    assert.equal(every('1h30m').next(noon)?.toISOString(), '2026-03-01T13:30:00.250Z')
    assert.equal(every('250ms').next(noon)?.toISOString(), '2026-03-01T12:00:00.500Z')
  })

  it('keeps its rate however late a run is, and skips slots that passed', () => {
    const late = new Date(noon.getTime() + 37 * 60_000)
    assert.equal(every(10).minutes.next(late, noon)?.getTime(), noon.getTime() + 40 * 60_000)
    const onTheSlot = new Date(noon.getTime() + 40 * 60_000)
    assert.equal(every(10).minutes.next(onTheSlot, noon)?.getTime(), noon.getTime() + 50 * 60_000)
  })

  it('has its first slot one period after the anchor, also when asked about an earlier time', () => {
    assert.equal(every(10).minutes.next(new Date(0), noon)?.getTime(), noon.getTime() + 600_000)
  })

  it('lies on anchor + k periods and within one period, from any anchor to any time', () => {
    const dates = fc.date({ noInvalidDate: true })
    fc.assert(
      fc.property(
        dates,
        dates,
        fc.integer({ min: 1, max: 10_000 }),
        fc.constantFrom('ms', ...Object.keys(units)),
        (after, anchor, count, unit) => {
          const [rule, size] =
            unit === 'ms'
              ? [every(`${count}ms`), 1]
              : [every(count)[`${unit as keyof typeof units}s`], units[unit as keyof typeof units]]
          const from = BigInt(Math.max(after.getTime(), anchor.getTime()))
          const next = rule.next(after, anchor)
          const period = BigInt(count * size)
          const k = (from - BigInt(anchor.getTime())) / period + 1n
          const expected = BigInt(anchor.getTime()) + k * period
          assert.equal(
            next === undefined ? undefined : BigInt(next.getTime()),
            expected > 8_640_000_000_000_000n ? undefined : expected,
          )
        },
      ),
    )
  })

  it('describes itself', () => {
    assert.equal(`${every().minute}`, 'every minute')
    assert.equal(`${every(10).minutes}`, 'every 10 minutes')
    assert.equal(`${every('90m')}`, 'every 1h30m')
    assert.equal(every(2).seconds.kind, 'every')
  })
})

describe('counted units with a time in them', () => {
  for (const [schedule, ...slots] of [
    [every(3).hours.at(':15'), '15:15:00', '18:15:00', '21:15:00'],
    [every(2).hours.at(':00'), '14:00:00', '16:00:00'],
    [every(2).hours.at('00:30'), '14:00:30', '16:00:30'],
    [every(5).minutes.at(':00'), '12:45:00', '12:50:00'],
    [every(5).minutes.at(':59'), '12:45:59', '12:50:59'],
  ] as const) {
    it(`${schedule}, first seen at 12:40:20, comes at ${slots.join(', ')}`, () => {
      const seen = new Date('2026-03-01T12:40:20.500Z')
      const texts = nextRuns(inZone(schedule, 'UTC'), slots.length, seen).map((slot) =>
        slot.toISOString().slice(11, 19),
      )
      assert.deepEqual(texts, slots)
    })
  }
})

describe('a day of the week without a time', () => {
  it('comes at the time of day at which the job was first seen, by the clocks of its zone', () => {
    assert.deepEqual(nextRuns(inZone(every().sunday, 'Europe/Berlin'), 2, new Date('2026-03-22T10:30:15.500+01:00')), [
      new Date('2026-03-29T10:30:15+02:00'),
      new Date('2026-04-05T10:30:15+02:00'),
    ])
  })
})

describe('nextRuns', () => {
  it('returns the next slots', () => {
    assert.deepEqual(
      nextRuns(every(2).hours, 3, new Date('2026-01-01T23:00:00Z')).map((slot) => slot.toISOString()),
      ['2026-01-02T01:00:00.000Z', '2026-01-02T03:00:00.000Z', '2026-01-02T05:00:00.000Z'],
    )
  })
})
