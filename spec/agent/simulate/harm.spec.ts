import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { harm } from '../../../lib/agent/simulate/harm.ts'
import { HarmfulFaults, simulate } from '../../../lib/agent/simulate/simulate.ts'
import type { Timeline } from '../../../lib/agent/simulate/timeline.ts'
import { shop, world } from './agents.ts'

const options = { from: new Date('2026-01-01T00:00:00Z'), for: '3h', world } as const

function check(timeline: Timeline, undisturbed: Timeline): void {
  const [first] = harm(timeline, undisturbed)
  if (first !== undefined) throw new Error(first)
}

describe('faults in a simulation', () => {
  for (const seed of [1, 2, 3]) {
    it(`lose and repeat nothing of a right agent (seed ${seed})`, async () => {
      const timeline = await simulate(() => shop(), {
        ...options,
        seed,
        faults: { crashes: 10, failures: 5, late: 3, diskFull: 2 },
        check,
      })
      assert.ok(timeline.faults.length > 10, String(timeline.faults.length))
      assert.ok(timeline.entries.filter(({ kind }) => kind === 'start').length > 5)
    })
  }

  it('find a handler that sends without a key, with one fault and a short timeline', async () => {
    const broken = simulate(() => shop({ keyed: false }), { ...options, seed: 1, faults: { crashes: 15 }, check })
    await assert.rejects(broken, (error: unknown) => {
      assert.ok(error instanceof HarmfulFaults)
      assert.match(
        error.message,
        /^listener books sent POST https:\/\/books\.example\/ \d+ again for event \d+, without a key, with seed 1\n/,
      )
      assert.equal(error.faults.length, 1, error.message)
      assert.ok(error.timeline.entries.length < 200)
      return true
    })
  })

  it('find a job whose state is ahead of its events', async () => {
    const broken = simulate(() => shop({ remembers: 'state ahead of the events' }), {
      ...options,
      seed: 2,
      faults: { crashes: 30 },
      check,
    })
    await assert.rejects(broken, /event paid \d+ was lost, with seed 2/)
  })

  it('can be given again, and give the same', async () => {
    const faults = [{ fault: 'crash', write: 60, kept: false }] as const
    const [one, again] = [
      await simulate(() => shop(), { ...options, faults }),
      await simulate(() => shop(), { ...options, faults }),
    ]
    assert.equal(String(one), String(again))
    assert.equal(one.faults.length, 1)
    assert.deepEqual(one.diff(await simulate(() => shop(), options)), [])
  })
})
