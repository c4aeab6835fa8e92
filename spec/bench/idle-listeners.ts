import { agent, listener, memoryLog, on, start } from '../../lib/index.ts'
import { cpuTime } from '../support/cpu-time.ts'
import { draft } from './workload.ts'

const EVENTS = 6000

/**
 * Accepts one event after the other, each a commit of its own, while one listener hears them and others hear none.
 * Resolves to events per second of computing time.
 */
export async function idleListeners(idle: number): Promise<number> {
  const log = await memoryLog()
  const others = Array.from({ length: idle }, (_, i) => listener(`idle ${i}`, on(`never.${i}`), () => undefined))
  const hear = listener('hear', on('pr.opened'), () => undefined)
  const running = await start(agent('bench', [hear, ...others]), { log, logger: false })
  await running.drained()
  const taken = cpuTime()
  for (let i = 0; i < EVENTS; i++) await log.accept([draft(i)])
  await running.drained()
  const ms = taken()
  await running.stop()
  await log.close()
  return (EVENTS / ms) * 1000
}
