import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { type Agent, agent, type Part } from '../../../lib/agent/define/agent.ts'
import { operationsOf } from '../../../lib/agent/operations/operations.ts'
import { RunningAgent } from '../../../lib/agent/run/running-agent.ts'
import { realEnvironment } from '../../../lib/core/environment.ts'
import { TidingsError } from '../../../lib/core/errors.ts'
import type { StoredEvent } from '../../../lib/core/event.ts'
import { eventType } from '../../../lib/core/event-type.ts'
import { firstPer } from '../../../lib/filters.ts'
import { job } from '../../../lib/job/job.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import { type ListenerOptions, listener } from '../../../lib/listener/listener.ts'
import { on } from '../../../lib/listener/on.ts'
import type { Log } from '../../../lib/log/port.ts'
import { every, manual } from '../../../lib/schedule/index.ts'
import { type VirtualClock, virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { allOf, notes, wrap } from '../../support/agent-harness.ts'

const made = eventType('made').of<{ n: number }>()
type Made = StoredEvent<'made', { n: number }>

/** Advances the clock until the work has ended. */
async function through<T>(clock: VirtualClock, work: Promise<T>): Promise<T> {
  let ended = false
  const over = work.finally(() => (ended = true))
  over.catch(() => undefined)
  while (!ended) await clock.advance(100)
  return over
}

/** An agent `spec` whose code is whatever `code` is when it is loaded. */
async function reloadable(t: TestContext, parts: readonly Part[], wrapped: (log: Log) => Log = (log) => log) {
  const clock = virtualClock()
  const log = await memoryLog({ clock, warn: () => undefined })
  const said = notes()
  const here = {
    clock,
    log,
    notes: said,
    code: (): Agent | Promise<Agent> => agent('spec', parts),
    /** From now on, the code is this. */
    write: (...next: readonly Part[]) => void (here.code = () => agent('spec', next)),
    publish: (...ns: readonly number[]) => log.accept(ns.map((n) => made(`${n}`, { n }))),
    reload: () => through(clock, running.reload()),
    end: (work: Promise<unknown>) => through(clock, work),
  }
  const running = new RunningAgent({
    agent: agent('spec', parts),
    log: wrapped(log),
    clock,
    environment: realEnvironment(clock, said),
    scrub: (text) => text,
    load: async () => here.code(),
    close: async () => undefined,
  })
  await running.begin()
  t.after(async () => {
    await through(clock, running.stop())
    await log.close()
    assert.equal(clock.timers, 0, 'timers are left')
  })
  return Object.assign(here, { running })
}

const hear = (name: string, heard: string[], options: ListenerOptions<Made> = {}) =>
  listener(name, on(made), ({ data }) => void heard.push(`${name} ${data.n}`), options)

const failed = { code: 'TIDINGS_RELOAD_FAILED' }

describe('a reload', () => {
  it('replaces jobs and listeners on the open log: each continues, and a new listener starts from now', async (t) => {
    const heard: string[] = []
    const told: number[] = []
    const here = await reloadable(t, [hear('old', heard), hear('gone', heard)])
    here.running.events$.subscribe(({ seq }) => told.push(seq))
    await here.publish(1)
    await here.clock.advance(100)
    here.write(
      listener('old', on(made), ({ data }) => void heard.push(`better ${data.n}`)),
      hear('new', heard),
      job('make', every(1).second, ({ publish }) => publish(made, '3', { n: 3 })),
    )
    const { changes, last } = await here.reload()
    assert.deepEqual(
      changes.map(({ part, name, change, from }) => [part, name, change, ...(from === undefined ? [] : [from])]),
      [
        ['job', 'make', 'added'],
        ['listener', 'old', 'changed'],
        ['listener', 'new', 'added', 'now'],
        ['listener', 'gone', 'removed'],
      ],
    )
    assert.equal(last, 1)
    await here.publish(2)
    await here.clock.advance(3000)
    assert.deepEqual(heard.splice(2).sort(), ['better 2', 'better 3', 'new 2', 'new 3'])
    assert.deepEqual(told, [1, 2, 3])
    here.write(hear('old', heard), hear('gone', heard))
    assert.deepEqual(
      (await here.reload()).changes.map(({ name, change, from }) => [name, change, from]),
      [
        ['make', 'removed', undefined],
        ['old', 'changed', undefined],
        ['gone', 'added', 'cursor'],
        ['new', 'removed', undefined],
      ],
    )
    await here.clock.advance(100)
    assert.deepEqual(heard, ['old 1', 'gone 1', 'gone 2', 'gone 3'])
  })

  it('leaves what runs alone if the code fails, makes no agent, or one of another name', async (t) => {
    const heard: string[] = []
    const here = await reloadable(t, [hear('hear', heard)])
    const codes: Record<string, () => Agent | Promise<Agent>> = {
      'a.ts:3: no; still running the version of ': () => Promise.reject(new Error('a.ts:3: no')),
      'the code does not make an agent': () => ({}) as Agent,
      'the agent is now named "other", and was "spec"': () => agent('other', []),
    }
    for (const [words, code] of Object.entries(codes)) {
      here.code = code
      await assert.rejects(here.reload(), (error: TidingsError) => {
        assert.deepEqual([error.code, error.message.slice(0, words.length)], [failed.code, words])
        return true
      })
    }
    assert.equal(here.notes.said('reloading agent').length, 0)
    assert.equal(here.notes.said('agent not reloaded').length, 3)
    await here.publish(1)
    await here.clock.advance(100)
    assert.deepEqual(heard, ['hear 1'])
  })

  it('is refused where nothing loads the code, and on a log on which no agent runs', async (t) => {
    const here = await reloadable(t, [])
    await assert.rejects(operationsOf(here.log).reload(), { code: 'TIDINGS_AGENT_INVALID' })
    const bare = new RunningAgent({
      agent: agent('bare', []),
      log: here.log,
      clock: here.clock,
      environment: realEnvironment(here.clock, here.notes),
      scrub: (text) => text,
      close: async () => undefined,
    })
    await bare.begin()
    await assert.rejects(bare.reload(), /does not load its agent again/)
    await bare.stop()
  })

  it('begins the old parts again if the new ones can not: what was renamed for them is taken back', async (t) => {
    const heard: string[] = []
    let broken = false
    const refuse = () => Promise.reject(new TidingsError('TIDINGS_LOG_INVALID', 'no such consumer'))
    const wrapped = (log: Log): Log =>
      wrap(log, { consumer: (name, given) => (broken && name === 'extra' ? refuse() : log.consumer(name, given)) })
    const look = (name: string, formerly?: string) =>
      job(name, manual(), ({ state }) => state.set('seen', name), formerly === undefined ? {} : { formerly })
    const here = await reloadable(t, [hear('mail', heard), look('look')], wrapped)
    await here.end(here.running.trigger('look'))
    await here.publish(1)
    await here.clock.advance(100)
    broken = true
    const post = hear('post', heard, { formerly: 'mail' })
    here.write(post, look('peek', 'look'), hear('extra', heard))
    await assert.rejects(here.reload(), /no such consumer; still running/)
    await here.publish(2)
    await here.clock.advance(100)
    assert.deepEqual(heard, ['mail 1', 'mail 2'])
    assert.equal((await here.log.store('job/look').get('seen'))?.value, 'look')
    broken = false
    await here.reload()
    await here.publish(3)
    await here.clock.advance(100)
    assert.deepEqual(heard.slice(2).sort(), ['extra 3', 'post 3'])
    assert.equal((await here.log.store('job/peek').get('seen'))?.value, 'look')
  })

  it('keeps the parts that were added, and refuses code that takes one of their names', async (t) => {
    const heard: string[] = []
    const here = await reloadable(t, [hear('own', heard)])
    await here.running.add(hear('added', heard))
    here.write(hear('own', heard), hear('added', heard))
    await assert.rejects(here.reload(), /two listeners named "added"/)
    here.write(hear('other', heard))
    await here.reload()
    await here.publish(1)
    await here.clock.advance(100)
    assert.deepEqual(heard.sort(), ['added 1', 'other 1'])
  })

  it('gives what runs ten seconds, then aborts it; the slot runs again in the new code', async (t) => {
    const seen: string[] = []
    const slow = (name: string, ms: number) =>
      job('slow', every(1).hour, async ({ signal, slot }) => {
        seen.push(`${name} begins ${slot.getUTCHours()}`)
        await new Promise((resolve) => {
          const cancel = here.clock.timer(() => resolve(seen.push(`${name} ends`)), ms)
          signal.addEventListener('abort', () => resolve(cancel()))
        })
        signal.throwIfAborted()
      })
    const here = await reloadable(t, [slow('first', 9000)])
    await here.clock.advance(3_600_000)
    here.write(slow('second', 60_000))
    await here.reload()
    assert.deepEqual(seen, ['first begins 1', 'first ends'])
    await here.clock.advance(3_600_000)
    here.write(slow('third', 0))
    await here.reload()
    await here.clock.advance(100)
    assert.deepEqual(seen.slice(2), ['second begins 2', 'third begins 2', 'third ends'])
    assert.equal(here.notes.said('the grace period is over: aborting what still runs').length, 1)
  })

  it('keeps pauses, attempts and the memory of filters', async (t) => {
    const heard: string[] = []
    const parts = (version: string): readonly Part[] => [
      hear('paused', heard),
      listener(
        'once',
        on(made).pipe(firstPer('data.n', { every: '1h' })),
        ({ data }) => void heard.push(`once ${data.n}`),
      ),
      listener(
        'fails',
        on(made),
        (_, { attempt }) => {
          heard.push(`${version} attempt ${attempt}`)
          throw new Error('no')
        },
        { attempts: 3, backoff: { min: 1000, max: 1000 } },
      ),
    ]
    const here = await reloadable(t, parts('old'))
    const { listeners, parked } = operationsOf(here.log, here.running)
    await listeners.pause('paused')
    await here.publish(1)
    await here.clock.advance(100)
    here.write(...parts('new'))
    await here.reload()
    await here.log.accept([made('again', { n: 1 })])
    await here.clock.advance(10_000)
    const attempts = heard.filter((each) => / attempt /.test(each)).slice(0, 3)
    assert.deepEqual(attempts, ['old attempt 1', 'new attempt 1', 'new attempt 2'])
    assert.deepEqual(
      heard.filter((each) => !/ attempt /.test(each)),
      ['once 1'],
    )
    const all: number[] = []
    for await (const { seq } of parked.list()) all.push(seq)
    assert.deepEqual(
      all.sort((a, b) => a - b),
      [1, 2],
    )
    await listeners.resume('paused')
    await here.clock.advance(100)
    assert.deepEqual(
      heard.filter((each) => each.startsWith('paused')),
      ['paused 1', 'paused 1'],
    )
  })

  it('lets steering wait, and drained() too: neither meets parts that have ended', async (t) => {
    const heard: string[] = []
    const slow = (name: string) =>
      listener('slow', on(made), async ({ data }) => {
        await new Promise<void>((resolve) => void here.clock.timer(resolve, 500))
        heard.push(`${name} ${data.n}`)
      })
    const here = await reloadable(t, [slow('old'), hear('moved', heard)])
    const { listeners, jobs } = operationsOf(here.log, here.running)
    await here.publish(1, 2, 3)
    await here.clock.advance(100)
    here.write(
      slow('new'),
      hear('moved', heard),
      job('by hand', manual(), () => made('4', { n: 4 })),
    )
    const reload = here.running.reload()
    await here.clock.advance(50)
    const steered = [
      listeners.reset('moved', { to: 'start', passOver: true }),
      listeners.pause('slow'),
      here.running.drained(),
    ]
    await here.end(reload)
    await here.end(Promise.all(steered))
    assert.deepEqual(heard.splice(0), ['moved 1', 'moved 2', 'moved 3', 'old 1', 'moved 1', 'moved 2', 'moved 3'])
    await listeners.resume('slow')
    const [run] = await Promise.all([here.end(jobs.run('by hand')), here.end(here.running.drained())])
    assert.equal((run as { run?: { new: number } }).run?.new, 1)
    assert.deepEqual(heard.sort(), ['moved 4', 'new 2', 'new 3', 'new 4'])
  })

  it('begins nothing once the agent stops, wherever it is', async (t) => {
    for (const wait of [-1, 0, 200, 600]) {
      const heard: string[] = []
      const slow = listener('slow', on(made), () => new Promise<void>((resolve) => void here.clock.timer(resolve, 500)))
      const here = await reloadable(t, [slow])
      await here.publish(1)
      await here.clock.advance(10)
      let load = (_: Agent): void => undefined
      here.write(hear('late', heard, { from: 'start' }))
      const { code } = here
      if (wait < 0) here.code = () => new Promise<Agent>((resolve) => (load = resolve))
      const reload = here.running.reload().then(
        () => 'reloaded',
        ({ code: reason }: TidingsError) => reason,
      )
      await here.clock.advance(Math.max(0, wait))
      await here.end(here.running.stop())
      load(await code())
      assert.equal(await here.end(reload), wait > 500 ? 'reloaded' : failed.code, `after ${wait}`)
      assert.deepEqual(heard, wait > 500 ? ['late 1'] : [])
    }
  })
})

/** Listeners that an agent may have. */
const kinds = {
  plain: {},
  many: { concurrency: 3, ordered: false },
  strict: { ordered: true },
  keyed: { concurrency: 2, ordered: (event: Made) => String(event.data.n % 3) },
} satisfies Record<string, ListenerOptions<Made>>

/** What happens to an agent. */
const acts = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constant('publish' as const), events: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 60 }) }) },
  { weight: 1, arbitrary: fc.constant({ what: 'break' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('write' as const),
      listeners: fc.subarray(Object.keys(kinds) as (keyof typeof kinds)[]),
    }),
  },
)

