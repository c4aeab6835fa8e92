import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { anyCharacter } from '../../lib/testing/any-character.ts'
import { fc } from '../../lib/testing/index.ts'

describe('any character', () => {
  it("is generated as by fast-check's unit of all of Unicode", () => {
    const texts = (unit: 'binary' | typeof anyCharacter) =>
      fc.sample(fc.string({ unit, size: 'max', maxLength: 50 }), { seed: 7, numRuns: 200 })
    assert.deepEqual(texts(anyCharacter), texts('binary'))
  })

  it('shrinks to NUL, and from a given text', () => {
    const { counterexample } = fc.check(fc.property(fc.string({ unit: anyCharacter }), (text) => text === ''))
    assert.deepEqual(counterexample, ['\0'])
    const given = fc.check(
      fc.property(fc.string({ unit: anyCharacter }), (text) => !text.includes('\u{1f600}')),
      { examples: [['before \u{1f600} after']] },
    )
    assert.deepEqual(given.counterexample, ['\u{1f600}'])
    for (const wrong of ['', 'ab', '\ud800', 1]) assert.equal(anyCharacter.canShrinkWithoutContext(wrong), false)
  })
})
