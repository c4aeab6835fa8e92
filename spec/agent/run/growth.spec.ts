import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agent, listener, memoryLog, on, Park, start } from '../../../lib/index.ts'

const draft = (n: number) => ({ type: 'made', identifier: `no. ${n}`, data: { n } })

/** Work on `count` events. */
const works: Record<string, (count: number) => Promise<void>> = {
  'that are new, one by one and many in flight': async (count) => {
    const log = await memoryLog()
    await Promise.all(Array.from({ length: count }, (_, n) => log.accept([draft(n)])))
    await log.close()
  },
  'that are known': async (count) => {
    const log = await memoryLog()
    const drafts = Array.from({ length: count }, (_, n) => draft(n))
    await log.accept(drafts)
    for (let again = 0; again < 5; again++) await log.accept(drafts)
    await log.close()
  },
  'that a listener hears, of one key': (count) => heard(count, true, () => undefined),
  'that a listener hears, each of its own key': (count) => heard(count, 'identity', async () => undefined),
  'that are all parked': (count) =>
    heard(count, 'identity', () => {
      throw new Park('no')
    }),
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

async function cpu(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

describe('four times as many events', () => {
  for (const [what, work] of Object.entries(works)) {
    it(`${what} take less than six times the work`, async () => {
      const N = what.includes('parked') ? 250 : 2000
      await work(N)
      let least = Number.POSITIVE_INFINITY
      // The machine may be busy with other things: one undisturbed round is enough.
      for (let round = 0; round < 6 && least >= 6; round++) {
        const one = await cpu(() => work(N))
        least = Math.min(least, (await cpu(() => work(4 * N))) / one)
      }
      assert.ok(least < 6, `${least.toFixed(1)} times`)
    })
  }
})
