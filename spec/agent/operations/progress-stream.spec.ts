import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resultOf, steps } from '../../../lib/agent/operations/progress-stream.ts'
import { TidingsError } from '../../../lib/core/errors.ts'
import { list, refused } from '../../../lib/testing/log-bench.ts'

const tick = () => new Promise((resolve) => setImmediate(resolve))

describe('steps', () => {
  it('yields the progress, then the result', async () => {
    const work = steps(async (progress) => {
      for (let done = 1; done <= 3; done++) {
        progress(done, 3)
        await tick()
      }
      return 'made'
    })
    assert.deepEqual(await list(work), [
      { done: 1, all: 3 },
      { done: 2, all: 3 },
      { done: 3, all: 3 },
      { result: 'made' },
    ])
  })

  it('yields only the latest progress to a slow reader', async () => {
    const work = steps(async (progress) => {
      for (let done = 1; done <= 1000; done++) progress(done, 1000)
      return 'made'
    })
    assert.deepEqual(await list(work), [{ done: 1000, all: 1000 }, { result: 'made' }])
  })

  it('ends with the result or the error, which resultOf returns or throws', async () => {
    const heard: number[] = []
    const made = steps(async (progress) => {
      progress(1, 2)
      await tick()
      return { n: 1 }
    })
    assert.deepEqual(await resultOf(made, (done) => heard.push(done)), { n: 1 })
    assert.deepEqual(heard, [1])
    const failed = steps(() => Promise.reject(new TidingsError('TIDINGS_LOG_DAMAGED', 'no', { details: { seq: 3 } })))
    await assert.rejects(resultOf(failed), refused('TIDINGS_LOG_DAMAGED', { seq: 3 }))
  })

  it('finishes the operation even if the reader stops', async () => {
    let ended = false
    const work = steps(async (progress) => {
      progress(1, 2)
      await tick()
      ended = true
    })
    for await (const _ of work) break
    await tick()
    assert.equal(ended, true)
  })
})
