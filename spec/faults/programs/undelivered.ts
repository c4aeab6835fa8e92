// An agent whose process dies when its events are durable, before the publisher or a listener hears of them.
import { agent } from '../../../lib/agent/define/agent.ts'
import { start } from '../../../lib/agent/start.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { note, openMortal, orders } from './orders.ts'

const made = eventType('made').of<{ n: number }>()

const hear = (name: string, concurrency: number) =>
  listener(name, on(made), ({ seq }, { attempt }) => note('handled', name, seq, attempt), { concurrency })

const log = await openMortal()
const listeners = [hear('a', 1), hear('b', 8), hear('c', 64)]
const running = await start(agent('faults', listeners), { log, logger: false })
process.stdout.write('open\n')
if (orders.last) {
  await running.drained()
  await running.stop()
  await log.close()
} else {
  log.committed$.subscribe(() => process.kill(process.pid, 'SIGKILL'))
  await log.accept(Array.from({ length: 1 + (orders.life % 100) }, (_, n) => made(String(n), { n })))
  note('told')
}
