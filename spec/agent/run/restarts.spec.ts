import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { agent } from '../../../lib/agent/define/agent.ts'
import type { Running } from '../../../lib/agent/run/running.ts'
import { start } from '../../../lib/agent/start.ts'
import type { StoredEvent } from '../../../lib/core/event.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { where } from '../../../lib/filter/where.ts'
import { type JobContext, job } from '../../../lib/job/job.ts'
import type { LevelLog } from '../../../lib/level/level-log.ts'
import { memoryLog, openLog } from '../../../lib/level/open-log.ts'
import { type Listener, type ListenerOptions, listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import { every } from '../../../lib/schedule/index.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { allOf } from '../../support/agent-harness.ts'
import { copyLiving } from '../../support/copy-living.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { until } from '../../support/until.ts'

const EVENTS = 500
const made = eventType('made').of<{ n: number; key: string }>({ changed: true })
const other = eventType('other').of<{ n: number; key: string }>({ changed: true })
type Made = StoredEvent<string, { n: number; key: string }>

/** An event that a listener has handled. */
interface Heard {
  readonly seq: number
  readonly key: string
}

const drafts = Array.from({ length: EVENTS }, (_, n) => {
  const key = (n * 7 + Math.floor(n / 10)) % 10
  // Each key is one identity, of one type.
  return (key % 3 === 0 ? other : made)(`key ${key}`, { n, key: `key ${key}` })
})

/** Two listeners on different events, each with its own order and concurrency. */
class Two {
  readonly heard: Record<'all' | 'even', Heard[]> = { all: [], even: [] }
  readonly #options: ListenerOptions<Made>
  readonly #pause: (ms: number) => Promise<void>

  constructor(options: ListenerOptions<Made>, pause: (ms: number) => Promise<void>) {
    this.#options = options
    this.#pause = pause
  }

  get parts(): Listener[] {
    const hear =
      (name: 'all' | 'even') =>
      async (event: Made, { attempt }: { readonly attempt: number }) => {
        const { seq, data } = event
        // A crash in between may come before the work or after it: both must be survived.
        if (seq % 2 === 0) this.#note(name, event)
        await this.#pause(seq % 5)
        if (seq % 11 === 0 && attempt === 1) throw new Error(`no ${data.n}`)
        if (seq % 2 === 1) this.#note(name, event)
      }
    const options: ListenerOptions<never> = { ...this.#options, from: 'start', backoff: { min: 1, max: 20 } }
    const even = on(made).pipe(where((event) => event.data.n % 2 === 0))
    return [
      listener('all', on(made, other), hear('all'), options),
      listener('even', even, hear('even'), { ...options, concurrency: 1 }),
    ]
  }

  #note(name: 'all' | 'even', { seq, data }: Made): void {
    this.heard[name].push({ seq, key: data.key })
  }

  /**
   * Each has received exactly its events, at least once, and for the first time in order within each key. After clean
   * stops only: exactly once, and retries in order too. (After a crash, events that were in flight come before events
   * whose ack was not durable yet: those few are handled again out of order.)
   */
  check(events: readonly Made[], { clean }: { readonly clean: boolean }): void {
    const expected = {
      all: events.map(({ seq }) => seq),
      even: events.filter(({ type, data }) => type === 'made' && data.n % 2 === 0).map(({ seq }) => seq),
    }
    for (const name of ['all', 'even'] as const) {
      const seqs = this.heard[name].map(({ seq }) => seq)
      assert.deepEqual(inOrder(new Set(seqs)), expected[name], `${name}: which events`)
      const firsts = this.heard[name].filter(({ seq }, i) => seqs.indexOf(seq) === i)
      for (const heard of clean ? [firsts, this.heard[name]] : [firsts]) {
        for (const key of new Set(heard.map((each) => each.key))) {
          const ofKey = heard.filter((each) => each.key === key).map(({ seq }) => seq)
          assert.deepEqual(ofKey, inOrder(ofKey), `${name}: order of ${key}`)
        }
      }
      // Events that fail after their work are handled again.
      const twice = seqs.filter((seq, i) => seqs.indexOf(seq) < i && seq % 22 !== 0)
      if (clean) assert.deepEqual(twice, [], `${name}: heard twice`)
    }
  }
}

const inOrder = (seqs: Iterable<number>) => [...seqs].sort((a, b) => a - b)

const orders = fc.constantFrom<ListenerOptions<Made>>(
  { concurrency: 1 },
  { concurrency: 4 },
  { concurrency: 8, ordered: (event) => event.data.key },
  { concurrency: 3, ordered: true },
)

describe('two listeners and five hundred events', () => {
  it('receive exactly their events, exactly once, in order within each key, over clean stops', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 150 }), { maxLength: 8 }), orders, async (lives, options) => {
        const clock = virtualClock()
        const log = await memoryLog({ clock })
        const two = new Two(options, (ms) => new Promise((resolve) => void clock.timer(resolve, ms)))
        const home = agent('home', two.parts)
        let accepted = 0
        for (const ms of [...lives, undefined]) {
          const running = await start(home, { log, clock, logger: false })
          const share = ms === undefined ? EVENTS : Math.min(EVENTS, accepted + Math.ceil(EVENTS / (lives.length + 1)))
          await log.accept(drafts.slice(accepted, share))
          accepted = share
          await clock.advance(ms ?? 10_000)
          const stopping = running.stop()
          await clock.advance(1000)
          await stopping
        }
        two.check((await allOf(log)) as Made[], { clean: true })
        await log.close()
      }),
      { numRuns: 8 },
    )
  })

  it('receive exactly their events, at least once, in order within each key, over crashes on disk', async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ deliveries: fc.integer({ min: 0, max: 200 }), how: fc.constantFrom('crash', 'close', 'stop') }),
          { minLength: 1, maxLength: 5 },
        ),
        orders,
        async (lives, options) => crashes(t, lives, options),
      ),
      { numRuns: 5 },
    )
  })
})

