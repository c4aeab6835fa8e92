import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Accepted } from '../../lib/core/event.ts'
import type { Log } from '../../lib/log/port.ts'
import { until } from '../support/until.ts'

/** What is asked of a log at a time: drafts of its own, and drafts that all agents make. */
const DRAFTS = { own: 3, contested: 2 }

/** What came out of a load. */
export interface Loaded {
  readonly events: number
  /** How long the slowest accept took, in ms. */
  readonly slowest: number
  /** How often an accept failed, and was asked again. */
  readonly again: number
}

interface Agent {
  readonly stop: AbortController
  readonly published: Promise<void>
  readonly heard: Promise<void>
}

/**
 * Agents that publish, and hear what they all publish, until the load is stopped. Each draft is asked for again until it has
 * an answer, as a publisher does.
 */
export class Load {
  readonly #agents = new Map<Log, Agent>()
  readonly #receipts = new Map<string, number>()
  readonly #heard = new Map<number, number>()
  #slowest = 0
  #again = 0
  #round = 0
  #isEnding = false

  /** How many drafts have an answer. */
  get answered(): number {
    return this.#receipts.size
  }

  /** An agent publishes and hears, on a log of its own. */
  join(log: Log): void {
    const stop = new AbortController()
    const published = this.#publish(log, this.#agents.size, stop.signal)
    this.#agents.set(log, { stop, published, heard: this.#hear(log, stop.signal) })
  }

  /** An agent ends, and closes its log. */
  async leave(log: Log): Promise<void> {
    const agent = this.#agents.get(log)
    agent?.stop.abort()
    await Promise.all([agent?.published, agent?.heard])
    await log.close()
  }

  /** Ends the load, and checks: nothing acknowledged is lost, no seq is missing, nothing is stored or told twice. */
  async stop(): Promise<Loaded> {
    const log = [...this.#agents.keys()].at(-1) as Log
    this.#isEnding = true
    await Promise.all([...this.#agents.values()].map(({ published }) => published))
    const last = await this.#untilHeard(log)
    for (const { stop, heard } of this.#agents.values()) {
      stop.abort()
      await heard
    }
    let next = 1
    const stored = new Map<string, number>()
    for await (const { seq, identifier } of log.events()) {
      assert.equal(seq, next, 'the seqs have no gap')
      assert.equal(stored.has(identifier), false, `${identifier} is stored once`)
      stored.set(identifier, seq)
      next += 1
    }
    for (const [identifier, seq] of this.#receipts)
      assert.equal(stored.get(identifier), seq, `${identifier} is stored as it was acknowledged`)
    for (let seq = 1; seq <= last; seq++) assert.equal(this.#heard.get(seq), 1, `event ${seq} is told once`)
    return { events: last, slowest: Math.round(this.#slowest), again: this.#again }
  }

  async #untilHeard(log: Log): Promise<number> {
    const last = await log.last()
    await until(() => this.#heard.has(last), `event ${last} to be told`)
    return last
  }

  async #publish(log: Log, n: number, signal: AbortSignal): Promise<void> {
    for (let i = 0; !signal.aborted && !this.#isEnding; i++) {
      this.#round = Math.max(this.#round, i)
      const own = Array.from({ length: DRAFTS.own }, (_, k) => `own ${n} ${i} ${k}`)
      const contested = Array.from({ length: DRAFTS.contested }, (_, k) => `all ${this.#round} ${k}`)
      const drafts = [...own, ...contested].map((identifier) => ({ type: 'it', identifier, data: { n, i } }))
      const began = performance.now()
      const answers = await this.#asked(log, drafts)
      this.#slowest = Math.max(this.#slowest, performance.now() - began)
      for (const [k, { seq }] of answers.entries()) {
        const { identifier } = drafts[k] as (typeof drafts)[number]
        const known = this.#receipts.get(identifier)
        assert.ok(known === undefined || known === seq, `${identifier} has one seq`)
        this.#receipts.set(identifier, seq)
      }
    }
  }

  async #asked(log: Log, drafts: Parameters<Log['accept']>[0]): Promise<readonly Accepted[]> {
    for (;;) {
      try {
        return await log.accept(drafts, { state: [{ namespace: 'load', key: 'k', value: 1 }] })
      } catch (error) {
        if ((error as { readonly code?: unknown }).code !== 'TIDINGS_LOG_FAILED') throw error
        this.#again += 1
        await sleep(20)
      }
    }
  }

  async #hear(log: Log, signal: AbortSignal): Promise<void> {
    const consumer = await log.consumer('mail', { start: 'start' })
    while (!signal.aborted)
      for (const handed of await consumer.pull(50, signal)) {
        const { seq } = handed.event
        this.#heard.set(seq, (this.#heard.get(seq) ?? 0) + 1)
        consumer.ack(handed, [{ namespace: 'heard', key: 'seq', value: seq }])
      }
    await consumer.flush().catch(() => undefined)
  }
}
