import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inWords, lasting, localTime } from '../../../bin/print/when.ts'

describe('a time in words', () => {
  const now = Date.parse('2026-01-01T12:00:00Z')
  for (const [ms, words] of [
    [0, 'in 0 ms'],
    [999, 'in 999 ms'],
    [1000, 'in 1 s'],
    [59_999, 'in 59 s'],
    [60_000, 'in 1 min'],
    [3_600_000, 'in 1 h'],
    [86_400_000, 'in 1 d'],
    [40 * 86_400_000, 'in 40 d'],
    [-1500, '1 s ago'],
    [-7_200_000, '2 h ago'],
  ] as const) {
    it(`is ${words}`, () => {
      assert.equal(inWords(new Date(now + ms).toISOString(), now), words)
      assert.equal(lasting(Math.abs(ms)), words.replace(/^in | ago$/g, ''))
    })
  }

  it('is that of the clocks here', () => {
    for (const [zone, shown] of [
      ['UTC', '2026-07-01 08:05:09'],
      ['Asia/Tokyo', '2026-07-01 17:05:09'],
      ['America/New_York', '2026-07-01 04:05:09'],
    ]) {
      process.env['TZ'] = zone
      assert.equal(localTime('2026-07-01T08:05:09.123Z'), shown)
    }
  })
})
