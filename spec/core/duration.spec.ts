import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatDuration, parseDuration } from '../../lib/core/duration.ts'
import { TidingsError } from '../../lib/core/errors.ts'

describe('duration', () => {
  for (const [value, ms] of [
    ['5s', 5_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['2d', 172_800_000],
    ['1w', 604_800_000],
    ['1w2d3h4m5s6ms', 788_645_006],
    ['1.5h', 5_400_000],
    ['1.1m', 66_000],
    ['90m', 5_400_000],
    ['0h5s', 5_000],
    [1500, 1_500],
  ] as const) {
    it(`${JSON.stringify(value)} is ${ms} ms`, () => assert.equal(parseDuration(value, 'it'), ms))
  }

  for (const value of [
    '10',
    '',
    ' ',
    's',
    '-5s',
    '+5s',
    '5 s',
    ' 5s',
    '5s ',
    '5S',
    '1m30',
    '30m1h',
    '5s5s',
    '1y',
    '1mo',
    '5min',
    '.5s',
    '1.s',
    '1e3s',
    '0.0001s',
    '0s',
    '0ms',
    '5s\n',
    '٥s',
    '99999999999999w',
    0,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ]) {
    it(`is not ${JSON.stringify(value) ?? String(value)}`, () => {
      assert.throws(() => parseDuration(value, 'the timeout'), {
        code: 'TIDINGS_DURATION_INVALID',
        message: /^the timeout: expected a duration/,
      })
    })
  }

  for (const value of [undefined, null, true, {}, [5], 5n]) {
    it(`is not ${typeof value === 'bigint' ? '5n' : JSON.stringify(value)}, also when it passes the compiler`, () => {
      assert.throws(() => parseDuration(value as number, 'it'), TidingsError)
    })
  }

  it('rejects a duration below the minimum, which the message names', () => {
    assert.equal(parseDuration(0, 'the delay', { min: 0 }), 0)
    assert.equal(parseDuration('0s', 'the delay', { min: 0 }), 0)
    assert.throws(() => parseDuration('999ms', 'the pause', { min: 1000 }), {
      message: `the pause: expected a duration of at least 1s such as '5s', '1h30m' or a whole number of milliseconds, got "999ms"`,
    })
  })

  it('is formatted as text that parses to the same duration', () => {
    assert.equal(formatDuration(5_400_000), '1h30m')
    assert.equal(formatDuration(600_000), '10m')
    assert.equal(formatDuration(0), '0ms')
    assert.equal(formatDuration(15 * 86_400_000 + 1), '15d1ms')
    fc.assert(fc.property(fc.maxSafeNat(), (ms) => parseDuration(formatDuration(ms), 'it', { min: 0 }) === ms))
  })
})
