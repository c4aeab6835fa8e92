import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isoTime, shortTimes, shownZone, showTimesIn, timeIn, withTimes } from '../../../bin/print/times.ts'
import { systemZone } from '../../../lib/schedule/zone.ts'

const now = Date.parse('2026-11-29T12:00:00Z')
const short = (...times: readonly string[]): readonly string[] =>
  shortTimes(
    times.map((time) => new Date(time)),
    now,
  )

describe('times', () => {
  it('leave out what all of them have in common with now', (t) => {
    showTimesIn('Europe/Berlin')
    t.after(() => showTimesIn(systemZone()))
    assert.deepEqual(short('2026-11-29T08:00:00Z', '2026-11-28T23:00:00Z'), ['09:00:00', '00:00:00'])
    assert.deepEqual(short('2026-11-29T08:00:00Z', '2026-11-28T22:59:59Z'), ['11-29 09:00:00', '11-28 23:59:59'])
    assert.deepEqual(short('2025-11-29T08:00:00.999Z'), ['2025-11-29 09:00:00'])
    assert.deepEqual(short(), [])
    assert.equal(shownZone(), 'Berlin')
  })

  it('are short and name their zone on a terminal, and have an offset for programs', (t) => {
    showTimesIn('America/New_York')
    t.after(() => showTimesIn(systemZone()))
    const [terminal, pipe] = [{ isTTY: true }, {}]
    assert.equal(timeIn('2020-01-31T12:00:00Z', terminal), '2020-01-31 07:00:00 New York')
    for (const at of [1_580_472_000_000, new Date(1_580_472_000_000), '2020-01-31T12:00:00Z'])
      assert.deepEqual([timeIn(at, pipe), isoTime(at)], Array(2).fill('2020-01-31T07:00:00.000-05:00'))
    const words = 'job "a" rests until 2020-01-31T12:00:00.000Z: its slots were settled'
    assert.equal(withTimes(words, terminal), 'job "a" rests until 2020-01-31 07:00:00 New York: its slots were settled')
  })
})
