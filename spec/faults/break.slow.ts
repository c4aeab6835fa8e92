import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { Copy, specs } from './break.ts'
import { breaks } from './breaks.ts'
import { shown } from './results.ts'

describe('an engine that is broken on purpose', () => {
  const copy = new Copy()
  after(() => copy.remove())

  for (const spec of specs()) {
    it(`is told from one that is not: ${spec.join(', ')}`, async () => {
      assert.ok(await copy.passes(spec))
    })
  }

  let noticed = 0
  for (const each of breaks) {
    it(`is found out: ${each.words}`, async () => {
      assert.ok(await copy.notices(each), `${each.spec[0]} did not notice`)
      noticed += 1
    })
  }

  it('is found out in every way', () => {
    assert.equal(noticed, breaks.length)
    shown({
      row: 'breaks',
      tier: 'slow',
      rounds: `${breaks.length} breaks`,
      result: 'each is found out by the suite that is to notice it',
    })
  })
})
