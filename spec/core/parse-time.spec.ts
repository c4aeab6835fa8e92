import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { parseTime } from '../../lib/core/parse-time.ts'

const now = Date.parse('2026-11-22T12:00:00Z')

function inZone(t: TestContext, zone: string): void {
  const before = process.env.TZ
  process.env.TZ = zone
  t.after(() => {
    if (before === undefined) delete process.env.TZ
    else process.env.TZ = before
  })
}

const iso = (text: string, endOfDay = false): string | undefined => {
  const ms = parseTime(text, now, { endOfDay })
  return ms === undefined ? undefined : new Date(ms).toISOString()
}

describe('parseTime', () => {
  it('reads times with an offset the same in every zone', (t) => {
    inZone(t, 'America/New_York')
    for (const offset of ['+02:00', '+0200', '+02', ' +02:00', ' +0200']) {
      assert.equal(iso(`2026-07-01 00:00${offset}`), '2026-06-30T22:00:00.000Z', offset)
      assert.equal(iso(`2026-07-01T00:00:30.25${offset}`), '2026-06-30T22:00:30.250Z', offset)
    }
    assert.equal(iso('2026-07-01t00:00z'), '2026-07-01T00:00:00.000Z')
    assert.equal(iso('2026-07-01T00:00:00.123456789Z'), '2026-07-01T00:00:00.123Z')
    assert.equal(iso('2026-07-01 00:00-09:30'), '2026-07-01T09:30:00.000Z')
  })

  it('reads times and days without one as local', (t) => {
    inZone(t, 'Europe/Berlin')
    assert.equal(iso('2026-07-01 00:00'), '2026-06-30T22:00:00.000Z')
    assert.equal(iso('2026-07-01T00:00:05'), '2026-06-30T22:00:05.000Z')
    assert.equal(iso('2026-07-01'), '2026-06-30T22:00:00.000Z')
    assert.equal(iso('2026-07-01', true), '2026-07-01T21:59:59.999Z')
    assert.equal(iso('today'), '2026-11-21T23:00:00.000Z')
    assert.equal(iso('today', true), '2026-11-22T22:59:59.999Z')
    assert.equal(iso('yesterday'), '2026-11-20T23:00:00.000Z')
    assert.equal(iso('yesterday', true), '2026-11-21T22:59:59.999Z')
    // The clocks were set back: the day has 25 hours.
    assert.equal(iso('2026-10-25'), '2026-10-24T22:00:00.000Z')
    assert.equal(iso('2026-10-25', true), '2026-10-25T22:59:59.999Z')
  })

  it('reads `now` and times ago', () => {
    assert.equal(iso('now'), '2026-11-22T12:00:00.000Z')
    assert.equal(iso('2h'), '2026-11-22T10:00:00.000Z')
    assert.equal(iso('1d12h'), '2026-11-21T00:00:00.000Z')
    assert.equal(iso('0s'), '2026-11-22T12:00:00.000Z')
  })

  it('begins a day whose midnight is skipped at its first instant', (t) => {
    inZone(t, 'America/Santiago')
    assert.equal(iso('2026-09-06'), '2026-09-06T04:00:00.000Z')
    assert.equal(iso('2026-09-05', true), '2026-09-06T03:59:59.999Z')
  })

  it('rejects a day that the zone skipped', (t) => {
    inZone(t, 'Pacific/Apia')
    assert.equal(iso('2011-12-30'), undefined)
    assert.equal(iso('2011-12-30 12:00'), undefined)
    assert.equal(iso('2011-12-29', true), '2011-12-30T09:59:59.999Z')
    assert.equal(iso('2011-12-31'), '2011-12-30T10:00:00.000Z')
  })

  it('rejects everything else', () => {
    const days = [
      '2026-02-30',
      '2026-02-29',
      '2100-02-29',
      '2026-04-31',
      '2026-00-10',
      '2026-13-01',
      '2026-01-00',
      '2026-01-32',
    ]
    for (const day of days) {
      for (const text of [day, `${day}T12:00Z`, `${day} 12:00`, `${day}T12:00:00+02:00`])
        assert.equal(iso(text), undefined, text)
    }
    const texts = [
      '2026-07-01 24:00',
      '2026-07-01 12:60',
      '2026-07-01 12:00:60',
      '2026-07-01T12Z',
      '2026-07-01 12:00 CET',
    ]
    const more = [
      '2026-07-01 12:00+24:00',
      '2026-07-01 12:00+02:60',
      '2026-07-01 12:00+2',
      '2026-7-1',
      '01.07.2026',
      '2026-07',
    ]
    const words = [
      '',
      ' ',
      'Now',
      'tomorrow',
      'today 10:00',
      '-1h',
      '1h ago',
      '5',
      '2026',
      '1e3',
      'NaN',
      '2026-07-01  12:00',
    ]
    for (const text of [...texts, ...more, ...words, '0000-01-01', ' 2026-07-01', '2026-07-01\n']) {
      assert.equal(iso(text), undefined, JSON.stringify(text))
    }
  })

  it('agrees with Date about every instant, in every zone', (t) => {
    const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia']
    const before = process.env.TZ
    t.after(() => void (process.env.TZ = before ?? ''))
    const instants = fc.integer({ min: Date.UTC(1980, 0, 1), max: Date.UTC(2060, 0, 1) })
    fc.assert(
      fc.property(fc.constantFrom(...zones), instants, (zone, ms) => {
        process.env.TZ = zone
        const at = new Date(ms)
        assert.equal(parseTime(at.toISOString(), now), ms)
        const two = (n: number): string => String(n).padStart(2, '0')
        const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
        const wall = `${day} ${two(at.getHours())}:${two(at.getMinutes())}`
        // If two instants have the same wall time, Date and parseTime choose the first.
        const first = new Date(at.getFullYear(), at.getMonth(), at.getDate(), at.getHours(), at.getMinutes()).getTime()
        assert.equal(parseTime(wall, now), first)
        const [begin, end] = [parseTime(day, now) ?? Number.NaN, parseTime(day, now, { endOfDay: true }) ?? Number.NaN]
        assert.ok(begin <= ms && ms <= end, `${zone} ${day}`)
        assert.notEqual(new Date(begin - 1).getDate(), at.getDate())
        assert.notEqual(new Date(end + 1).getDate(), at.getDate())
      }),
      { numRuns: 300 },
    )
  })
})
