import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { brand, isBranded } from '../../lib/core/brand.ts'
import { isPark, isRetry, Park, Retry } from '../../lib/core/control.ts'
import { engineDraft, isEngineDraft } from '../../lib/core/engine-types.ts'

describe('brand', () => {
  it('marks a value or a function as one kind and no other', () => {
    const value = brand('spec-thing', { a: 1 })
    const run = brand('spec-thing', () => 1)
    assert(isBranded('spec-thing', value) && isBranded('spec-thing', run))
    assert(!isBranded('spec-other', value))
    for (const other of [{ a: 1 }, null, undefined, 'spec-thing', 7]) assert(!isBranded('spec-thing', other))
  })

  it('is invisible to printing, comparing and copying', () => {
    const value = brand('spec-thing', { a: 1 })
    assert.deepEqual(value, { a: 1 })
    assert.equal(JSON.stringify(value), '{"a":1}')
    assert(!isBranded('spec-thing', { ...value }))
  })

  it('is recognized by another copy of the package', async () => {
    const other = (await import(
      `../../lib/core/brand.ts?copy=${process.pid}`
    )) as typeof import('../../lib/core/brand.ts')
    assert.notEqual(other.brand, brand)
    assert(other.isBranded('spec-thing', brand('spec-thing', {})))
    assert(isBranded('spec-thing', other.brand('spec-thing', {})))
  })
})

describe('the errors with which a handler decides what happens next', () => {
  it('are a Retry, with a time in ms', () => {
    const retry = new Retry({ after: '1h', cause: 'c' })
    assert.deepEqual([retry.after, retry.code, retry.cause], [3_600_000, 'TIDINGS_RETRY', 'c'])
    assert(isRetry(retry) && !isPark(retry) && retry instanceof Error)
    assert.throws(() => new Retry({ after: 'soon' }), { code: 'TIDINGS_DURATION_INVALID' })
  })

  it('are a Park, with a reason', () => {
    const park = new Park('no such project')
    assert.deepEqual([park.message, park.code], ['no such project', 'TIDINGS_PARKED'])
    assert(isPark(park) && !isRetry(park))
    assert(!isPark(new Error('x')) && !isRetry(undefined))
  })
})

describe('drafts of the engine', () => {
  it('are recognized, unlike a copy made by user code', () => {
    const draft = engineDraft('tidings.job.failed', 'j', { a: 1 })
    assert.deepEqual(draft, { type: 'tidings.job.failed', identifier: 'j', data: { a: 1 } })
    assert(isEngineDraft(draft))
    assert(!isEngineDraft({ ...draft }))
  })
})
