import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asMistake, retained, retentionOf } from '../../../bin/db/retention.ts'
import { Mistake } from '../../../bin/frame/mistake.ts'

describe('what is to be kept', () => {
  it('is an age, a count, a size or several of them', (t) => {
    assert.deepEqual(retained(['90d']), { age: '90d' })
    assert.deepEqual(retained(['10000']), { count: 10_000 })
    assert.deepEqual(retained(['2GB']), { bytes: 2e9 })
    assert.deepEqual(retained(['90d', '2GB', '10']), { age: '90d', bytes: 2e9, count: 10 })
    assert.equal(retained(undefined), undefined)
    process.env['TIDINGS_RETAIN'] = '90d, 2GB'
    t.after(() => delete process.env['TIDINGS_RETAIN'])
    assert.deepEqual(retained(undefined), { age: '90d', bytes: 2e9 })
    assert.deepEqual(retained(['5']), { count: 5 })
  })

  it('is said by options, at least one', () => {
    const all = { age: '90d', count: 5, bytes: '2GB', identities: '365d' }
    assert.deepEqual(retentionOf(all), { age: '90d', count: 5, bytes: 2e9, identities: '365d' })
    assert.throws(() => retentionOf({}), /^Mistake: say what is to be kept/)
    assert.deepEqual(retentionOf({ bytes: '20000' }), { bytes: 20_000 })
    assert.throws(() => retentionOf({ bytes: '2G' }), /^Mistake: --bytes needs a size such as 500MB or 2GB, got "2G"/)
  })

  it('is a mistake when it is no length of time; other errors are what they are', () => {
    const duration = Object.assign(new Error('words'), { code: 'TIDINGS_DURATION_INVALID' })
    assert.throws(() => asMistake(duration), Mistake)
    assert.throws(() => asMistake(new Error('other')), /^Error: other/)
  })
})
