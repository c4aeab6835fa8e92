import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { arbFaults, fc, harm, simulate } from '../../lib/testing/index.ts'
import { shop, world } from '../agent/simulate/agents.ts'

describe('arbFaults', () => {
  it('makes faults that simulate takes, and that harm no right agent', async () => {
    const options = { from: new Date('2026-01-01T00:00:00Z'), for: '2h', world } as const
    await fc.assert(
      fc.asyncProperty(arbFaults({ maxLength: 4 }), async (faults) => {
        const [disturbed, undisturbed] = [
          await simulate(() => shop(), { ...options, faults }),
          await simulate(() => shop(), options),
        ]
        // Losses only count where there is time left to recover.
        const repeated = harm(disturbed, undisturbed).filter((words) => words.includes('without a key'))
        assert.deepEqual(repeated, [])
      }),
      { numRuns: 5, seed: 1 },
    )
  })

  it('makes every kind of fault', () => {
    const kinds = new Set(
      fc
        .sample(arbFaults(), { numRuns: 50, seed: 1 })
        .flat()
        .map(({ fault }) => fault),
    )
    assert.equal(kinds.size, 7)
  })
})
