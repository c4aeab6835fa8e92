import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { retained, retentionOf } from '../../../../bin/commands/db/retention.ts'

describe('the options of a retention', () => {
  it('are an age, a count, a size or several of them', (t) => {
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

  it('need at least one part', () => {
    const all = { age: '90d', count: 5, bytes: '2GB', identities: '365d' }
    assert.deepEqual(retentionOf(all), { age: '90d', count: 5, bytes: 2e9, identities: '365d' })
    assert.throws(() => retentionOf({}), /^UsageError: nothing says what to keep/)
    assert.deepEqual(retentionOf({ bytes: '20000' }), { bytes: 20_000 })
    assert.throws(
      () => retentionOf({ bytes: '2G' }),
      /^UsageError: --bytes needs a size such as 500MB or 2GB, got "2G"/,
    )
  })

  it('reject anything but an age, a count or a size, and two of one kind', (t) => {
    for (const text of ['', ' ', 'soon', '90', '-1d', '0d', '90 d', 'today', '2027-01-31', '1e3d', '90D']) {
      const message = new RegExp(`^--age needs a duration such as 90d or 12h, got ${JSON.stringify(text)}$`)
      assert.throws(() => retentionOf({ age: text }), { name: 'UsageError', message }, text)
      assert.throws(() => retentionOf({ identities: text }), { name: 'UsageError' }, text)
    }
    for (const text of ['', ' ', '-1', '1.5', '2G', '1e3', '0x10', `${'9'.repeat(20)}GB`, '9'.repeat(20)])
      assert.throws(() => retentionOf({ bytes: text }), { name: 'UsageError', message: /^--bytes needs a size/ }, text)
    for (const words of [
      ['soon'],
      [','],
      ['90d,'],
      ['', '90d'],
      ['-1'],
      ['9'.repeat(20)],
      ['90d', '30d'],
      ['1,2'],
      ['1GB', '2GB'],
    ])
      assert.throws(() => retained(words), { name: 'UsageError', message: /^--retain / }, words.join(' '))
    process.env['TIDINGS_RETAIN'] = '90d,'
    t.after(() => delete process.env['TIDINGS_RETAIN'])
    assert.throws(() => retained(undefined), { name: 'UsageError', message: /_RETAIN needs a duration/ })
  })
})
