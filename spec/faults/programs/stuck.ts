// Many events, three listeners, one of them stuck: reports the memory of the process.
import { readFileSync } from 'node:fs'
import { agent } from '../../../lib/agent/define/agent.ts'
import { start } from '../../../lib/agent/start.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { type Listener, type ListenerOptions, listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { note, openMortal, orders } from './orders.ts'

const made = eventType('made').of<{ title: string; n: number }>()
const title = 'something of the size that such things have, a sentence or two, a link, and perhaps a name'

/** Drafts in one call. */
const CALL = 500

/** Number of events before memory is first measured: by then the heap and LevelDB's buffers have their size. */
const WARM = 20_000

/** Anonymous memory, in MB: without the tables that LevelDB maps. */
const memory = (): number => {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kilobytes) / 1024
}

const counts = { quick: 0, several: 0, stuck: 0 }
const hear = (name: keyof typeof counts, handle: () => unknown, options: ListenerOptions): Listener =>
  listener(
    name,
    on(made),
    () => {
      counts[name] += 1
      return handle()
    },
    options,
  )

const listeners = [
  hear('stuck', () => (counts.stuck > WARM ? new Promise(() => undefined) : undefined), { timeout: '10h' }),
  hear('quick', () => undefined, {}),
  hear('several', () => Promise.resolve(), { concurrency: 8 }),
]

const log = await openMortal()
await start(agent('stuck', listeners), { log, logger: false })
const count = WARM + orders.life
let published = 0
let most = 0

async function publishTo(end: number): Promise<void> {
  while (published < end) {
    const drafts = Array.from({ length: CALL }, (_, i) => made(String(published + i), { title, n: published + i }))
    await log.accept(drafts)
    published += CALL
    most = Math.max(most, memory())
  }
}

async function heard(end: number): Promise<void> {
  while (counts.quick < end || counts.several < end || counts.stuck < Math.min(end, WARM + 1)) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    most = Math.max(most, memory())
  }
}

await publishTo(WARM)
await heard(WARM)
const before = memory()
most = before
await publishTo(count)
await heard(count)
note('memory', Math.round(before), Math.round(most))
note('heard', counts.quick - WARM, counts.several - WARM, counts.stuck - WARM)
// A clean stop would wait for the grace period.
process.kill(process.pid, 'SIGKILL')
