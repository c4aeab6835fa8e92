// An agent with one job and three listeners, to be killed. It writes its receipts and deliveries into a diary.
import { setTimeout as sleep } from 'node:timers/promises'
import { agent } from '../../../lib/agent/define/agent.ts'
import { start } from '../../../lib/agent/start.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { type JobContext, job } from '../../../lib/job/job.ts'
import { type Delivery, type ListenerOptions, listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { always } from '../../../lib/schedule/index.ts'
import { note, openMortal, orders } from './orders.ts'

const made = eventType('made').of<{ life: number }>()
const chance = (of: number): boolean => Math.random() < of
const below = (n: number): number => Math.floor(Math.random() * n)

// New identities, those of this life again, and those of earlier lives, whether they were accepted or not.
function identifier(n: number): string {
  if (chance(0.6)) return `${orders.life}-${n}`
  return `${chance(0.5) ? orders.life : below(orders.life + 1)}-${below(n + 1)}`
}

async function publishOn({ publish, signal }: JobContext): Promise<void> {
  for (let n = 0; !signal.aborted; ) {
    const burst = Array.from({ length: 1 + below(8) }, () => identifier(n++))
    const answers = burst.map(async (each) => {
      const { status, seq } = await publish(made, each, { life: orders.life })
      note('told', each, status, seq)
    })
    if (chance(0.5)) await Promise.all(answers)
    else await sleep(below(4))
  }
}

const hear = (
  name: string,
  handle: (delivery: Delivery) => Promise<void>,
  options: ListenerOptions<{ readonly identifier: string }>,
) =>
  listener(
    name,
    on(made),
    async (_, delivery) => {
      const { event, attempt } = delivery
      note('begins', name, event.seq, attempt)
      await handle(delivery)
      note('handled', name, event.seq, attempt)
    },
    // Events that kill the process belong to another suite; here all are innocent.
    { from: 'start', crashes: 1_000_000, backoff: { min: 1, max: 20 }, ...options },
  )

// Once for each event, if state is stored in one step with the ack of its event.
async function count({ state, event }: Delivery): Promise<void> {
  const key = String(event.seq)
  state.set(key, ((await state.get<number>(key)) ?? 0) + 1)
}

const listeners = [
  hear('steady', count, { ordered: true }),
  hear(
    'slow',
    async (delivery) => {
      await sleep(below(6))
      await count(delivery)
    },
    { concurrency: 8 },
  ),
  hear(
    'failing',
    async (delivery) => {
      await count(delivery)
      if (chance(0.3)) throw new Error('three in ten')
    },
    { concurrency: 4, attempts: 3 },
  ),
]

const log = await openMortal()
process.stdout.write('open\n')
const source = job('source', always(), publishOn)
const running = await start(agent('faults', orders.last ? listeners : [source, ...listeners]), { log, logger: false })
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
