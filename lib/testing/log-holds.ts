import assert from 'node:assert/strict'
import { draft, type LogTests, list, refused } from './log-bench.ts'

/** Asks once, without waiting. */
const now = AbortSignal.abort()
const never = new AbortController().signal

/** The guarantees of `hold` to an agent that no other contends with. */
export const holdTests: LogTests = {
  'gives a hold at once; it is neither lost nor wanted': async ({ log }) => {
    const hold = await log.hold('job/poll', now)
    assert.ok(hold !== undefined)
    assert.deepEqual([hold.lost.aborted, hold.wanted.aborted], [false, false])
    await hold.release()
  },

  'gives a released hold again; releasing it twice does nothing': async ({ log }) => {
    const first = await log.hold('job/poll', never)
    await first?.release()
    const second = await log.hold('job/poll', never)
    await first?.release()
    assert.equal(second?.lost.aborted, false)
    await (second?.log ?? log).accept([draft('a')])
  },

  'stores through a hold what it stores without one': async ({ log }) => {
    const hold = await log.hold('job/poll', never)
    assert.ok(hold !== undefined)
    const held = hold.log ?? log
    const [answer] = await held.accept([draft('a')], { state: [{ namespace: 'n', key: 'k', value: 1 }] })
    assert.equal(answer?.status, 'new')
    await held.store('n').set('other', 2)
    const slot = new Date(Date.UTC(2026, 0, 1))
    const claim = await held.claim('poll', slot, 10_000)
    await held.accept([draft('b')], {
      completes: { claim: claim as NonNullable<typeof claim>, attempt: 1, outcome: 1 },
    })
    await held.plan('poll', { open: [{ slot: new Date(slot.getTime() + 1) }] })
    await held.note('poll', new Date(slot.getTime() + 2), 'missed')
    assert.deepEqual(
      (await list(log.events())).map(({ identifier }) => identifier),
      ['a', 'b'],
    )
    assert.deepEqual(
      (await list(log.store('n').list())).map(({ key, value }) => [key, value]),
      [
        ['k', 1],
        ['other', 2],
      ],
    )
    assert.equal((await log.slots('poll')).open.length, 1)
    assert.deepEqual(
      (await list(log.runs('poll'))).map(({ outcome }) => outcome),
      [1, 'missed'],
    )
    assert.equal(await held.store('n').delete('k'), true)
  },

  'gives a consumer at once, and hands out its events under the hold': async ({ log }) => {
    const consumer = await log.consumer('mail', { start: 'start' })
    const hold = await consumer.hold(now)
    assert.deepEqual([hold?.lost.aborted, hold?.wanted.aborted], [false, false])
    const written = await (hold?.log ?? log).accept([draft('a')], { state: [{ namespace: 'n', key: 'k', value: 1 }] })
    assert.equal(written[0]?.status, 'new')
    const [handed] = await consumer.pull(1, never)
    assert.equal(handed?.event.identifier, 'a')
    await hold?.release()
  },

  'refuses an invalid name': async ({ log }) => {
    for (const name of ['', 'n'.repeat(1025), '\ud800', 1 as unknown as string])
      await assert.rejects(log.hold(name, now), refused('TIDINGS_LOG_INVALID'))
  },
}
