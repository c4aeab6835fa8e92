// Answers of a large log: how long each takes, and how free the event loop stays. `--events N` (default 1 000 000).
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { operations } from '../../lib/agent/peers/operations-on.ts'
import { openLog } from '../../lib/index.ts'
import { CAUSING, draft, fill, inDirectory } from './workload.ts'

const { values } = parseArgs({ options: { events: { type: 'string', default: '1000000' } } })
const EVENTS = Number(values.events)

/** The runs of each question, of which the median is printed. */
const RUNS = 7

interface Measured {
  readonly question: string
  readonly 'first ms': string
  readonly 'median ms': string
  readonly 'cpu ms': string
  readonly 'loop p99 ms': string
  readonly 'loop max ms': string
}

async function measure(question: string, ask: () => Promise<unknown>): Promise<Measured> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const times: number[] = []
  delay.enable()
  const cpu = process.cpuUsage()
  for (let run = 0; run < RUNS; run++) {
    const began = performance.now()
    await ask()
    times.push(performance.now() - began)
  }
  delay.disable()
  const { user, system } = process.cpuUsage(cpu)
  const sorted = times.toSorted((a, b) => a - b)
  return {
    question,
    'first ms': (times[0] as number).toFixed(1),
    'median ms': (sorted[Math.floor(RUNS / 2)] as number).toFixed(1),
    'cpu ms': ((user + system) / 1000 / RUNS).toFixed(1),
    'loop p99 ms': (delay.percentile(99) / 1e6).toFixed(1),
    'loop max ms': (delay.max / 1e6).toFixed(1),
  }
}

await inDirectory(async (directory) => {
  const first = await openLog(directory)
  await fill(first, EVENTS)
  await first.close()
  const log = await openLog(directory)
  const { events, types } = operations(log)
  const middle = Math.floor(EVENTS / 2)
  const measured = [
    // What the machine itself adds.
    await measure('nothing, for 100 ms', () => sleep(100)),
    await measure('types.list', () => types.list()),
    await measure('events.find, one of 50 types', () => events.find(draft(middle).identifier)),
    await measure('events.find, nowhere', () => events.find('nowhere')),
    await measure('events.list, newest 50', async () => {
      for await (const _ of events.list({ reverse: true, limit: 50 }));
    }),
    await measure('events.list, 50 before the middle', async () => {
      for await (const _ of events.list({ reverse: true, limit: 50, before: middle }));
    }),
    await measure('events.search, found at once', () => events.search({ text: 'LITTLE FASTER', limit: 20 })),
    await measure('events.search, nowhere, first answer', () => events.search({ text: 'nowhere' })),
    await measure('events.search, a rare type', () => events.search({ text: 'nowhere', types: ['type.7'] })),
    await measure('events.story, with 100 that follow', () => events.story(CAUSING)),
    await measure('events.story, the newest', () => events.story(EVENTS)),
  ]
  console.table(measured)
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const began = performance.now()
  let [read, answers]: [number, number] = [0, 0]
  for (let before: number | undefined = EVENTS + 1; before !== undefined && read < 400_000; answers++) {
    const answer: Awaited<ReturnType<typeof events.search>> = await events.search({ text: 'nowhere', before })
    read += answer.scanned
    before = answer.next
  }
  const ms = performance.now() - began
  delay.disable()
  const loop = `loop p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, max ${(delay.max / 1e6).toFixed(1)} ms`
  console.log(`searched ${read} events in ${answers} answers, ${ms.toFixed(0)} ms; ${loop}`)
  await log.close()
})
