import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../lib/core/clock.ts'
import { agent, listener, on, type Running, start } from '../../lib/index.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { type Fate, FaultySource, faultyLog, turns } from '../level/faults.ts'
import { type Random, random } from '../support/random.ts'
import { shown } from './results.ts'

const KEYS = ['a', 'b', 'c', 'd', 'e']

/** The namespace of the listener's state: for each key, the seqs of all handled events, in order. */
const NAMESPACE = 'listener/hear'

/** How often a log is closed and reopened in a round. */
const LIVES = 3

interface Tally {
  events: number
  failures: number
  takeovers: number
  /** Deliveries that ended while the log was closing, or later. */
  late: number
}

/** One log whose writes fail at times, and agents that take a listener over from one another. */
class Round {
  readonly #random: Random
  readonly #source = new FaultySource()
  readonly #tally: Tally
  #faulty = false
  #published = 0

  constructor(seed: number, tally: Tally) {
    this.#random = random(seed)
    this.#tally = tally
    this.#source.decide = () => this.#fate()
  }

  async #fate(): Promise<Fate> {
    await turns(this.#random(4))
    if (!this.#faulty || this.#random(30) > 0) return 'write'
    this.#tally.failures += 1
    return this.#random(2) === 0 ? 'lose' : 'keep'
  }

  async #wait(most: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.#random(most)))
  }

  async #open(): Promise<LevelLog> {
    return (await faultyLog({ source: this.#source, clock: systemClock })).log
  }

  // Starts an agent, which takes the listener over from the running ones. Undefined: the log had failed, or was closed.
  async #start(log: LevelLog): Promise<Running | undefined> {
    const hear = listener(
      'hear',
      on('made'),
      async ({ seq, data }, { state }) => {
        const key = data as string
        const before = (await state.get<number[]>(key)) ?? []
        await turns(this.#random(4))
        if (this.#random(20) === 0) throw new Error('made up')
        state.set(key, [...before, seq])
        if (log.state === 'closed') this.#tally.late += 1
      },
      {
        from: 'start',
        ordered: ({ data }) => data as string,
        concurrency: 1 + this.#random(4),
        attempts: 10_000,
        backoff: { min: 1, max: 10 },
      },
    )
    return start(agent('a', [hear]), { log, logger: false }).catch(() => undefined)
  }

  async #publish(log: LevelLog): Promise<void> {
    while (log.state !== 'closed') {
      const count = 1 + this.#random(6)
      const drafts = Array.from({ length: count }, () => {
        this.#published += 1
        return { type: 'made', identifier: `${this.#published}`, data: KEYS[this.#random(KEYS.length)] }
      })
      // Unacknowledged events may be stored all the same.
      await log.accept(drafts).catch(() => undefined)
      await this.#wait(8)
    }
  }

  async #live(): Promise<void> {
    const log = await this.#open()
    const published = this.#publish(log)
    const agents = [await this.#start(log)]
    this.#faulty = true
    for (let i = this.#random(4); i > 0; i--) {
      await this.#wait(60)
      // A read that fails can leave the listener with no agent: the consumer of the older one has retired by then.
      if (this.#random(2) === 0) this.#source.failAt(1 + this.#random(12))
      agents.push(await this.#start(log))
      this.#tally.takeovers += 1
      // A reload: the older one stops once the newer one has started, or never.
      if (this.#random(2) === 0)
        void agents
          .at(-2)
          ?.stop()
          .catch(() => undefined)
    }
    await this.#wait(60)
    await log.close().catch(() => undefined)
    this.#faulty = false
    this.#source.failAt(0)
    await Promise.all([published, ...agents.map((each) => each?.stop().catch(() => undefined))])
  }

  async run(): Promise<void> {
    for (let i = 0; i < LIVES; i++) await this.#live()
    const log = await this.#open()
    const last = (await this.#start(log)) as Running
    await last.drained()
    // drained() does not wait for later retries.
    const isLeft = async (): Promise<boolean> =>
      (await last.status()).listeners.some(({ behind, running, retrying }) => behind + running + retrying > 0)
    while (await isLeft()) await this.#wait(20)
    await last.stop()
    const expected = new Map<string, number[]>()
    for await (const { seq, data } of log.events()) {
      const key = data as string
      expected.set(key, [...(expected.get(key) ?? []), seq])
      this.#tally.events += 1
    }
    const state = log.store(NAMESPACE)
    for (const [key, seqs] of expected) assert.deepEqual((await state.get<number[]>(key))?.value, seqs, `key ${key}`)
    await log.close()
  }
}

/**
 * The situations in which a consumer's acks could be separated from their state: acks while the log is closing, another
 * agent that takes the listener over, writes that fail.
 */
export function handoverSuite(rounds: number, tier: 'fast' | 'slow'): void {
  describe('a listener that changes hands while its log fails and closes', () => {
    it(`handles each event once, in order within its key, according to its state: ${rounds} rounds`, async (t) => {
      const tally: Tally = { events: 0, failures: 0, takeovers: 0, late: 0 }
      const first = Number(process.env['TIDINGS_SEED'] ?? Date.now() % 1_000_000)
      for (let seed = first; seed < first + rounds; seed++) {
        await new Round(seed, tally).run().catch((cause: unknown) => {
          throw new Error(`seed ${seed} (TIDINGS_SEED): ${String(cause)}`, { cause })
        })
      }
      const { events, failures, takeovers, late } = tally
      t.diagnostic(JSON.stringify(tally))
      assert.ok(events > 0 && failures > 0 && takeovers > 0)
      const happened = `${failures} failed writes, ${takeovers} takeovers, ${late} deliveries that ended after the log was closed`
      const result = `${events} events, ${happened}: 0 lost, 0 with state and without ack, 0 twice, 0 out of order`
      shown({ row: 'handover', tier, rounds: `${rounds} rounds`, result })
    })
  })
}
