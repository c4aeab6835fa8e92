import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Cancel, Park, Retry } from '../../lib/core/control.ts'

describe('Retry', () => {
  it('says in its message how long to wait, for any form of the duration and for no wait', () => {
    for (const [after, ms, words] of [
      ['90s', 90_000, '1m30s'],
      [3_600_000, 3_600_000, '1h'],
      [0, 0, '0ms'],
      ['0s', 0, '0ms'],
    ] as const) {
      const retry = new Retry({ after })
      assert.deepEqual([retry.after, retry.message], [ms, `asked to be tried again after ${words}`])
    }
  })

  it('keeps its cause', () => {
    assert.equal(new Retry({ after: '1s', cause: 429 }).cause, 429)
  })

  it('rejects anything but a duration', () => {
    for (const options of [{ after: -1 }, { after: 1.5 }, { after: 'soon' }, {}, undefined]) {
      assert.throws(() => new Retry(options as never), {
        code: 'TIDINGS_DURATION_INVALID',
        message: /^after of a Retry: /,
      })
    }
  })
})

describe('Retry, Park and Cancel', () => {
  it('reject an error in place of their options, and keep it as the cause', () => {
    const error = new TypeError('it is full')
    const options = error as never
    for (const [name, throwing] of [
      ['Retry', () => new Retry(options)],
      ['Park', () => new Park('it failed', options)],
      ['Cancel', () => new Cancel('it failed', options)],
    ] as const) {
      const message = `the options of ${name} must be an object such as { cause: error }, got a TypeError itself`
      assert.throws(throwing, { message, cause: error })
    }
  })
})
