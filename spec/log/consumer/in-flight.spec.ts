import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { InFlight } from '../../../lib/log/consumer/in-flight.ts'
import type { PendingWrites } from '../../../lib/log/consumer/pending-writes.ts'
import type { StoredConsumer } from '../../../lib/log/consumer/stored-consumer.ts'

const pending = { change: () => undefined } as unknown as PendingWrites
const nothing = { waiting: [], suspects: new Map() } as unknown as StoredConsumer

describe('the events in flight for the first time', () => {
  it('are known, lowest first, in whatever order they end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ begin: fc.nat({ max: 3 }), gap: fc.integer({ min: 1, max: 3 }), end: fc.nat() })),
        (steps) => {
          const inFlight = new InFlight(pending, nothing, false)
          const model = new Set<number>()
          let seq = 0
          for (const { begin, gap, end } of steps) {
            for (let i = 0; i < begin; i++) {
              seq += gap
              inFlight.begin(seq)
              model.add(seq)
            }
            const over = end % (seq + 2)
            inFlight.end(over)
            model.delete(over)
            assert.deepEqual([...inFlight.fresh], [...model])
            assert.equal(inFlight.lowestFresh, [...model][0])
            assert.equal(inFlight.running, model.size)
            for (let n = 0; n <= seq + 1; n++) assert.equal(inFlight.isRunning(n), model.has(n))
          }
        },
      ),
    )
  })

  it('are forgotten as they end, also if there is always one left', () => {
    const inFlight = new InFlight(pending, nothing, false)
    inFlight.begin(1)
    for (let seq = 2; seq < 20_000; seq++) {
      inFlight.begin(seq)
      inFlight.end(seq - 1)
      assert.equal(inFlight.lowestFresh, seq)
    }
    assert.deepEqual([...inFlight.fresh], [19_999])
    inFlight.dismiss()
    assert.deepEqual([[...inFlight.fresh], inFlight.running], [[], 0])
  })
})
