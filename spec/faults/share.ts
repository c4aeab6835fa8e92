import { setTimeout as sleep } from 'node:timers/promises'
import { agent, listener, on, openLog, start } from '../../lib/index.ts'

const EVENTS = 1500

/** How long the innocent listener takes for each event, in ms: as long as a quick call to a service. */
const TAKES = 5

/** Listeners that fail with every event. */
const offenders = [
  listener('throws', on('made'), () => {
    throw new Error('no')
  }),
  listener('rejects', on('made'), () => Promise.reject(new Error('no'))),
  listener('never settles', on('made'), () => new Promise(() => undefined), { timeout: '1s' }),
]

/** How many events a second an innocent listener handles, eight at a time. */
async function rate(directory: string, disturbed: boolean): Promise<number> {
  let handled = 0
  let done: () => void = () => undefined
  const all = new Promise<void>((resolve) => (done = resolve))
  const innocent = listener(
    'innocent',
    on('made'),
    async () => {
      await sleep(TAKES)
      handled += 1
      if (handled === EVENTS) done()
    },
    { concurrency: 8 },
  )
  const log = await openLog(directory)
  const running = await start(agent('share', disturbed ? [innocent, ...offenders] : [innocent]), { log, logger: false })
  const began = performance.now()
  await log.accept(Array.from({ length: EVENTS }, (_, n) => ({ type: 'made', identifier: `${n}`, data: n })))
  await all
  const seconds = (performance.now() - began) / 1000
  // One listener never settles, so the agent is not stopped; the log is abandoned.
  void running.stop().catch(() => undefined)
  await log.close()
  return EVENTS / seconds
}

/** The throughput of an innocent listener beside failing ones, relative to its own alone. In turns; the median. */
export async function share(directory: () => string, rounds: number): Promise<number> {
  const parts: number[] = []
  for (let round = 0; round < rounds; round++) {
    const alone = await rate(directory(), false)
    parts.push((await rate(directory(), true)) / alone)
  }
  return parts.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] as number
}
