import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { afterPoll, floodLimits, isFlood, NORMAL } from '../../lib/job/flood-rule.ts'

const limits = { new: 20, share: 0.9 }

describe('isFlood', () => {
  const cases: [fresh: number, known: number, flood: boolean][] = [
    [0, 0, false],
    [19, 0, false],
    [20, 0, true],
    [20, 2, true],
    [20, 3, false],
    [27, 3, true],
    [26, 4, false],
    [63, 7, true],
    [9000, 1000, true],
    [8999, 1001, false],
  ]
  for (const [fresh, known, flood] of cases) {
    it(`${flood ? 'holds' : 'passes'} ${fresh} new of ${fresh + known}`, () =>
      assert.equal(isFlood({ new: fresh, known }, limits), flood))
  }

  it('follows the limits of the job', () => {
    assert.equal(isFlood({ new: 3, known: 3 }, { new: 3, share: 0.5 }), true)
    assert.equal(isFlood({ new: 1, known: 0 }, { new: 1, share: 1 }), true)
    assert.equal(isFlood({ new: 99, known: 1 }, { new: 1, share: 1 }), false)
  })
})

describe('floodLimits', () => {
  it('fills in the defaults', () => {
    assert.deepEqual(floodLimits({}), limits)
    assert.deepEqual(floodLimits({ new: 5 }), { new: 5, share: 0.9 })
    assert.deepEqual(floodLimits({ share: 1 }), { new: 20, share: 1 })
  })
})

describe('afterPoll', () => {
  const after = (...polls: [fresh: number, known: number][]): number =>
    polls.reduce((row, [fresh, known]) => afterPoll(row, { new: fresh, known }, limits), 0)

  it('counts polls that are nearly all new, of any size, up to the normal', () => {
    assert.equal(after([1, 0], [9, 1]), 2)
    assert.equal(after([1, 0], [1, 0], [1, 0], [50, 0]), NORMAL)
  })

  it('begins again after a poll that is mostly known', () => assert.equal(after([1, 0], [1, 0], [1, 2]), 0))

  it('ignores an empty poll, and one that is neither', () => {
    assert.equal(after([1, 0], [0, 0]), 1)
    assert.equal(after([1, 0], [2, 1]), 1)
    assert.equal(after([1, 0], [1, 1]), 1)
  })
})
