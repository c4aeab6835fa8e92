import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agent } from '../../lib/agent/define/agent.ts'
import { operations } from '../../lib/agent/peers/operations-on.ts'
import { start } from '../../lib/agent/start.ts'
import type { Draft } from '../../lib/core/event.ts'
import { job } from '../../lib/job/job.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import type { Database, DatabaseSource } from '../../lib/level/store/database.ts'
import { manual } from '../../lib/schedule/index.ts'
import { list } from '../../lib/testing/log-bench.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { levelLog } from '../support/level-log.ts'
import { toldBy } from '../support/told-by.ts'
import { MortalSource } from './mortal-source.ts'

/** More than one step of a release holds. */
const FLOOD = 520

/** A store in memory whose process dies before or after its nth write. */
class DyingSource implements DatabaseSource {
  writes = 0
  readonly dead: Promise<'dead'>
  readonly #mortal = new MortalSource()
  readonly #when: 'before' | 'after'
  readonly #nth: number
  #die: () => void = () => undefined

  constructor(when: 'before' | 'after', nth: number) {
    this.#when = when
    this.#nth = nth
    this.dead = new Promise((resolve) => (this.#die = () => resolve('dead')))
  }

  async open(options: { readonly createIfMissing: boolean }): Promise<Database> {
    const db = await this.#mortal.open(options)
    const begin = db.batch.bind(db) as () => { write(options?: object): Promise<void> }
    return new Proxy(db, {
      get: (target, name) => {
        if (name === 'batch') return () => this.#counted(begin())
        const member: unknown = Reflect.get(target, name, target)
        return typeof member === 'function' ? (member as () => unknown).bind(target) : member
      },
    })
  }

  #counted<B extends { write(options?: object): Promise<void> }>(batch: B): B {
    const write = batch.write.bind(batch)
    batch.write = async (options) => {
      const isLast = ++this.writes === this.#nth
      if (isLast && this.#when === 'before') return this.#crash()
      await write(options)
      if (isLast) return this.#crash()
    }
    return batch
  }

  #crash(): Promise<never> {
    this.#mortal.crash()
    this.#die()
    return new Promise(() => undefined)
  }
}

/** The steps of a life: polls of these drafts, and what a person then does. */
function stepsOf(act: 'release' | 'discard'): (readonly Draft[] | typeof act)[] {
  const page = (prefix: string, size: number, data: string): Draft[] =>
    Array.from({ length: size }, (_, i) => ({ type: 'made', identifier: `${prefix}${i}`, data }))
  const [old, renumbered, newer] = [page('a', 30, 'old'), page('b', FLOOD, 'old'), page('b', FLOOD, 'newer')]
  return [old, old, renumbered, newer, act, newer]
}

/** Lives until the store dies or all steps are done; resolves to the first step that was not done. */
async function live(log: LevelLog, source: DyingSource, act: 'release' | 'discard', from: number): Promise<number> {
  const steps = stepsOf(act)
  let drafts: readonly Draft[] = []
  const alive = async <T>(work: Promise<T>): Promise<T | 'dead'> => Promise.race([work, source.dead])
  const settle = async (step: typeof act): Promise<unknown> => operations(log).jobs[step]('poll')
  const parts = agent('floods', [job('poll', manual(), () => drafts)])
  const running = await alive(start(parts, { log, logger: false }))
  if (running === 'dead') return from
  for (let at = from; at < steps.length; at++) {
    const step = steps[at] as (typeof steps)[number]
    if (typeof step !== 'string') drafts = step
    const done = await alive<unknown>(typeof step === 'string' ? settle(step) : running.trigger('poll'))
    if (done === 'dead') return at
  }
  await alive(running.stop())
  return steps.length
}

/** One life that dies at this write, and one that does not. Resolves to the number of writes without a death. */
async function lives(when: 'before' | 'after', nth: number, act: 'release' | 'discard'): Promise<number> {
  const clock = virtualClock()
  const source = new DyingSource(when, nth)
  const open = (): Promise<LevelLog> => levelLog({ source, clock, warn: () => undefined })
  const first = await Promise.race([open(), source.dead])
  const done = first === 'dead' ? 0 : await live(first, source, act, 0)
  const writes = source.writes
  const log = await open()
  const calm = new DyingSource('before', Number.POSITIVE_INFINITY)
  await live(log, calm, act, Math.min(done, stepsOf(act).length - 1))
  await check(log, act)
  await log.close()
  return writes
}

async function check(log: LevelLog, act: 'release' | 'discard'): Promise<void> {
  const events = await list(log.events())
  const identifiers = (prefix: string): string[] =>
    events.flatMap(({ type, identifier }) => (type === 'made' && identifier.startsWith(prefix) ? [identifier] : []))
  assert.deepEqual([identifiers('a').length, new Set(identifiers('a')).size], [30, 30])
  assert.deepEqual(
    identifiers('b'),
    Array.from({ length: FLOOD }, (_, i) => `b${i}`),
  )
  const news = events.filter(({ type }) => type === 'tidings.job.flooded')
  assert.equal(news.length, 1)
  assert.ok(events.every(({ identifier, data }) => !identifier.startsWith('b') || data === 'newer'))
  const told = await toldBy(log)
  assert.equal(told.length, act === 'release' ? 30 + FLOOD : 30)
  assert.equal(new Set(told).size, told.length)
  assert.deepEqual(await list(log.store('tidings/held/poll').list()), [])
  const [row] = await operations(log).jobs.list()
  assert.equal(row?.held, undefined)
  assert.deepEqual(await log.verify(), { ok: true, problems: [] })
}

/** `every`: how far the writes at which the process dies are apart. */
export function floodSuite(every: number): void {
  describe('a flood, with a death at a write of holding, releasing or discarding it', () => {
    for (const act of ['release', 'discard'] as const) {
      for (const when of ['before', 'after'] as const) {
        it(`loses nothing and tells nothing twice: ${when} each write, then ${act}`, async (t) => {
          const writes = await lives(when, Number.POSITIVE_INFINITY, act)
          assert.ok(writes >= 10, `${writes} writes`)
          const wrong: string[] = []
          let deaths = 0
          for (let nth = 1 + (act === 'release' ? 0 : Math.floor(every / 2)); nth <= writes; nth += every) {
            deaths += 1
            await lives(when, nth, act).catch((error: Error) => wrong.push(`write ${nth}: ${error.message}`))
          }
          t.diagnostic(`${deaths} deaths at ${writes} writes`)
          assert.deepEqual(wrong, [])
        })
      }
    }
  })
}
