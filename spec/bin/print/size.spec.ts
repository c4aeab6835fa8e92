import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseSize, size } from '../../../bin/print/size.ts'

describe('a size', () => {
  it('has few digits, and a unit', () => {
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
      assert.equal(size(bytes), words)
    }
  })

  it('is read in the same words, near enough, and in others', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e15 }), (bytes) => {
        const read = parseSize(size(bytes)) ?? Number.NaN
        assert.ok(Math.abs(read - bytes) <= bytes * 0.06, `${bytes} ${read}`)
      }),
    )
    assert.deepEqual(['2GB', '2 gb', '500MB', '1.5kB', '7b'].map(parseSize), [2e9, 2e9, 5e8, 1500, 7])
    for (const none of ['2', 'GB', '', '2 XB', '-2GB', '2m']) assert.equal(parseSize(none), undefined, none)
  })
})
