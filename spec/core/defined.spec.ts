import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defined } from '../../lib/core/defined.ts'

describe('defined', () => {
  it('drops properties that are undefined, and keeps every other value', () => {
    const maybe: string | undefined = undefined
    const kept: { a?: string; b: null; c: number } = defined({ a: maybe, b: null, c: 0 })
    assert.deepEqual(Object.keys(kept), ['b', 'c'])
    assert.deepEqual(kept, { b: null, c: 0 })
  })
})
