import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TidingsError } from '../../lib/core/errors.ts'
import { job } from '../../lib/job/job.ts'
import type { Log } from '../../lib/log/port.ts'
import { every } from '../../lib/schedule/index.ts'
import { type Place, place, wrap } from '../support/agent-harness.ts'

/** A log that another agent asks for its job, and that stores nothing while it is `away`. */
class Shared {
  readonly log: Log
  readonly wanted = new AbortController()
  readonly lost = new AbortController()
  isAway = false
  /** When the job was released, in ms of the clock. */
  released: number | undefined

  constructor({ log, clock }: Place) {
    const held = { wanted: this.wanted.signal, lost: this.lost.signal }
    this.log = wrap(log, {
      hold: async (_, signal) => {
        // The other agent has it from then on.
        if (this.released !== undefined)
          return signal.aborted
            ? undefined
            : new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined)))
        return { ...held, release: async () => void (this.released = clock.now()) }
      },
      claim: async (...asked) => {
        const claim = await log.claim(...asked)
        return claim && wrap(claim, { done: (...given) => this.#answer(() => claim.done(...given)) })
      },
    })
  }

  #answer<T>(act: () => Promise<T>): Promise<T> {
    return this.isAway ? Promise.reject(new TidingsError('TIDINGS_LOG_FAILED', 'the log is away')) : act()
  }
}

async function outcomes({ log }: Place): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const { outcome } of log.runs('poll')) found.push((outcome as { status?: string } | undefined)?.status)
  return found
}

/** A job whose run fails after a second, while the log is away and another agent waits for the job. */
async function failing(here: Place): Promise<Shared> {
  const shared = new Shared(here)
  const run = async (): Promise<never> => {
    await new Promise<void>((resolve) => void here.clock.timer(resolve, 1000))
    throw new Error('made up')
  }
  await here.begin([job('poll', every(1).minute, run, { jitter: 0 })], { log: shared.log })
  await here.clock.advance(60_500)
  shared.isAway = true
  shared.wanted.abort()
  await here.clock.advance(10_000)
  return shared
}

describe('a job that moves to another agent', () => {
  it('stores the outcome of its last run first, however long the log is away', async (t) => {
    const here = await place(t)
    const shared = await failing(here)
    assert.equal(shared.released, undefined)
    assert.deepEqual(await outcomes(here), [])
    shared.isAway = false
    await here.clock.advance(10_000)
    assert.deepEqual(await outcomes(here), ['failed'])
    assert.notEqual(shared.released, undefined)
    assert.deepEqual((await here.log.slots('poll')).open, [])
  })

  it('leaves it to the other agent once it has lost the job', async (t) => {
    const here = await place(t)
    const shared = await failing(here)
    shared.lost.abort()
    await here.clock.advance(10_000)
    assert.notEqual(shared.released, undefined)
    assert.equal((await here.log.slots('poll')).open.length, 1)
  })
})
