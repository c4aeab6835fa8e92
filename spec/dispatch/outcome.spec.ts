import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { backoff } from '../../lib/dispatch/outcome.ts'

describe('backoff', () => {
  it('lies between half of min · 2^(attempt - 1) and all of it, and never over max', () => {
    const bounds = fc.record({ min: fc.nat(10_000), max: fc.nat(1_000_000) })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), bounds, fc.string(), (attempt, { min, max }, key) => {
        const whole = Math.min(max, min * 2 ** Math.min(attempt - 1, 60))
        const ms = backoff(attempt, { min, max }, key)
        assert.ok(Number.isSafeInteger(ms))
        assert.ok(ms >= Math.floor(whole / 2) && ms <= Math.ceil(whole), `${ms} of ${whole}`)
      }),
    )
  })

  it('is the same for the same attempt at the same event, and spreads over its whole range for others', () => {
    const bounds = { min: 1000, max: 600_000 }
    assert.equal(backoff(3, bounds, 'a'), backoff(3, bounds, 'a'))
    const spread = Array.from({ length: 1000 }, (_, i) => backoff(1, bounds, `event ${i}`))
    // Uniform over 500 to 1000: a tenth of the range has about a hundred of a thousand.
    for (let from = 500; from < 1000; from += 50) {
      const share = spread.filter((ms) => ms >= from && ms < from + 50).length
      assert.ok(share > 50 && share < 160, `${share} from ${from}`)
    }
    assert.ok(new Set([1, 2, 3, 4].map((n) => backoff(n, { min: 1000, max: 1000 }, 'a'))).size > 1)
  })
})
