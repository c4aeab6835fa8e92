import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { agent, type Part } from '../../../lib/agent/define/agent.ts'
import type { Running } from '../../../lib/agent/run/running.ts'
import { start } from '../../../lib/agent/start.ts'
import type { Clock } from '../../../lib/core/clock.ts'
import { Retry } from '../../../lib/core/control.ts'
import { job } from '../../../lib/job/job.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import { listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import type { Consumer, Log } from '../../../lib/log/port.ts'
import { always, every, manual, once } from '../../../lib/schedule/index.ts'
import { type VirtualClock, virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { FaultySource, faultyLog } from '../../level/faults.ts'
import { wrap } from '../../support/agent-harness.ts'
import { command } from '../../support/command.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const MINUTE = 60_000

interface Watched {
  readonly clock: VirtualClock
  readonly log: Log
  readonly running: Running
  /** Advances the clock. */
  after(ms: number): Promise<void>
  /** Asserts that the agent, and the command that asks it, report exactly these problems. */
  reports(...problems: readonly RegExp[]): Promise<void>
}

interface Broken {
  readonly clock?: VirtualClock
  /** The log of the agent; default a sound log in memory. */
  readonly log?: Log
  /** The clock of the agent; default the log's. */
  readonly time?: Clock
}

async function watch(t: TestContext, parts: readonly Part[], broken: Broken = {}): Promise<Watched> {
  const { clock = virtualClock(), time = clock } = broken
  const log = broken.log ?? (await memoryLog({ clock, warn: () => undefined }))
  const directory = temporaryDirectory(t)
  // Commands look for it before they ask the agent.
  writeFileSync(join(directory, 'MARK'), '')
  const running = await start(agent('home', parts), { log, clock: time, logger: false, serve: directory })
  t.after(async () => {
    const stopped = running.stop()
    await clock.advance(20_000)
    await stopped
    await log.close()
  })
  return {
    clock,
    log,
    running,
    after: (ms) => clock.advance(ms),
    async reports(...expected) {
      const { problems } = await running.status()
      const { code, stderr } = await command('status', '--db', directory)
      assert.equal(problems.length, expected.length, problems.join('\n'))
      for (const [i, words] of expected.entries()) assert.match(problems[i] ?? '', words)
      assert.equal(code, expected.length === 0 ? 0 : 1)
      assert.equal(stderr, problems.map((problem) => `tidings: ${problem}\n`).join(''))
    },
  }
}

/** A clock whose timers can be kept from firing. */
function mortal(clock: Clock): Clock & { die(): void; revive(): void } {
  let dead = false
  const kept: (() => void)[] = []
  return {
    now: () => clock.now(),
    timer: (run, ms) => clock.timer(() => (dead ? void kept.push(run) : run()), ms),
    die: () => (dead = true),
    revive() {
      dead = false
      for (const run of kept.splice(0)) run()
    },
  }
}

const nothing = (): undefined => undefined
const event = (identifier: string, type = 'made') => ({ type, identifier, data: 1 })

describe('a dead scheduler', () => {
  for (const interval of ['2s', '1m', '10m', '6h'] as const) {
    it(`is reported within two intervals (every ${interval}), until it recovers`, async (t) => {
      const clock = virtualClock()
      const time = mortal(clock)
      const schedule = every(interval)
      const ms = Number(schedule.next(new Date(0), new Date(0)))
      const { after, reports } = await watch(t, [job('poll', schedule, nothing)], { clock, time })
      await after(3.5 * ms)
      await reports()
      time.die()
      await after(2 * ms)
      await reports(/^job "poll" is overdue: no run began for its slot of 2026-/)
      time.revive()
      await after(0)
      await reports()
    })
  }

  it('is reported when its runs never begin', async (t) => {
    const clock = virtualClock()
    const sound = await memoryLog({ clock, warn: nothing })
    let answers = true
    const kept: (() => void)[] = []
    const claim: Log['claim'] = async (...args) => {
      if (!answers) await new Promise<void>((resolve) => kept.push(resolve))
      return sound.claim(...args)
    }
    const parts = [job('poll', every('1m'), nothing)]
    const { after, reports } = await watch(t, parts, { clock, log: wrap(sound, { claim }) })
    await after(2.5 * MINUTE)
    await reports()
    answers = false
    await after(2 * MINUTE)
    await reports(/^job "poll" is overdue/)
    answers = true
    for (const resolve of kept) resolve()
    await after(0)
    await reports()
  })
})

describe('a stuck listener', () => {
  for (const timeout of ['30s', '1h'] as const) {
    it(`is reported while its handler never settles (timeout ${timeout})`, async (t) => {
      const ms = timeout === '1h' ? 60 * MINUTE : 30_000
      let settles = false
      const handle = () => (settles ? undefined : new Promise<void>(() => undefined))
      const { log, after, reports } = await watch(t, [listener('act', on('made'), handle, { timeout, attempts: 9 })])
      await log.accept([event('a')])
      await after(ms / 2)
      await reports()
      await after(1.5 * ms + 1)
      await reports(/^listener "act" is stuck: it makes no progress, with 1 events to handle/)
      settles = true
      await after(ms + 10 * MINUTE)
      await reports()
    })
  }

  it('is reported when its backlog does not move, however long its timeout', async (t) => {
    const clock = virtualClock()
    const sound = await memoryLog({ clock, warn: nothing })
    let dead = true
    let goOn = nothing as () => void
    const consumer: Log['consumer'] = async (...args) => {
      const real = await sound.consumer(...args)
      const pull: Consumer['pull'] = async (max, signal) => {
        if (dead) {
          await new Promise<void>((resolve) => {
            goOn = resolve
            signal.addEventListener('abort', () => resolve(), { once: true })
          })
        }
        return real.pull(max, signal)
      }
      return new Proxy(real, {
        get: (on, key) => {
          const value: unknown = key === 'pull' ? pull : Reflect.get(on, key, on)
          return typeof value === 'function' ? value.bind(on) : value
        },
      })
    }
    const parts = [listener('act', on('made'), nothing, { timeout: '1h' })]
    const { log, after, reports } = await watch(t, parts, { clock, log: wrap(sound, { consumer }) })
    await log.accept([event('a'), event('b')])
    await after(MINUTE)
    await reports()
    await after(1)
    await reports(/^listener "act" is stuck: it makes no progress, with 2 events to handle/)
    dead = false
    goOn()
    await after(100)
    await reports()
  })
})

describe('a failed log', () => {
  it('is reported at once, until it recovers; jobs and listeners are not blamed', async (t) => {
    const clock = virtualClock()
    const source = new FaultySource()
    const { log } = await faultyLog({ source, clock })
    const parts = [job('poll', every('1m'), nothing), listener('act', on('made'), nothing)]
    const { running, after, reports } = await watch(t, parts, { clock, log })
    await reports()
    source.next('lose')
    source.failingOpens = 20
    await assert.rejects(log.accept([event('a')]), { code: 'TIDINGS_LOG_FAILED' })
    await reports(/^the log has failed and accepts no reads or writes$/)
    assert.equal((await running.status()).last, undefined)
    await after(1.5 * MINUTE)
    await reports(/^the log has failed/)
    await after(10 * MINUTE)
    assert.equal(source.failingOpens, 0)
    await reports()
    await log.accept([event('a')])
    await after(100)
    await reports()
    assert.equal((await running.status()).last, 1)
  })

  it('is reported when it was closed under its agent', async (t) => {
    const { log, running, after } = await watch(t, [listener('hear', on('made'), nothing)])
    await log.accept([{ type: 'made', identifier: '1', data: 1 }])
    await after(100)
    await log.close()
    await after(0)
    const { listeners, problems } = await running.status()
    assert.deepEqual(listeners, [{ name: 'hear', behind: 0, running: 0, retrying: 0, parked: 0 }])
    assert.deepEqual(problems, [
      'the log is closed and accepts no reads or writes',
      'listener "hear" receives no events: the log is closed',
    ])
  })
})

describe('healthy', () => {
  /** Asserts now and then, for `ms`, that there are no problems. */
  const stays = async ({ after, reports }: Watched, ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += ms / 8) {
      await after(ms / 8)
      await reports()
    }
  }

  it('is a job that is manual, endless, disabled, over, or waits for its slot', async (t) => {
    const forever = () => new Promise<void>(() => undefined)
    const watched = await watch(t, [
      job('asked', manual(), nothing),
      job('endless', always(), forever),
      job('off', every('1s'), nothing, { enabled: false }),
      job('past', once(new Date('2025-01-01')), nothing),
      job('soon', once(new Date('2026-01-01T00:01:00Z')), nothing),
      job('hourly', every().hour, nothing),
      job('spread', every('10m'), nothing, { jitter: '5m' }),
    ])
    await stays(watched, 4 * 60 * MINUTE)
  })

  it('is a paused job or listener', async (t) => {
    const watched = await watch(t, [job('poll', every('1m'), nothing), listener('act', on('made'), nothing)])
    const { log, running, after, reports } = watched
    const control = running as unknown as { pause(kind: string, name: string, paused: boolean): void }
    control.pause('job', 'poll', true)
    control.pause('listener', 'act', true)
    await log.accept([event('a')])
    await stays(watched, 60 * MINUTE)
    control.pause('job', 'poll', false)
    control.pause('listener', 'act', false)
    await after(1)
    await reports()
  })

  for (const overlap of ['skip', 'queue', 'replace', 'parallel'] as const) {
    it(`is a job whose runs take longer than its interval, or hang until they time out (${overlap})`, async (t) => {
      const hang = () => new Promise<void>(() => undefined)
      const long = { overlap, jitter: '20s', retry: 1, timeout: '3m' } as const
      await stays(await watch(t, [job('slow', every('1m'), hang, long)]), 40 * MINUTE)
    })
  }

  it('is a listener that waits for a Retry with events behind it, in order or not', async (t) => {
    let calls = 0
    const later = ({ identifier }: { readonly identifier: string }) => {
      if (identifier === 'a' && calls++ < 2) throw new Retry({ after: '1h' })
    }
    const watched = await watch(t, [
      listener('in order', on('made'), later, { ordered: true }),
      listener('by key', on('made'), later),
    ])
    await watched.log.accept([event('a'), event('b'), event('c')])
    await stays(watched, 120 * MINUTE)
  })

  it('is a slow delivery after a long silence, or beside an old event that waits for its retry', async (t) => {
    const slow = async (of: { readonly identifier: string }, { attempt }: { readonly attempt: number }) => {
      if (of.identifier === 'old' && attempt < 3) throw new Retry({ after: '1h' })
      await new Promise<void>((resolve) => void watched.clock.timer(resolve, 50_000))
    }
    const watched = await watch(t, [listener('act', on('made'), slow, { timeout: '1m' })])
    await watched.log.accept([event('old')])
    await watched.after(50 * MINUTE)
    await watched.log.accept([event('new')])
    await stays(watched, MINUTE)
    // The old event is retried, and its delivery is slow.
    await stays(watched, 80 * MINUTE)
  })
})
