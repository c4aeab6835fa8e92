import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { ZoneClock } from '../../lib/core/zone-clock.ts'

function timeZone(t: TestContext, zone: string): void {
  const before = process.env.TZ
  process.env.TZ = zone
  t.after(() => {
    if (before === undefined) delete process.env.TZ
    else process.env.TZ = before
  })
}

describe('ZoneClock', () => {
  const summer = Date.parse('2026-07-01T08:05:09.123Z')

  it('shows what the clocks of a zone show, with the offset', () => {
    for (const [zone, iso, short] of [
      ['UTC', '2026-07-01T08:05:09.123+00:00', 'UTC'],
      ['Europe/Berlin', '2026-07-01T10:05:09.123+02:00', 'Berlin'],
      ['Asia/Kolkata', '2026-07-01T13:35:09.123+05:30', 'Kolkata'],
      ['America/New_York', '2026-07-01T04:05:09.123-04:00', 'New York'],
      ['America/St_Johns', '2026-07-01T05:35:09.123-02:30', 'St Johns'],
      ['Pacific/Kiritimati', '2026-07-01T22:05:09.123+14:00', 'Kiritimati'],
    ] as const) {
      const clock = new ZoneClock(zone)
      assert.deepEqual([clock.iso(summer), clock.shortName], [iso, short])
      assert.equal(clock.wall(summer), iso.slice(0, 23))
    }
  })

  it('is in the zone of the system, if none is given', (t) => {
    timeZone(t, 'Asia/Tokyo')
    const clock = new ZoneClock()
    assert.deepEqual([clock.iso(summer), clock.name], ['2026-07-01T17:05:09.123+09:00', 'Asia/Tokyo'])
  })

  it('follows the clocks when they are changed, in the second', () => {
    const clock = new ZoneClock('Europe/Berlin')
    const change = Date.parse('2026-10-25T01:00:00Z')
    assert.equal(clock.iso(change - 1), '2026-10-25T02:59:59.999+02:00')
    assert.equal(clock.iso(change), '2026-10-25T02:00:00.000+01:00')
    assert.equal(clock.iso(change - 1), '2026-10-25T02:59:59.999+02:00')
  })

  it('names the instant itself, in every zone and at any time', () => {
    const zones = fc.constantFrom('UTC', 'Europe/London', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/Sao_Paulo')
    const instants = fc.integer({ min: Date.parse('1990-01-01'), max: Date.parse('2060-01-01') })
    fc.assert(fc.property(zones, instants, (zone, at) => assert.equal(Date.parse(new ZoneClock(zone).iso(at)), at)))
  })
})
