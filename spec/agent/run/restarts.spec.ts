import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
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

const EVENTS = 500
const made = eventType('made').of<{ n: number; key: string }>({ changed: true })
const other = eventType('other').of<{ n: number; key: string }>({ changed: true })
type Made = StoredEvent<string, { n: number; key: string }>

/** What a listener has heard. */
interface Heard {
  readonly seq: number
  readonly key: string
}

const drafts = Array.from({ length: EVENTS }, (_, n) => {
  const key = (n * 7 + Math.floor(n / 10)) % 10
  // Each key is one identity, of one type.
  return (key % 3 === 0 ? other : made)(`key ${key}`, { n, key: `key ${key}` })
})

/** Two listeners of different events, with orders and numbers at a time of their own. */
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
        // Whoever dies in between has done its work, or not: both are to be borne.
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
   * Each has heard exactly what it should, at least once, and for the first time in order within each key. After clean
   * stops alone: exactly once, and whatever is tried again in its order too. (After a crash, what was in flight comes
   * before what had been settled but was not durably so: those few are heard again out of their order.)
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
      // Those that fail after their work do it again.
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
  it('over clean stops: each hears exactly its events, exactly once, in order within each key', async () => {
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

  it('over crashes on disk: each hears exactly its events, at least once, in order within each key', async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ ms: fc.integer({ min: 0, max: 60 }), how: fc.constantFrom('crash', 'close', 'stop') }), {
          minLength: 1,
          maxLength: 5,
        }),
        orders,
        async (lives, options) => crashes(t, lives, options),
      ),
      { numRuns: 5 },
    )
  })
})

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** Lives of an agent on a log on disk, each ended as it says. A crash leaves a copy of the log at that moment. */
async function crashes(
  t: TestContext,
  lives: readonly { ms: number; how: string }[],
  options: ListenerOptions<Made>,
): Promise<void> {
  const root = temporaryDirectory(t)
  const open: LevelLog[] = []
  const going: Running[] = []
  let directory = join(root, 'log')
  const two = new Two(options, (ms) => wait(ms % 2))
  const ghosts: Two[] = []
  try {
    let accepted = 0
    for (const { ms, how } of [...lives, { ms: 0, how: 'drain' }]) {
      const log = await openLog(directory, { warn: () => undefined })
      open.push(log)
      // What an agent does after its crash is no longer of this world.
      const mortal = new Two(options, (pause) => wait(pause % 2))
      mortal.heard.all = two.heard.all
      mortal.heard.even = two.heard.even
      ghosts.push(mortal)
      const running = await start(agent('home', mortal.parts), { log, logger: false })
      going.push(running)
      const share = how === 'drain' ? EVENTS : Math.min(EVENTS, accepted + Math.ceil(EVENTS / (lives.length + 1)))
      await log.accept(drafts.slice(accepted, share))
      accepted = share
      await wait(ms)
      if (how === 'drain') await settled(running)
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

async function settled(running: Running): Promise<void> {
  for (;;) {
    const { listeners } = await running.status()
    if (listeners.every(({ behind, running: runs, retrying }) => behind + runs + retrying === 0)) return
    await wait(5)
  }
}

describe('jobs over crashes', () => {
  it('publish each happening once, and their state is never ahead: a counter counts on without a gap', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 4 }), async (lives) => {
        const root = temporaryDirectory(t)
        let directory = join(root, 'log')
        const open: LevelLog[] = []
        const going: Running[] = []
        const count = job('count', every('5ms'), async function* ({ state }: JobContext) {
          const n = ((await state.get<number>('n')) ?? 0) + 1
          for (const part of ['a', 'b', 'c']) {
            yield made(`${n} ${part}`, { n, key: part })
            await wait(0)
          }
          state.set('n', n)
        })
        try {
          for (const [i, ms] of [...lives, 40].entries()) {
            const log = await openLog(directory, { warn: () => undefined })
            open.push(log)
            going.push(await start(agent('home', [count]), { log, logger: false }))
            await wait(ms)
            // However busy the machine is, a run ends in the last life.
            while (i === lives.length && (await log.store('job/count').get('n')) === undefined) await wait(5)
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
