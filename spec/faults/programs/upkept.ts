// Publishes to a log and reads it, and meanwhile prunes, compacts, backs up or restores it, until it is killed.
import { setTimeout as sleep } from 'node:timers/promises'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { restoreLog } from '../../../lib/level/restore-log.ts'
import { note, openMortal, orders, type Work } from './orders.ts'

const { life, directory } = orders

async function publishOn(log: LevelLog): Promise<never> {
  for (let n = 0; ; n++) {
    const drafts = Array.from({ length: 40 }, (_, i) => ({
      type: 'made',
      identifier: `${life}-${n}-${i}`,
      data: `${Math.random()}`.repeat(10),
    }))
    const receipts = await log.accept(drafts)
    for (const [i, { status, seq }] of receipts.entries()) note('told', `${life}-${n}-${i}`, status, seq)
    await sleep(5)
  }
}

// Hears all events in order, and stores its position in one step with the acknowledgement.
async function hearOn(log: LevelLog): Promise<never> {
  const consumer = await log.consumer('steady', { start: 'start', inOrder: true })
  for (;;) {
    const handed = await consumer.pull(consumer.suspects > 0 ? 1 : 100, new AbortController().signal)
    for (const each of handed) consumer.ack(each, [{ namespace: 'steady', key: 'heard', value: each.event.seq }])
  }
}

const works: Record<Work, (log: LevelLog, nth: number) => Promise<unknown>> = {
  prune: (log) => log.prune({ count: 50 }),
  compact: async (log) => [await log.prune({ count: 100 }), await log.compact()],
  'back up': (log, nth) => log.backup(`${directory}-backup-${life}-${nth}`),
  restore: (_, nth) => restoreLog(`${directory}-source`, `${directory}-restored-${life}-${nth}`),
}

const log = await openMortal()
const work = works[orders.work ?? 'prune']
if (life === 0) {
  for (let i = 0; i < 2; i++) {
    const drafts = Array.from({ length: 250 }, (_, n) => ({
      type: 'made',
      identifier: `first ${i} ${n}`,
      data: 'x'.repeat(200),
    }))
    await log.accept(drafts)
  }
  await log.backup(`${directory}-source`)
}
process.stdout.write('open\n')
await Promise.all([
  publishOn(log),
  hearOn(log),
  (async () => {
    for (let nth = 0; ; nth++) {
      note('works', nth)
      await work(log, nth)
    }
  })(),
])
