import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Arbitrary } from 'fast-check'
import { concatMap, filter, firstValueFrom, race, startWith } from 'rxjs'
import { type Clock, systemClock } from '../core/clock.ts'
import type { Draft, Receipt, StoredEvent } from '../core/event.ts'
import type { Consumer, Handed, Lag, Log, Query } from '../log/port.ts'
import { fc } from './fast-check.ts'
import { LONGEST } from './patience.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'

/** A log opened for one test. */
export interface OpenedLog {
  /** The opened log. */
  readonly log: Log
  /** Closes the log, or abandons it as a crash would, and reopens what is left, on the same clock. */
  reopen?(how: 'close' | 'crash'): Promise<OpenedLog>
  /** Closes the log and removes all of its data. */
  remove(): Promise<void>
}

/** Opens a fresh, empty log, which dates its events and wakes its consumers by this clock. */
export type OpenLog = (clock: Clock) => Promise<OpenedLog>

/** One test of a log. */
export type LogTest = (bench: Bench) => Promise<void>

/** Tests by name; a name is a sentence. */
export type LogTests = Readonly<Record<string, LogTest>>

/** The patience of the test that runs, known to everything that it awaits. */
const patience = new AsyncLocalStorage<number>()

/** How the tests of a suite run. */
interface BenchOptions {
  /** The number of values each law is tried with. */
  readonly runs: number
  /** How long a test waits for an event, in ms of real time. */
  readonly patience: number
}

/** The log and the clock of one test. */
export class Bench {
  readonly clock: VirtualClock = virtualClock()
  readonly options: BenchOptions
  readonly #open: OpenLog
  #opened: OpenedLog | undefined

  constructor(open: OpenLog, options: BenchOptions) {
    this.#open = open
    this.options = options
  }

  get log(): Log {
    if (this.#opened === undefined) throw new Error('the log of this bench is not open')
    return this.#opened.log
  }

  async reopen(how: 'close' | 'crash'): Promise<Log> {
    assert(this.#opened?.reopen !== undefined, 'a log that survives has to say how it is reopened')
    this.#opened = await this.#opened.reopen(how)
    return this.log
  }

  /** Runs a test with a fresh log. */
  async run(test: LogTest): Promise<void> {
    this.#opened = await this.#open(this.clock)
    try {
      await patience.run(this.options.patience, () => test(this))
    } finally {
      await this.#opened.remove()
    }
  }

  /** Runs a test with another log and its own clock. */
  withFresh(test: LogTest): Promise<void> {
    return new Bench(this.#open, this.options).run(test)
  }
}

/** A test that must hold for every value; each value gets its own log. */
export function law<T>(values: Arbitrary<T>, test: (bench: Bench, value: T) => Promise<void>): LogTest {
  return (bench) =>
    fc.assert(
      fc.asyncProperty(values, (value) => bench.withFresh((own) => test(own, value))),
      { numRuns: bench.options.runs },
    )
}

/** Creates a minimal draft. */
export function draft(identifier: string, data: unknown = null, type = 'it'): Draft {
  return { type, identifier, data }
}

/** Creates `count` drafts: `first1`, `first2` … */
export function draftsOf(count: number, first = 'event '): Draft[] {
  return Array.from({ length: count }, (_, i) => draft(`${first}${i + 1}`))
}

/** Creates a draft of a versioned type: its data is its version. */
export function version(identifier: string, data: string): Draft {
  return { ...draft(identifier, data), version: data }
}

/** Accepts one draft. */
export async function accept1(log: Log, one: Draft): Promise<Receipt> {
  return (await log.accept([one]))[0] as Receipt
}

export async function list<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const value of values) all.push(value)
  return all
}

export async function seqs(log: Log, query?: Query): Promise<number[]> {
  return (await list(log.events(query))).map(({ seq }) => seq)
}

export function seqsOf(handed: readonly { readonly event: StoredEvent }[]): number[] {
  return handed.map(({ event }) => event.seq)
}

/** Pulls until there are `count` events; fails if they do not arrive. */
export async function take(consumer: Consumer, count: number): Promise<Handed[]> {
  const taken: Handed[] = []
  const controller = new AbortController()
  const cancel = systemClock.timer(() => controller.abort(), patience.getStore() ?? LONGEST)
  try {
    while (taken.length < count) {
      const handed = await consumer.pull(count - taken.length, controller.signal)
      assert.notEqual(handed.length, 0, `${taken.length} of ${count} events were handed out, and then none`)
      taken.push(...handed)
    }
  } finally {
    cancel()
  }
  return taken
}

/**
 * Pulls at least `count` events, then all others. A barrier tells when there are no more: an event that is delivered to
 * no listener. Once the consumer has passed it, everything before it was handed out. Fails if it does not pass it.
 */
export async function takeAll(log: Log, consumer: Consumer, count = 0): Promise<Handed[]> {
  const taken = await take(consumer, count)
  for (;;) {
    await log.accept([draft(`after ${await log.last()}`, null, 'barrier')], { told: false })
    const handed = await pullUntil(consumer, 100, ({ behind }) => behind === 0)
    if (handed.length > 0) taken.push(...handed)
    else {
      assert.equal((await consumer.lag()).behind, 0, 'the consumer did not hand out all events')
      return taken
    }
  }
}

/** Pulls until there are events, at most `max`, or until the progress of the consumer tells that there are no more. */
export async function pullUntil(consumer: Consumer, max: number, isOver: (lag: Lag) => boolean): Promise<Handed[]> {
  const controller = new AbortController()
  const cancel = systemClock.timer(() => controller.abort(), patience.getStore() ?? LONGEST)
  const pulled = consumer.pull(max, controller.signal)
  const lag$ = consumer.changes$.pipe(
    startWith(undefined),
    concatMap(() => consumer.lag()),
  )
  await firstValueFrom(race(pulled, lag$.pipe(filter(isOver))))
  cancel()
  controller.abort()
  return [...(await pulled)]
}

/** Whether a JSON value is frozen at every level. */
export function isDeeplyFrozen(value: unknown): boolean {
  return (
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen))
  )
}

/** Returns a validator for `assert.rejects`: an engine error with this code and these details. */
export function refused(code: string, details: Readonly<Record<string, unknown>> = {}): (error: unknown) => true {
  return (error) => {
    assert(error instanceof Error, `rejected with something other than an Error: ${String(error)}`)
    const found = error as Error & { readonly code?: unknown; readonly details?: Readonly<Record<string, unknown>> }
    assert.equal(found.code, code, error.stack)
    for (const [name, value] of Object.entries(details))
      assert.deepEqual(found.details?.[name], value, `details.${name}`)
    return true
  }
}
