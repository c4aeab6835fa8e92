import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { boundsOf, type Retention } from '../../lib/log/retention.ts'
import { refused } from '../../lib/testing/log-bench.ts'

const unbounded = { age: Infinity, count: Infinity, bytes: Infinity, identities: Infinity }

describe('a retention', () => {
  it('limits only the parts that it names', () => {
    assert.deepEqual(boundsOf({ age: '1d' }), { ...unbounded, age: 86_400_000 })
    assert.deepEqual(boundsOf({ count: 0, bytes: 10, identities: 5 }), {
      ...unbounded,
      count: 0,
      bytes: 10,
      identities: 5,
    })
  })

  it('that names nothing, or something unknown, is rejected: it would silently keep everything', () => {
    for (const wrong of [null, 5, undefined, {}, { age: undefined }, { ages: '1d' }] as Retention[]) {
      assert.throws(() => boundsOf(wrong), refused('TIDINGS_LOG_INVALID', { path: 'retention' }))
    }
    assert.throws(() => boundsOf({ ages: '1d' } as Retention), /got ages/)
  })

  it('with an invalid number is rejected, by name', () => {
    assert.throws(() => boundsOf({ count: -1 }), refused('TIDINGS_LOG_INVALID', { path: 'count' }))
    assert.throws(() => boundsOf({ bytes: 1.5 }), refused('TIDINGS_LOG_INVALID', { path: 'bytes' }))
    assert.throws(
      () => boundsOf({ count: '3' as unknown as number }),
      refused('TIDINGS_LOG_INVALID', { path: 'count' }),
    )
    for (const part of ['age', 'identities']) {
      assert.throws(() => boundsOf({ [part]: '3 days' }), refused('TIDINGS_DURATION_INVALID'))
      assert.throws(() => boundsOf({ [part]: 0 }), new RegExp(part))
    }
  })
})
