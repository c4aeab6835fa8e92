// An agent on a full disk, until there is room again; then it publishes 300 more events. Half of the lives die at once.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { agent } from '../../../lib/agent/define/agent.ts'
import { start } from '../../../lib/agent/start.ts'
import { hasCode } from '../../../lib/core/errors.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { job } from '../../../lib/job/job.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { every } from '../../../lib/schedule/index.ts'
import { note, openMortal, orders } from './orders.ts'

const made = eventType('made').of<string>()
const ticked = eventType('ticked').of<null>()
const { life } = orders

let ticks = 0
const ticking = job('ticking', every('50ms'), ({ publish, slot }) =>
  publish(ticked, String(slot.getTime()), null).then(() => void ticks++),
)

// Once for each event, if state is stored in one step with the ack of its event.
const hears = listener(
  'hears',
  on(made, ticked),
  async ({ seq, type, identifier }, { state }) => {
    note('handled', seq, type, identifier)
    state.set(String(seq), ((await state.get<number>(String(seq))) ?? 0) + 1)
  },
  { from: 'start', crashes: 1_000_000 },
)

const log = await openMortal()
const running = await start(agent('faults', [ticking, hears]), { log, logger: false })
process.stdout.write('open\n')

async function publish(identifier: string): Promise<boolean> {
  try {
    // Incompressible.
    const [receipt] = await log.accept([made(identifier, randomBytes(1500).toString('base64'))])
    note('told', identifier, receipt?.status ?? '-', receipt?.seq ?? 0)
    return true
  } catch (error) {
    if (!hasCode(error, 'TIDINGS_LOG_FAILED')) throw error
    note('refused', identifier, log.state, ...(await running.status()).problems)
    return false
  }
}

// Eight publishers at a time: some wait for their turn when the write fails. They slow down soon, so that they don't fill
// the disk themselves before a busy machine does.
let full = false
const isRoom = (): boolean => existsSync(`${orders.diary}-room-${life}`)
await Promise.all(
  Array.from({ length: 8 }, async (_, i) => {
    for (let n = 0; !(full && isRoom()); n++) {
      const isStored = await publish(`${life} before ${i} ${n}`)
      full ||= !isStored
      if (!isStored || n > 300) await sleep(20)
    }
  }),
)
for (let n = 0; !(await publish(`${life} room ${n}`)); n++) await sleep(20)
for (let n = 0; n < 300; n++) if (!(await publish(`${life} later ${n}`))) note('lost', n)

// Jobs and listeners continue.
for (const before = ticks; ticks < before + 2; ) await sleep(20)
await running.drained()
const { problems, listeners } = await running.status()
// On a busy machine, a job of every 50 ms is soon overdue.
for (const problem of problems) if (!problem.includes('overdue')) note('problem', problem)
note('listeners', ...listeners.map(({ name, behind, parked }) => `${name} ${behind} ${parked}`))
note('went on')
if (orders.last !== true) process.kill(process.pid, 'SIGKILL')
await running.stop()
await log.close()
