import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DeliveriesInProgress } from '../../lib/dispatch/deliveries-in-progress.ts'
import type { DeliveryAttempt } from '../../lib/dispatch/delivery-attempt.ts'

/** An attempt that records why it was stopped. */
function attempt(stopped: Error[]): DeliveryAttempt {
  return { stop: (reason: Error) => stopped.push(reason) } as unknown as DeliveryAttempt
}

describe('the deliveries in progress', () => {
  it('have a slot each, are counted and stopped, and the oldest is known, whichever ends first', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ begins: fc.boolean(), pick: fc.nat() }), { maxLength: 80 }), (steps) => {
        const deliveries = new DeliveriesInProgress()
        const model = new Map<number, number>()
        let most = 0
        for (const [now, { begins, pick }] of steps.entries()) {
          const slots = [...model.keys()]
          if (begins) {
            const slot = deliveries.add(attempt([]), now)
            assert.ok(!model.has(slot))
            model.set(slot, now)
            most = Math.max(most, model.size)
            assert.ok(slot < most, 'free slots are used again')
          } else if (slots.length > 0) {
            const slot = slots[pick % slots.length] as number
            deliveries.end(slot)
            model.delete(slot)
          }
          assert.equal(deliveries.size, model.size)
          assert.equal(deliveries.since, model.size === 0 ? undefined : Math.min(...model.values()))
        }
      }),
    )
  })

  it('are stopped, each once, also if one ends meanwhile', () => {
    const deliveries = new DeliveriesInProgress()
    const stopped: Error[] = []
    const first = deliveries.add(attempt(stopped), 1)
    deliveries.add(attempt(stopped), 2)
    deliveries.end(first)
    const reason = new Error('the agent stops')
    deliveries.stop(reason)
    assert.deepEqual(stopped, [reason])
  })
})
