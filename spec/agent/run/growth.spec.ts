import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agent, listener, memoryLog, on, Park, start } from '../../../lib/index.ts'
import { cpuTime } from '../../support/cpu-time.ts'

const draft = (n: number) => ({ type: 'made', identifier: `no. ${n}`, data: { n } })

/** Work on `count` events, and how many of them one round has. */
const works: Record<string, { events: number; work: (count: number) => Promise<void> }> = {
  'that are new, one by one and many in flight': {
    events: 8000,
    work: async (count) => {
      const log = await memoryLog()
      await Promise.all(Array.from({ length: count }, (_, n) => log.accept([draft(n)])))
      await log.close()
    },
  },
  'that are known': {
    events: 8000,
    work: async (count) => {
      const log = await memoryLog()
      const drafts = Array.from({ length: count }, (_, n) => draft(n))
      await log.accept(drafts)
      for (let again = 0; again < 5; again++) await log.accept(drafts)
      await log.close()
    },
  },
  'that a listener hears, of one key': { events: 16_000, work: (count) => heard(count, true, () => undefined) },
  'that a listener hears, each of its own key': {
    events: 16_000,
    work: (count) => heard(count, 'identity', async () => undefined),
  },
  'that are all parked': {
    events: 4000,
    work: (count) =>
      heard(count, 'identity', () => {
        throw new Park('no')
      }),
  },
}

async function heard(count: number, order: true | 'identity', handle: () => unknown): Promise<void> {
  const log = await memoryLog()
  const hear = listener('hear', on('made'), handle, order === true ? { ordered: true } : {})
  const running = await start(agent('growth', [hear]), { log, logger: false })
  for (let n = 0; n < count; n += 250) await log.accept(Array.from({ length: 250 }, (_, i) => draft(n + i)))
  await running.drained()
  await running.stop()
  await log.close()
}

const PARTS = 16

/** The processor time of `times` turns of a piece of work, in ms. */
async function costOf(work: () => Promise<void>, times: number): Promise<number> {
  const took = cpuTime()
  for (let turn = 0; turn < times; turn++) await work()
  return took()
}

/**
 * Both sides handle as many events, so they run about as long and collect as much garbage: work that grows with the
 * events costs the same, and quadratic work costs 16 times as much at once.
 */
describe('as many events at once as in sixteen parts', () => {
  for (const [what, { events, work }] of Object.entries(works)) {
    it(`${what} take less than three times the work`, async () => {
      await work(events / PARTS)
      let least = Number.POSITIVE_INFINITY
      // The machine may be busy with other things: one undisturbed round is enough.
      for (let round = 0; round < 6 && least >= 3; round++) {
        const inParts = await costOf(() => work(events / PARTS), PARTS)
        least = Math.min(least, (await costOf(() => work(events), 1)) / inParts)
      }
      assert.ok(least < 3, `${least.toFixed(1)} times`)
    })
  }
})
