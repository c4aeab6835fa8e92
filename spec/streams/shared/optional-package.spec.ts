import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { optionalPackage } from '../../../streams/shared/optional-package.ts'

const name = 'tidings-needs-this'

describe('a package that only one stream needs', () => {
  it('is imported', async () => {
    assert.equal(await optionalPackage('stream x', ['left'], async () => 1), 1)
  })

  it('is asked for by name when it is missing', async () => {
    await assert.rejects(
      optionalPackage('stream x', ['other', name], () => import(name)),
      { code: 'TIDINGS_PACKAGE_MISSING', message: `stream x needs other, ${name}: npm install other ${name}` },
    )
  })

  it('fails with its own error when it is broken', async () => {
    const broken = new Error('boom')
    await assert.rejects(
      optionalPackage('stream x', ['left'], () => Promise.reject(broken)),
      broken,
    )
    await assert.rejects(
      optionalPackage('stream x', ['left'], () => import(`${name}-too`)),
      { code: 'ERR_MODULE_NOT_FOUND' },
    )
  })
})
