import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { agent } from '../../lib/agent/define/agent.ts'
import { operations } from '../../lib/agent/peers/operations-on.ts'
import type { Running } from '../../lib/agent/run/running.ts'
import { start } from '../../lib/agent/start.ts'
import type { Draft } from '../../lib/core/event.ts'
import { job } from '../../lib/job/job.ts'
import { memoryLog } from '../../lib/level/open-log.ts'
import { manual } from '../../lib/schedule/index.ts'
import { toldBy } from '../support/told-by.ts'

/** Small limits, so that short polls are floods: at least 4 new, and three quarters. */
const flood = { new: 4, share: 0.75 }

type Step = { readonly poll: readonly number[] } | 'release' | 'discard' | 'restart'

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ poll: fc.array(fc.nat(30), { maxLength: 12 }) }) },
  // A listing, renumbered: nothing but a new range.
  {
    weight: 4,
    arbitrary: fc.nat(5).map((page) => ({ poll: Array.from({ length: 6 }, (_, i) => 100 + page * 6 + i) })),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step[]>('release', 'discard', 'restart') },
)

/** What must be so, written down without the engine. */
class Model {
  history = false
  /** Polls in a row that were nearly all new. */
  row = 0
  readonly told: number[] = []
  readonly untold = new Set<number>()
  held: number[] = []
  readonly polled = new Set<number>()

  knows(id: number): boolean {
    return this.untold.has(id) || this.told.includes(id)
  }

  /** Returns how many are told and held. */
  poll(ids: readonly number[]): { readonly new: number; readonly held: number } {
    const all = [...new Set(ids)]
    for (const id of all) this.polled.add(id)
    const rest = all.filter((id) => !this.held.includes(id))
    const fresh = rest.filter((id) => !this.knows(id))
    const [before, holding] = [this.history, this.held.length > 0]
    if (all.length > 0) this.history = true
    const nearlyAll = rest.length > 0 && fresh.length >= rest.length * flood.share
    if (before && this.row < 3 && nearlyAll && fresh.length >= flood.new) {
      this.held.push(...fresh)
      return { new: 0, held: fresh.length }
    }
    this.told.push(...fresh)
    if (before && !holding && rest.length > 0) {
      if (nearlyAll) this.row = Math.min(3, this.row + 1)
      else if (fresh.length < rest.length - fresh.length) this.row = 0
    }
    return { new: fresh.length, held: 0 }
  }

  settle(told: boolean): number {
    const count = this.held.length
    if (told) this.told.push(...this.held)
    else for (const id of this.held) this.untold.add(id)
    if (told && count > 0) this.row = 3
    this.held = []
    return count
  }
}

describe('floods, against a model', () => {
  it('tell every identity at most once, and everything that was polled once it is released', async () => {
    const held = { floods: 0, releases: 0 }
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
        const log = await memoryLog()
        const model = new Model()
        let ids: readonly number[] = []
        const draft = (id: number): Draft => ({ type: 'made', identifier: String(id), data: null })
        const parts = agent('model', [job('poll', manual(), () => ids.map(draft), { flood })])
        const begin = (): Promise<Running> => start(parts, { log, logger: false })
        const { jobs } = operations(log)
        let running = await begin()
        for (const each of steps) {
          if (each === 'restart') {
            await running.stop()
            running = await begin()
          } else if (typeof each === 'string') {
            const answer = await jobs[each]('poll')
            const count = model.settle(each === 'release')
            held.releases += count
            assert.deepEqual(answer, { name: 'poll', new: count, changed: 0, duplicate: 0 })
          } else {
            ids = each.poll
            const expected = model.poll(ids)
            held.floods += expected.held
            const report = await running.trigger('poll')
            assert.deepEqual({ new: report?.new, held: report?.held ?? 0 }, expected)
          }
          const [row] = await jobs.list()
          assert.equal(row?.held ?? 0, model.held.length)
        }
        assert.deepEqual((await toldBy(log)).map(Number), model.told)
        await jobs.release('poll')
        model.settle(true)
        const told = (await toldBy(log)).map(Number)
        assert.deepEqual(told, model.told)
        assert.equal(new Set(told).size, told.length)
        assert.deepEqual(new Set([...told, ...model.untold]), model.polled)
        await running.stop()
        await log.close()
      }),
      { numRuns: 60 },
    )
    assert.ok(held.floods > 50 && held.releases > 20, JSON.stringify(held))
  })
})
