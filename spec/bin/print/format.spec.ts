import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatSize, parseSize, relativeTime, roughDuration } from '../../../bin/print/format.ts'

describe('formatSize', () => {
  it('writes few digits and a unit', () => {
    for (const [bytes, words] of [
      [0, '0 B'],
      [999, '999 B'],
      [1000, '1.0 kB'],
      [1234, '1.2 kB'],
      [12_345, '12 kB'],
      [999_400, '999 kB'],
      [999_600, '1.0 MB'],
      [2e9, '2.0 GB'],
      [85e9, '85 GB'],
      [3e15, '3000 TB'],
    ] as const) {
      assert.equal(formatSize(bytes), words)
    }
  })

  it('writes what parseSize reads, up to rounding', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e15 }), (bytes) => {
        const read = parseSize(formatSize(bytes)) ?? Number.NaN
        assert.ok(Math.abs(read - bytes) <= bytes * 0.06, `${bytes} ${read}`)
      }),
    )
    assert.deepEqual(['2GB', '2 gb', '500MB', '1.5kB', '7b'].map(parseSize), [2e9, 2e9, 5e8, 1500, 7])
    for (const none of ['2', 'GB', '', '2 XB', '-2GB', '2m']) assert.equal(parseSize(none), undefined, none)
  })
})

describe('relativeTime and roughDuration', () => {
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
    it(`write ${words}`, () => {
      assert.equal(relativeTime(new Date(now + ms).toISOString(), now), words)
      assert.equal(roughDuration(Math.abs(ms)), words.replace(/^in | ago$/g, ''))
    })
  }
})
