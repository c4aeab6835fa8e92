import { map, type OperatorFunction } from 'rxjs'
import { agent } from '../../lib/agent/define/agent.ts'
import type { Running } from '../../lib/agent/run/running.ts'
import { start } from '../../lib/agent/start.ts'
import type { StoredEvent } from '../../lib/core/event.ts'
import { changed, countWithin, crossed, digest, firstPer, settled } from '../../lib/filters.ts'
import type { LevelLog } from '../../lib/level/level-log.ts'
import { type Delivery, type Listener, listener } from '../../lib/listener/listener.ts'
import { on } from '../../lib/listener/on.ts'
import type { Consumer } from '../../lib/log/port.ts'
import { virtualClock } from '../../lib/testing/virtual-clock.ts'
import { MortalSource } from '../faults/mortal-source.ts'
import { FailingStore } from '../support/failing-store.ts'
import { filterFromStart, levelLog } from '../support/level-log.ts'
import { type Data, type Entry, LEVEL, roundAfter, type Stage } from './memory-fold.ts'

/** An event of the listener under test. `fails`: how often its handler fails; `slow`: for how long it works, in ms. */
export interface Told extends Data {
  readonly fails: number
  readonly slow: number
  /** An operator before the filters throws. */
  readonly poison: boolean
}

type Event = StoredEvent<string, Told>

/** How the listener runs; a restart may change it. */
export interface Settings {
  readonly concurrency: number
  readonly ordered: boolean | 'identity'
}

const SECOND = 1000

/** Timers notice within 30 s that the clock was set forward, in ms. */
const LOOKED = 31 * SECOND

function operatorOf(stage: Stage): OperatorFunction<Event, unknown> {
  const per = 'per' in stage && stage.per ? { per: 'data.key' as const } : {}
  switch (stage.is) {
    case 'changed':
      return changed<Event>('data.n', per)
    case 'crossed': {
      const direction = stage.direction === undefined ? {} : { direction: stage.direction }
      return crossed<Event>('data.n', LEVEL, { ...per, ...direction, band: stage.band })
    }
    case 'firstPer':
      return firstPer<Event>('data.key', { every: stage.every * SECOND })
    case 'countWithin':
      return countWithin<Event>(stage.n, stage.window * SECOND, per)
    case 'settled':
      return settled<Event>('data.n', stage.duration * SECOND, per)
    case 'digest': {
      const { size, every, round } = stage
      return digest<Event>({
        ...per,
        ...(size === undefined ? {} : { size }),
        ...(every === undefined ? {} : { every: every * SECOND }),
        ...(round === undefined
          ? {}
          : { at: { next: (after) => new Date(roundAfter(after.getTime(), round)), toString: () => `${round}` } }),
      })
    }
  }
}

/** A listener with filters that remember, on a log in memory that can fail, under a virtual clock. */
export class World {
  readonly clock = virtualClock()
  readonly wrongs: string[] = []
  /** The deliveries that succeeded, as the seqs of their events; with the keys that each had. */
  readonly settled = new Map<string, Set<string>>()
  /** When everything that was due was decided: after which seq, in ms. */
  readonly marks: { readonly after: number; readonly mark: number }[] = []
  /** From now on, handlers succeed, and at once. */
  isCalm = false
  readonly #stages: readonly Stage[]
  readonly #store = new FailingStore((operation) => operation === this.#failing && this.#failures-- > 0)
  readonly #source = new MortalSource(this.#store)
  #failing: 'write' | 'write kept' | 'read' = 'write'
  #failures = 0
  #settings: Settings
  #life = 0
  #count = 0
  #unseen = 0
  #log: LevelLog | undefined
  #running: Running | undefined

  constructor(stages: readonly Stage[], settings: Settings) {
    this.#stages = stages
    this.#settings = settings
  }

  get log(): LevelLog {
    return this.#log as LevelLog
  }

