import assert from 'node:assert/strict'
import { agent } from '../../lib/agent/define/agent.ts'
import type { Running } from '../../lib/agent/run/running.ts'
import { start } from '../../lib/agent/start.ts'
import type { StoredEvent } from '../../lib/core/event.ts'
import { eventType } from '../../lib/core/event-type.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { type Listener, type ListenerOptions, listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { filterFromStart, levelLog } from '../support/level-log.ts'
import { MortalSource } from './mortal-source.ts'

export const made = eventType('made').of<{ failures: number }>()

/** Number of attempts after which an event is parked. */
export const ATTEMPTS = 3

const shapes: Readonly<Record<string, ListenerOptions>> = {
  a: { ordered: true },
  b: { concurrency: 4 },
  c: { ordered: false, concurrency: 8 },
}

/** What one listener heard, across all its lives and names. */
export class Heard {
  readonly handled = new Map<string, number>()
  readonly failures = new Map<string, number>()
  /** Events that were retried by hand: from then on they are handled. */
  readonly released = new Set<string>()
  /** Seqs of all events that it must hear, in order, up to the last one accepted. */
  readonly settled = new Set<number>()
}

/** An agent on a log in memory, under a virtual clock. It can be stopped, killed, and started with other listeners. */
export class World {
  readonly clock = virtualClock()
  readonly heard = new Map<string, Heard>()
  /** Failed assertions inside handlers: a handler that throws would only be retried. */
  readonly wrongs: string[] = []
  #source = new MortalSource()
  #life = 0
  #log: LevelLog | undefined
  #running: Running | undefined
  /** Whether a process died: then an event may be delivered twice, and an attempt that was not durable be lost. */
  #died = false

  get log(): LevelLog {
    return this.#log as LevelLog
  }

  async begin(names: readonly string[], formerly?: readonly [older: string, name: string]): Promise<void> {
    this.#log = await levelLog({
      source: this.#source,
      clock: this.clock,
      ...filterFromStart(),
      warn: (said) => this.wrongs.push(said),
    })
    const listeners = names.map((name) => this.#listener(name, formerly?.[1] === name ? formerly[0] : undefined))
    this.#running = await start(agent('model', listeners), { log: this.#log, clock: this.clock, logger: false })
  }

  async stop(): Promise<void> {
    await this.#running?.stop()
  }

  async close(): Promise<void> {
    await this.stop()
    await this.log.close()
  }

  crash(): void {
    this.#source.crash()
    this.#life += 1
    this.#died = true
  }

  /** Lets time pass until only parked events are left. */
  async settle(): Promise<void> {
    for (let minutes = 0; minutes < 600; minutes++) {
      await this.clock.advance(minutes === 0 ? 1000 : 60_000)
      const { listeners } = (await this.#running?.status()) ?? { listeners: [] }
      if (listeners.every(({ behind, running, retrying }) => behind + running + retrying === 0)) return
    }
    assert.fail(`there is no end to it: ${JSON.stringify((await this.#running?.status())?.listeners)}`)
  }

  #listener(name: string, formerly: string | undefined): Listener {
    const life = this.#life
    const heard = this.heard.get(name) as Heard
    return listener(
      name,
      on(made),
      (event, { attempt }) =>
        life === this.#life ? this.#hear(name, heard, event, attempt) : new Promise(() => undefined),
      {
        ...shapes[name.charAt(0)],
        attempts: ATTEMPTS,
        backoff: { min: 10, max: 50 },
        ...(formerly === undefined ? {} : { formerly }),
      },
    )
  }

  #hear(
    name: string,
    heard: Heard,
    { identifier, data, seq }: StoredEvent<'made', { failures: number }>,
    attempt: number,
  ): void {
    const { handled, failures, released, settled } = heard
    const failed = failures.get(identifier) ?? 0
    const told = handled.get(identifier) ?? 0
    const isAgain = released.has(identifier)
    if (told > 0 && !this.#died) this.wrongs.push(`${name} is told ${identifier} again`)
    const expected = isAgain ? 1 : failed + 1
    if (this.#died ? attempt > expected : attempt !== expected) {
      this.wrongs.push(`${name} is told ${identifier} as attempt ${attempt}, not ${expected}`)
    }
    if (name.startsWith('a') && !isAgain) this.#inOrder(name, settled, seq)
    if (!isAgain && attempt <= data.failures) {
      failures.set(identifier, Math.max(failed, attempt))
      if (attempt === ATTEMPTS) settled.add(seq)
      throw new Error(`${identifier} fails`)
    }
    handled.set(identifier, told + 1)
    settled.add(seq)
  }

  // Every event before this one is settled.
  #inOrder(name: string, settled: ReadonlySet<number>, seq: number): void {
    const first = Math.min(...settled, seq)
    for (const other of this.expected.get(name) ?? []) {
      if (other >= first && other < seq && !settled.has(other))
        this.wrongs.push(`${name} is told ${seq} before ${other}`)
    }
  }

  /** The seqs that each listener must hear, kept by the model. */
  readonly expected = new Map<string, readonly number[]>()
}
