import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { LiveFeed } from '../../lib/agent/operations/live.ts'
import { ListenerMeter } from '../../lib/agent/run/part-meters.ts'
import { agent, listener, memoryLog, on, start } from '../../lib/index.ts'
import { LogMeter } from '../../lib/log/log-meter.ts'
import { cpuTime } from '../support/cpu-time.ts'
import { publish } from './workload.ts'

const EVENTS = 60_000

/** What is switched off, or on, while events flow. */
interface Monitoring {
  /** Whether log and listeners count; default true. */
  readonly counted?: boolean
  /** How many watch what happens; default 0. */
  readonly viewers?: number
}

/** How many measurements one process makes: the first ones compile. */
const RUNS = 6

/**
 * Events from 100 drafts an accept to a listener, in memory. Resolves to events per second of computing time. Each call is a
 * process of its own: what is switched off in one would undo what another has compiled.
 */
export async function monitored(monitoring: Monitoring): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    fileURLToPath(new URL('monitored.ts', import.meta.url)),
    JSON.stringify(monitoring),
  ])
  return Number(stdout)
}

/** The same in this process, so many times over that the measurement counts. */
export async function monitoredHere(monitoring: Monitoring): Promise<number> {
  let seconds = 0
  for (let run = 0; run < RUNS; run++) seconds += EVENTS / (await monitoredOnce(monitoring))
  return (RUNS * EVENTS) / seconds
}

async function monitoredOnce({ counted = true, viewers = 0 }: Monitoring): Promise<number> {
  const restore = counted ? () => undefined : countNothing()
  const log = await memoryLog()
  const hear = listener('hear', on('pr.opened'), () => undefined)
  const running = await start(agent('bench', [hear]), { log, logger: false })
  const control = running as unknown as ConstructorParameters<typeof LiveFeed>[1]
  const feed = new LiveFeed(log, control)
  const over = new AbortController()
  const watching = Array.from({ length: viewers }, async () => {
    // As a connection does: each batch becomes text.
    let size = 0
    for await (const batch of feed.watch({}, over.signal)) size += JSON.stringify(batch).length
    return size
  })
  const taken = cpuTime()
  await publish(log, { from: 0, to: EVENTS, inFlight: 16, perAccept: 100 })
  await running.drained()
  const ms = taken()
  over.abort()
  await Promise.all(watching)
  await running.stop()
  await log.close()
  restore()
  return (EVENTS / ms) * 1000
}

function countNothing(): () => void {
  const nothing = (): void => undefined
  const { answered, committed } = LogMeter.prototype
  const { ended } = ListenerMeter.prototype
  Object.assign(LogMeter.prototype, { answered: nothing, committed: nothing })
  Object.assign(ListenerMeter.prototype, { ended: nothing })
  return () => {
    Object.assign(LogMeter.prototype, { answered, committed })
    Object.assign(ListenerMeter.prototype, { ended })
  }
}
