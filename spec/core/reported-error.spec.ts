import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { quietRejection } from '../../lib/core/reported-error.ts'
import { unhandled } from '../support/agent-harness.ts'

/** The messages of the errors that end up unhandled when `use` gets such a promise. */
async function messages(isReported: boolean, use: (promise: Promise<number>) => unknown): Promise<string[]> {
  const seen = await unhandled(async () => {
    const promise = quietRejection(Promise.reject<number>(new Error('reported')), () => isReported)
    void use(promise)
    await promise.catch(() => undefined)
  })
  return seen.map((error) => (error as Error).message)
}

describe('quietRejection', () => {
  it('returns a native promise that settles like the given one', async () => {
    const promise = quietRejection(Promise.resolve(1), () => true)
    assert.equal(Object.getPrototypeOf(promise), Promise.prototype)
    assert.equal(await promise, 1)
    await assert.rejects(
      quietRejection(Promise.reject(new Error('no')), () => true),
      /no/,
    )
  })

  it('keeps a reported error from being unhandled, however long the chain', async () => {
    const chain = (promise: Promise<number>) =>
      promise
        .then((n) => n + 1)
        .finally(() => undefined)
        .then(String)
    assert.deepEqual(await messages(true, chain), [])
  })

  it('leaves an error that was not reported unhandled', async () => {
    assert.deepEqual(await messages(false, (promise) => promise.then(String)), ['reported'])
  })

  it('leaves unhandled what a callback throws', async () => {
    const seen = await unhandled(async () => {
      void quietRejection(Promise.resolve(1), () => true).then(() => {
        throw new Error('mine')
      })
    })
    assert.deepEqual(
      seen.map((error) => (error as Error).message),
      ['mine'],
    )
  })
})