/** What listeners have handled, and where each must have begun: after `after`, and no later than `by`. */
class Hearings {
  readonly #clock: VirtualClock
  readonly heard = new Map<string, number[]>()
  readonly origins = new Map<string, { readonly after: number; readonly by: number }>()

  constructor(clock: VirtualClock) {
    this.#clock = clock
  }

  parts(names: readonly (keyof typeof kinds)[]): readonly Part[] {
    return names.map((name) =>
      listener(
        name,
        on(made),
        async ({ seq }, { attempt, signal }) => {
          await new Promise<void>((resolve) => void this.#clock.timer(resolve, seq % 7))
          if (seq % 11 === 0 && attempt === 1) throw new Error('once more')
          signal.throwIfAborted()
          this.heard.set(name, [...(this.heard.get(name) ?? []), seq])
        },
        { ...kinds[name], backoff: { min: 5, max: 20 } },
      ),
    )
  }

  check(seqs: readonly number[]): void {
    for (const [name, { after, by }] of this.origins) {
      const heard = (this.heard.get(name) ?? []).toSorted((a, b) => a - b)
      const first = heard[0] ?? Number.POSITIVE_INFINITY
      assert.deepEqual(heard, seqs.slice(heard.length === 0 ? seqs.length : seqs.indexOf(first)), `${name}: each once`)
      const next = seqs.find((seq) => seq > by) ?? Number.POSITIVE_INFINITY
      assert(first > after && first <= next, `${name} begins at ${first}: after ${after}, by ${next}`)
    }
  }
}

describe('any sequence of versions of an agent, while events flow', () => {
  it('tells each event once to each listener, from its first version on', async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(acts, { minLength: 1, maxLength: 25 }), async (all) => {
        const here = await reloadable(t, [])
        const hearings = new Hearings(here.clock)
        let n = 0
        const publish = async (events: number): Promise<void> => {
          for (let i = 0; i < events; i++) await here.running.publish(made(`${++n}`, { n }))
        }
        const write = async (names: readonly (keyof typeof kinds)[]): Promise<void> => {
          here.write(...hearings.parts(names))
          const after = await here.log.last()
          const [reloaded] = await Promise.all([here.reload(), publish(3)])
          const by = await here.log.last()
          for (const { name, from } of reloaded.changes) if (from === 'now') hearings.origins.set(name, { after, by })
        }
        for (const act of all) {
          if (act.what === 'publish') await publish(act.events)
          else if (act.what === 'wait') await here.clock.advance(act.ms)
          else if (act.what === 'write') await write(act.listeners)
          else {
            here.code = () => Promise.reject(new Error('broken'))
            await assert.rejects(here.reload(), failed)
          }
        }
        await write(Object.keys(kinds) as (keyof typeof kinds)[])
        await here.end(here.running.drained())
        await here.clock.advance(1000)
        hearings.check((await allOf(here.log)).filter(({ type }) => type === 'made').map(({ seq }) => seq))
        await here.end(here.running.stop())
      }),
      { numRuns: 25 },
    )
  })
})
