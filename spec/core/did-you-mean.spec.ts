import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { didYouMean } from '../../lib/core/did-you-mean.ts'

const words = ['run', 'test', 'events', 'listeners', 'myJob', '--log-level', '--once']

describe('didYouMean', () => {
  it('asks about the known word that was meant', () => {
    const meant: readonly [string, string][] = [
      ['rnu', 'run'],
      ['evnts', 'events'],
      ['listener', 'listeners'],
      ['my_job', 'myJob'],
      ['my-job', 'myJob'],
      ['MYJOB', 'myJob'],
      ['--loglevel', '--log-level'],
      ['--onec', '--once'],
    ]
    for (const [word, known] of meant) assert.equal(didYouMean(word, words), `; did you mean "${known}"?`, word)
  })

  it('is empty when no known word is similar', () => {
    for (const word of ['frobnicate', 'x', '', 'ru-n-n-e-r', 'weather']) assert.equal(didYouMean(word, words), '', word)
    assert.equal(didYouMean('run', []), '')
  })

  it('finds every word that lost, gained, changed or swapped one letter', () => {
    const long = words.filter((word) => word.length > 4)
    const slip = fc.constantFrom('drop', 'add', 'change', 'swap')
    fc.assert(
      fc.property(fc.constantFrom(...long), fc.nat(100), slip, (word, place, what) => {
        const at = word.startsWith('--') ? 2 + (place % (word.length - 3)) : place % (word.length - 1)
        const [before, a = '', b = '', after] = [word.slice(0, at), word[at], word[at + 1], word.slice(at + 2)]
        const slipped = {
          drop: before + b + after,
          add: `${before}${a}q${b}${after}`,
          change: `${before}q${b}${after}`,
          swap: before + b + a + after,
        }
        assert.equal(didYouMean(slipped[what as 'drop'], words), `; did you mean "${word}"?`)
      }),
    )
  })
})
