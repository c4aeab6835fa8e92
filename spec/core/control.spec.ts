import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Retry } from '../../lib/core/control.ts'

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
