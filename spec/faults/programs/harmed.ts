// An agent, guarded as by `tidings run`, with listeners that do all the harm that a handler can do without ending it.
import { setTimeout as sleep } from 'node:timers/promises'
import { surviveErrors } from '../../../bin/user/guards.ts'
import { agent } from '../../../lib/agent/define/agent.ts'
import { start } from '../../../lib/agent/start.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import type { Logger } from '../../../lib/core/logger.ts'
import { type Listener, listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { note, openMortal, orders } from './orders.ts'

const made = eventType('made').of<{ n: number }>()
const warn = (fields: object, words: string): void => {
  const { listener = '-', ms = 0, err } = fields as { listener?: string; ms?: number; err?: Error }
  note('says', listener, Math.round(ms), JSON.stringify(err?.message ?? ''), words)
}
const logger: Logger = { debug: () => undefined, info: () => undefined, warn, error: warn }
surviveErrors(logger)

const harm = (name: string, handle: () => unknown): Listener =>
  listener(
    name,
    on(made),
    ({ seq }, { attempt }) => {
      note('begins', name, seq, attempt)
      return handle()
    },
    { attempts: 2, backoff: { min: 20, max: 20 }, timeout: 300 },
  )

const block = (): void => {
  for (const end = performance.now() + 200; performance.now() < end; ) Math.sqrt(2)
}

const listeners = [
  harm('throws', () => {
    throw new Error('thrown')
  }),
  harm('rejects', () => Promise.reject(new Error('rejected'))),
  harm('throws-later', () => {
    setTimeout(() => {
      throw new Error('thrown later')
    }, 5)
  }),
  harm('never-settles', () => new Promise(() => undefined)),
  harm('blocks', block),
  listener('innocent', on(made), ({ seq }) => note('handled', 'innocent', seq)),
]

const log = await openMortal()
const running = await start(agent('faults', listeners), { log, logger })
// Not at once, so that the innocent listener hears events while the others misbehave.
for (let n = 0; n < orders.life; n++) {
  await log.accept([made(String(n), { n })])
  await sleep(50)
}
for (;;) {
  await running.drained()
  const { listeners } = await running.status()
  if (listeners.every(({ behind, running, retrying }) => behind + running + retrying === 0)) break
  await sleep(20)
}
for (const { name, parked } of (await running.status()).listeners) note('parked', name, parked)
await running.stop()
await log.close()
