import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkName, checkText, defaultLimits, limitsOf } from '../../lib/core/limits.ts'

describe('limitsOf', () => {
  it('fills in the defaults', () => {
    assert.deepEqual(limitsOf(), defaultLimits)
    assert.deepEqual(limitsOf({ data: 10 }), { type: 256, identifier: 1024, data: 10 })
  })

  for (const given of [null, 5, { data: 0 }, { type: 1.5 }, { identifier: '9' }, { name: 5 }]) {
    it(`rejects ${JSON.stringify(given)}`, () => {
      assert.throws(() => limitsOf(given as never), { code: 'TIDINGS_LOG_INVALID', message: /^limits are / })
    })
  }
})

describe('checkText', () => {
  it('accepts a string of up to so many bytes, of any length if the limit is infinite', () => {
    assert.equal(checkText('éé', 4, 'TIDINGS_TYPE_INVALID', 'it'), 'éé')
    assert.equal(checkText('x'.repeat(1e6), Number.POSITIVE_INFINITY, 'TIDINGS_TYPE_INVALID', 'it').length, 1e6)
  })

  const wrong: [value: unknown, message: string][] = [
    ['éé!', 'it must be a string of 1 to 4 bytes, got 5 bytes'],
    ['', 'it must be a string of 1 to 4 bytes, got ""'],
    [undefined, 'it must be a string of 1 to 4 bytes, got undefined'],
    [7, 'it must be a string of 1 to 4 bytes, got the number 7: wrap it in String()'],
    ['\ud800', 'it must be a string of 1 to 4 bytes, got "\\ud800", which has half a surrogate pair'],
  ]
  for (const [value, message] of wrong) {
    it(`rejects ${JSON.stringify(value)}`, () => {
      assert.throws(() => checkText(value, 4, 'TIDINGS_TYPE_INVALID', 'it'), { code: 'TIDINGS_TYPE_INVALID', message })
    })
  }
})

describe('checkName', () => {
  it('accepts 1 to 256 bytes', () => {
    assert.equal(checkName('x'.repeat(256), 'TIDINGS_JOB_INVALID', 'the name').length, 256)
    for (const name of ['', 'x'.repeat(257)]) {
      assert.throws(() => checkName(name, 'TIDINGS_JOB_INVALID', 'the name'), {
        message: /^the name must be a string of/,
      })
    }
  })
})
