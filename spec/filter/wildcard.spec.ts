import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { wildcard } from '../../lib/filter/wildcard.ts'
import { cpuTime } from '../support/cpu-time.ts'

/** The definition of a wildcard, as simple as possible: try both things that a star can do. */
function means(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  const [head, rest] = [pattern.charAt(0), pattern.slice(1)]
  if (head === '*') return means(rest, text) || (text !== '' && means(pattern, text.slice(1)))
  return text !== '' && (head === '?' || head === text.charAt(0)) && means(rest, text.slice(1))
}

const asIs = (char: string): string => char

describe('wildcard', () => {
  it('agrees with its definition', () => {
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 })
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 })
    fc.assert(
      fc.property(pattern, text, (p, t) => assert.equal(wildcard(p, asIs)(t), means(p, t))),
      { numRuns: 5_000 },
    )
  })

  it('covers every text whose runs of characters were replaced by stars', () => {
    const piece = fc.string({ unit: 'grapheme', maxLength: 5 }).filter((text) => !/[*?]/.test(text))
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1 }), fc.array(piece), (fixed, runs) => {
        const text = fixed.map((part, i) => part + (i < fixed.length - 1 ? (runs[i] ?? '') : '')).join('')
        assert.ok(wildcard(fixed.join('*'), asIs)(text))
      }),
    )
  })

  it('stays fast where a backtracking expression would not', () => {
    const spent = cpuTime()
    assert.equal(wildcard(`${'a*'.repeat(30)}b`, asIs)('a'.repeat(20_000)), false)
    assert.equal(wildcard(`${'*?'.repeat(30)}b`, asIs)('a'.repeat(20_000)), false)
    assert.ok(spent() < 2_000) // some 10 ms; a backtracking matcher needs longer than the universe
  })
})