/** Whether its listeners have handled all their events, also those that were to be retried. */
async function isSettled(running: Running): Promise<boolean> {
  const { listeners } = await running.status()
  return listeners.every(({ behind, running: runs, retrying }) => behind + runs + retrying === 0)
}

/** Runs of an agent on a log on disk, each ended in the given way. A crash leaves a copy of the log at that moment. */
async function crashes(
  t: TestContext,
  lives: readonly { deliveries: number; how: string }[],
  options: ListenerOptions<Made>,
): Promise<void> {
  const root = temporaryDirectory(t)
  const open: LevelLog[] = []
  const going: Running[] = []
  let directory = join(root, 'log')
  const two = new Two(options, () => turn())
  const ghosts: Two[] = []
  try {
    let accepted = 0
    for (const { deliveries, how } of [...lives, { deliveries: 0, how: 'drain' }]) {
      const log = await openLog(directory, { warn: () => undefined })
      open.push(log)
      // Deliveries of an agent after its crash do not count.
      let begun = 0
      const mortal = new Two(options, async (pause) => {
        begun += 1
        if (pause % 2 === 1) await turn()
      })
      mortal.heard.all = two.heard.all
      mortal.heard.even = two.heard.even
      ghosts.push(mortal)
      const running = await start(agent('home', mortal.parts), { log, logger: false })
      going.push(running)
      const share = how === 'drain' ? EVENTS : Math.min(EVENTS, accepted + Math.ceil(EVENTS / (lives.length + 1)))
      await log.accept(drafts.slice(accepted, share))
      accepted = share
      if (how === 'drain') await until(() => isSettled(running))
      else {
        let drained = false
        void running.drained().then(() => (drained = true))
        await until(() => begun >= deliveries || drained)
      }
      if (how === 'crash') {
        const copy = join(root, `crash ${open.length}`)
        await copyLiving(directory, copy)
        directory = copy
      } else if (how === 'close') await log.close()
      else await running.stop()
      mortal.heard.all = []
      mortal.heard.even = []
      if (how !== 'crash') await log.close()
    }
    const log = await openLog(directory)
    open.push(log)
    two.check((await allOf(log)) as Made[], { clean: lives.every(({ how }) => how === 'stop') })
  } finally {
    for (const running of going) await running.stop()
    for (const log of open) await log.close()
  }
}

describe('jobs over crashes', () => {
  it('publish each happening once, and their state is never ahead: a counter continues without a gap', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 4 }), async (lives) => {
        const root = temporaryDirectory(t)
        let directory = join(root, 'log')
        const open: LevelLog[] = []
        const going: Running[] = []
        const count = job('count', every('5ms'), async function* ({ state }: JobContext) {
          const n = ((await state.get<number>('n')) ?? 0) + 1
          for (const part of ['a', 'b', 'c']) {
            yield made(`${n} ${part}`, { n, key: part })
            await turn()
          }
          state.set('n', n)
        })
        try {
          for (const [i, events] of [...lives, 10].entries()) {
            const log = await openLog(directory, { warn: () => undefined })
            open.push(log)
            const before = await log.last()
            going.push(await start(agent('home', [count]), { log, logger: false }))
            await until(async () => (await log.last()) >= before + events)
            // At least one run succeeds in the last life.
            if (i === lives.length) await until(async () => (await log.store('job/count').get('n')) !== undefined)
            const copy = join(root, `crash ${i}`)
            await copyLiving(directory, copy)
            directory = copy
          }
          const log = await openLog(directory)
          open.push(log)
          const n = (await log.store('job/count').get<number>('n'))?.value ?? 0
          const identifiers = (await allOf(log)).map(({ identifier }) => identifier)
          const complete = Array.from({ length: n }, (_, i) => ['a', 'b', 'c'].map((part) => `${i + 1} ${part}`)).flat()
          assert.deepEqual(identifiers.slice(0, complete.length), complete)
          assert.ok(identifiers.length - complete.length <= 3)
          assert.ok(n > 0)
        } finally {
          for (const running of going) await running.stop()
          for (const log of open) await log.close()
        }
      }),
      { numRuns: 4 },
    )
  })
})
