// An agent that collects events in digests, to be killed. It writes its receipts and the batches that it sends into a diary.
import { setTimeout as sleep } from 'node:timers/promises'
import { agent } from '../../../lib/agent/define/agent.ts'
import { start } from '../../../lib/agent/start.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { job } from '../../../lib/job/job.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { digest } from '../../../lib/listener/memory/digest.ts'
import { on } from '../../../lib/listener/on.ts'
import { always } from '../../../lib/schedule/index.ts'
import { note, openMortal, orders } from './orders.ts'

const made = eventType('made').of<{ key: string }>()

const source = job('source', always(), async ({ publish, signal }) => {
  for (let n = 0; !signal.aborted; n++) {
    const { seq } = await publish(made, `${orders.life}-${n}`, { key: n % 3 === 0 ? 'a' : 'b' })
    note('told', seq)
    await sleep(Math.random() * 4)
  }
})

const send = listener(
  'send',
  on(made).pipe(digest({ every: 40, size: 20, per: 'data.key' })),
  async (_, { key, events }) => {
    note('sends', key, events.map(({ seq }) => seq).join())
    await sleep(Math.random() * 8)
    if (Math.random() < 0.2) throw new Error('one in five')
    note('sent', key, events.map(({ seq }) => seq).join())
  },
  { from: 'start', concurrency: 8, crashes: 1_000_000, attempts: 1000, backoff: { min: 1, max: 20 } },
)

const log = await openMortal()
process.stdout.write('open\n')
const running = await start(agent('digests', orders.last ? [send] : [source, send]), { log, logger: false })
if (orders.last) {
  for (;;) {
    await running.drained()
    const { listeners } = await running.status()
    if (listeners.every(({ behind, running, retrying }) => behind + running + retrying === 0)) break
    await sleep(20)
  }
  await running.stop()
  await log.close()
}
