import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorInfo } from '../../lib/core/error-info.ts'

describe('a stored error', () => {
  it('has no secret in any of its fields', () => {
    const thrown = Object.assign(new Error('no hush-hush'), { name: 'hush-hush error', code: 'E_hush-hush' })
    const { stack, ...words } = errorInfo(thrown, (text) => text.replaceAll('hush-hush', '[secret]'))
    assert.deepEqual(words, { name: '[secret] error', message: 'no [secret]', code: 'E_[secret]' })
    assert.doesNotMatch(String(stack), /hush/)
  })
})
