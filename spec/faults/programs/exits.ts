// An agent with a handler that ends the process at one certain event.
import { setTimeout as sleep } from 'node:timers/promises'
import { agent } from '../../../lib/agent/define/agent.ts'
import { start } from '../../../lib/agent/start.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { note, openMortal, orders } from './orders.ts'

const made = eventType('made').of<{ bad?: boolean; slow?: number }>()

const listeners = [
  listener('exits', on(made), async ({ seq, data }) => {
    note('begins', 'exits', seq)
    // Late enough for other events to be in flight, unless they have to wait.
    if (data.bad === true) await sleep(60)
    // oxlint-disable-next-line unicorn/no-process-exit -- the purpose of this suite
    if (data.bad === true) process.exit(3)
    note('handled', 'exits', seq)
  }),
  listener(
    'slow',
    on(made),
    async ({ seq, data }) => {
      note('begins', 'slow', seq)
      await sleep(data.slow ?? 120)
      note('handled', 'slow', seq)
    },
    { concurrency: 4 },
  ),
]

const log = await openMortal()
const running = await start(agent('faults', listeners), { log, logger: false })
process.stdout.write('open\n')
if (orders.life === 0) {
  const kinds: Readonly<Record<number, { bad?: boolean; slow?: number }>> = orders.powerCuts
    ? { 5: { slow: 400 } }
    : { 12: { bad: true } }
  await log.accept(Array.from({ length: 20 }, (_, n) => made(String(n), kinds[n] ?? {})))
}
for (;;) {
  await running.drained()
  const { listeners } = await running.status()
  if (listeners.every(({ behind, running, retrying }) => behind + running + retrying === 0)) break
  await sleep(20)
}
await running.stop()
await log.close()
