import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hash, hashShare } from '../../lib/core/hash.ts'

describe('hash', () => {
  it('is the SHA-256 digest of the utf8 text', () => {
    // FIPS 180-4, example "abc".
    const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    assert.equal(hash('abc').toString('hex'), expected)
  })
})

describe('hashShare', () => {
  it('is at least 0 and below 1, the same for the same text, and spread evenly', () => {
    const shares = Array.from({ length: 1000 }, (_, i) => hashShare(`text ${i}`))
    assert.ok(shares.every((share) => share >= 0 && share < 1))
    assert.deepEqual(shares[7], hashShare('text 7'))
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
    assert.ok(Math.abs(mean - 0.5) < 0.05, String(mean))
  })
})