  /** Starts an agent; the one before has stopped or died. */
  async begin(settings: Settings = this.#settings): Promise<void> {
    this.#settings = settings
    this.#log ??= await levelLog({
      source: this.#source,
      clock: this.clock,
      ...filterFromStart(),
      warn: () => undefined,
    })
    const hear = agent('model', [this.#listener()])
    this.#running = await start(hear, { log: this.#log, clock: this.clock, logger: false })
  }

  /** Stops the agent. The log stays open. */
  async stop(): Promise<void> {
    await this.#ready()
    let ended = false
    const stopping = this.#running?.stop().finally(() => (ended = true))
    while (stopping !== undefined && !ended) await this.clock.advance(200)
    await stopping
    this.#running = undefined
  }

  async close(): Promise<void> {
    await this.stop()
    await this.#log?.close()
    this.#log = undefined
  }

  async crash(turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
    // A process that dies while it reopens its store would open it once more after its death.
    await this.#ready()
    this.#source.crash()
    this.#life += 1
    this.#running = undefined
    this.#log = undefined
  }

  async accept(type: string, data: Told): Promise<void> {
    const draft = { type, identifier: String(this.#count++), data }
    for (let failures = 0; ; failures++) {
      try {
        await this.log.accept([draft])
        return
      } catch (error) {
        if (failures === 100) throw error
        await this.clock.advance(100)
      }
    }
  }

  /** The next operations of the store fail. */
  fail(operation: 'write' | 'write kept' | 'read', times: number): void {
    this.#failing = operation
    this.#failures = times
  }

  /** Sets the clock back, or forward, while an agent runs: it has decided what was due by then. */
  async step(ms: number): Promise<void> {
    if (this.#running === undefined) return
    await this.#mark()
    this.clock.step(ms)
    this.#unseen = ms > 0 ? LOOKED : 0
  }

  async consumer(): Promise<Consumer> {
    await this.#ready()
    return this.log.consumer('hear', { start: 'now' })
  }

  async release(): Promise<void> {
    const consumer = await this.consumer()
    for await (const { event } of consumer.parked()) if (!(event.data as Told).poison) await consumer.release(event.seq)
  }

  /** Everything that is in the log, as the filters see it. */
  async entries(now: number): Promise<Entry[]> {
    const entries: Entry[] = []
    const marks = [...this.marks]
    const markBefore = (seq: number): void => {
      while (marks.length > 0 && (marks[0]?.after ?? 0) < seq) entries.push({ mark: marks.shift()?.mark ?? 0 })
    }
    for await (const { seq, type, created, data } of this.log.events()) {
      markBefore(seq)
      const told = data as Told
      if (type === 'made' && !told.poison) entries.push({ seq, at: created, data: told })
    }
    markBefore(Number.POSITIVE_INFINITY)
    return [...entries, { mark: now }]
  }

  // Lets time pass until every event has been judged: then all waits that are due now are decided, durably.
  async #mark(): Promise<void> {
    await this.#ready()
    await this.clock.advance(this.#unseen)
    for (let times = 0; times < 100; times++) {
      await this.clock.advance(200)
      const [hear] = (await this.#running?.status())?.listeners ?? []
      if (hear?.behind === 0 && hear.running === 0) break
    }
    await (await this.consumer()).flush()
    this.marks.push({ after: await this.log.last(), mark: this.clock.now() })
  }

  async #ready(): Promise<void> {
    this.#failures = 0
    for (let times = 0; this.log.state !== 'ready' && times < 100; times++) await this.clock.advance(1000)
    // A listener that failed with the log begins again.
    await this.clock.advance(0)
  }

  #listener(): Listener {
    const life = this.#life
    const poison = map((event: Event) => {
      if (event.data.poison) throw new Error('poison')
      return event
    })
    const operators = [poison, ...this.#stages.map(operatorOf)]
    const piped = (on('made').pipe as (...all: readonly unknown[]) => ReturnType<typeof on>)(...operators)
    return listener(
      'hear',
      piped,
      (value: unknown, delivery: Delivery) =>
        life === this.#life ? this.#hear(value, delivery, life) : new Promise(() => undefined),
      { from: 'start', attempts: 3, backoff: { min: 10, max: 50 }, ...this.#settings } as object,
    )
  }

  async #hear(value: unknown, { event, events, attempt, key }: Delivery, life: number): Promise<void> {
    const seqs = JSON.stringify(events.map(({ seq }) => seq))
    const values = (Array.isArray(value) ? value : [value]) as Event[]
    if (JSON.stringify(values.map(({ seq }) => seq)) !== seqs)
      this.wrongs.push(`${seqs} brings the values of others: ${values.map(({ seq }) => seq)}`)
    const { fails, slow } = event.data as Told
    if (slow > 0 && !this.isCalm) await new Promise<void>((resolve) => void this.clock.timer(resolve, slow))
    if (life !== this.#life) return new Promise(() => undefined)
    if (!this.isCalm && attempt <= fails) throw new Error('not now')
    this.settled.set(seqs, (this.settled.get(seqs) ?? new Set()).add(key))
  }
}
