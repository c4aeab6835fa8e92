import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { Copy, specs } from './break.ts'
import { breaks } from './breaks.ts'
import { shown } from './results.ts'

describe('an engine broken on purpose', () => {
  const copy = new Copy()
  after(() => copy.remove())

  for (const spec of specs()) {
    it(`differs from a sound one, over which this passes: ${spec.join(', ')}`, async () => {
      assert.ok(await copy.passes(spec))
    })
  }

  let noticed = 0
  for (const each of breaks) {
    it(`is noticed: ${each.words}`, async () => {
      assert.ok(await copy.notices(each), `${each.spec[0]} did not notice`)
      noticed += 1
    })
  }

  it('is noticed in every way', () => {
    assert.equal(noticed, breaks.length)
    shown({
      row: 'breaks',
      tier: 'slow',
      rounds: `${breaks.length} breaks`,
      result: 'each is noticed by its suite',
    })
  })
})
