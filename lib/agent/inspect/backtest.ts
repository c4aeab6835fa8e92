import { type Clock, systemClock } from '../../core/clock.ts'
import type { ErrorInfo } from '../../core/error-info.ts'
import type { StoredEvent } from '../../core/event.ts'
import { hash } from '../../core/hash.ts'
import type { Listener } from '../../listener/listener.ts'
import { type Fate, PipeFold } from './pipe-fold.ts'

/** What the pipe of one listener made of the events. */
export interface BacktestCounts {
  /** Events of the types that it hears. */
  readonly heard: number
  /** Events of which its handler would get a value. */
  readonly passed: number
  /** Deliveries: a digest hands many events out as one. */
  readonly deliveries: number
  /** Events that its filters leave out. */
  readonly filtered: number
  /** Events that its filters still hold back at the end. */
  readonly waiting: number
  /** Events on which its pipe failed, or that do not fit their schema. */
  readonly failed: number
}

/** One event, as an example. */
export interface BacktestExample {
  readonly seq: number
  readonly type: string
  readonly identifier: string
  /** When it was accepted, in ISO format. */
  readonly created: string
  /** Why the pipe failed. */
  readonly error?: Pick<ErrorInfo, 'name' | 'message' | 'code'>
}

/** Events that have something in common, and the newest of them. */
export interface BacktestGroup {
  readonly count: number
  readonly examples: readonly BacktestExample[]
}

/** What differs between two pipes. */
export interface BacktestDifference {
  /** What the other pipe made of the events. */
  readonly against: BacktestCounts
  /** Passes now, and not in the other. */
  readonly added: BacktestGroup
  /** Passes in the other, and not now. */
  readonly removed: BacktestGroup
  /** Passes in both, with other values or in another batch. */
  readonly changed: BacktestGroup
  /** Passes in both, with the same values. */
  readonly same: BacktestGroup
}

/** One day, local to the process that counted. */
export interface BacktestDay {
  /** `2027-01-31`. */
  readonly day: string
  readonly passed: number
  readonly added?: number
  readonly removed?: number
  readonly changed?: number
}

/** The result of a backtest. */
export interface Backtest extends BacktestCounts {
  readonly listener: string
  /** Events that were read. */
  readonly events: number
  /** Those that pass; absent when there is another pipe to compare with. */
  readonly passes?: BacktestGroup
  readonly difference?: BacktestDifference
  /** Those on which the pipe failed. */
  readonly failures: BacktestGroup
  /** The days with events that pass, in either pipe. */
  readonly days: readonly BacktestDay[]
}

/** What to test. */
export interface BacktestOptions {
  readonly listener: Listener
  /** The listener to compare with. */
  readonly against?: Listener | undefined
  /** The stored events, in order of seq. */
  readonly events: AsyncIterable<StoredEvent>
  /** The end of time, in ms since the epoch: what waits until then is decided. */
  readonly now: number
  /** How many examples of each kind are kept: the newest. */
  readonly examples: number
  readonly clock?: Clock
  /** Called for each event that was read. */
  seen?(event: StoredEvent): void
  /** Ends it: the result is of the events so far. */
  readonly signal?: AbortSignal
}

/**
 * Runs the pipe of a listener over stored events, and compares what passes with another pipe. Handlers do not run, and
 * nothing is stored; operators that act do act. See `PipeFold` for filters with a memory.
 */
export async function backtest(options: BacktestOptions): Promise<Backtest> {
  const { listener, against, events, now, clock = systemClock } = options
  const tally = new Tally(options)
  const fold = new PipeFold(listener, { clock, decided: (event, fate) => tally.decided('now', event, fate) })
  const other =
    against && new PipeFold(against, { clock, decided: (event, fate) => tally.decided('before', event, fate) })
  let read = 0
  for await (const event of events) {
    if (options.signal?.aborted === true) break
    read += 1
    tally.begins(event, fold.hears(event.type), other?.hears(event.type))
    await fold.add(event)
    await other?.add(event)
    options.seen?.(event)
    if (read % TURN === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await fold.end(now)
  await other?.end(now)
  return { listener: listener.name, events: read, ...tally.done() }
}

/** How many events are judged before other work gets its turn, such as a signal. */
const TURN = 256

type Which = 'now' | 'before'

/** What both pipes made of an event that is not decided in both yet. */
interface Open {
  readonly missing: Set<Which>
  now?: Fate
  before?: Fate
}

class Tally {
  readonly #isCompared: boolean
  readonly #open = new Map<number, Open>()
  readonly #counts = { now: new Counter(), before: new Counter() }
  readonly #groups: Readonly<Record<'passes' | 'added' | 'removed' | 'changed' | 'same' | 'failures', Group>>
  readonly #days = new Map<string, { passed: number; added: number; removed: number; changed: number }>()

  constructor({ against, examples }: BacktestOptions) {
    this.#isCompared = against !== undefined
    const group = (): Group => new Group(examples)
    this.#groups = {
      passes: group(),
      added: group(),
      removed: group(),
      changed: group(),
      same: group(),
      failures: group(),
    }
  }

  begins({ seq }: StoredEvent, now: boolean, before = false): void {
    const missing = new Set<Which>([...(now ? (['now'] as const) : []), ...(before ? (['before'] as const) : [])])
    if (missing.size > 0) this.#open.set(seq, { missing })
  }

  decided(which: Which, event: StoredEvent, fate: Fate): void {
    this.#counts[which].add(fate)
    const open = this.#open.get(event.seq)
    if (open === undefined) return
    open[which] = fate
    open.missing.delete(which)
    if (open.missing.size > 0) return
    this.#open.delete(event.seq)
    this.#conclude(event, open)
  }

  #conclude(event: StoredEvent, { now, before }: Open): void {
    if (now?.kind === 'fails') this.#groups.failures.add(event, now.error)
    const kind = kindOf(now, before)
    if (kind === undefined) return
    const day = dayOf(event.created)
    const counts = this.#days.get(day) ?? { passed: 0, added: 0, removed: 0, changed: 0 }
    this.#days.set(day, counts)
    if (kind !== 'removed') counts.passed += 1
    if (!this.#isCompared) return this.#groups.passes.add(event)
    if (kind !== 'same') counts[kind] += 1
    this.#groups[kind].add(event)
  }

  done(): Omit<Backtest, 'listener' | 'events'> {
    const { passes, added, removed, changed, same, failures } = this.#groups
    const difference = {
      against: this.#counts.before.done(),
      added: added.done(),
      removed: removed.done(),
      changed: changed.done(),
      same: same.done(),
    }
    const days = [...this.#days].sort(([a], [b]) => (a < b ? -1 : 1))
    return {
      ...this.#counts.now.done(),
      ...(this.#isCompared ? { difference } : { passes: passes.done() }),
      failures: failures.done(),
      days: days.map(([day, { passed, ...rest }]) => ({ day, passed, ...(this.#isCompared ? rest : {}) })),
    }
  }
}

function kindOf(now: Fate | undefined, before: Fate | undefined): 'added' | 'removed' | 'changed' | 'same' | undefined {
  if (now?.kind !== 'passes') return before?.kind === 'passes' ? 'removed' : undefined
  if (before?.kind !== 'passes') return 'added'
  return signatureOf(now) === signatureOf(before) ? 'same' : 'changed'
}

// All events of a batch have one fate.
const signatures = new WeakMap<Fate, string>()

function signatureOf(fate: Fate & { readonly kind: 'passes' }): string {
  const known = signatures.get(fate) ?? hash(textOf([fate.values, fate.batch ?? null])).toString('base64url')
  signatures.set(fate, known)
  return known
}

// A value need not be JSON: a function of an operator made it.
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each))
  } catch (error) {
    return String(error)
  }
}

class Counter {
  readonly #counts = { passes: 0, filtered: 0, waits: 0, fails: 0 }
  #deliveries = 0
  #last: Fate | undefined

  add(fate: Fate): void {
    this.#counts[fate.kind] += 1
    // The events of a batch are decided one after another, with one fate.
    if (fate.kind === 'passes' && (fate.batch === undefined || fate !== this.#last)) this.#deliveries += 1
    this.#last = fate
  }

  done(): BacktestCounts {
    const { passes, filtered, waits, fails } = this.#counts
    const heard = passes + filtered + waits + fails
    return { heard, passed: passes, deliveries: this.#deliveries, filtered, waiting: waits, failed: fails }
  }
}

class Group {
  readonly #most: number
  readonly #newest: BacktestExample[] = []
  #count = 0

  constructor(most: number) {
    this.#most = most
  }

  add({ seq, type, identifier, created }: StoredEvent, error?: ErrorInfo): void {
    this.#count += 1
    const why = error && { name: error.name, message: error.message, ...(error.code && { code: error.code }) }
    this.#newest.push({ seq, type, identifier, created: new Date(created).toISOString(), ...(why && { error: why }) })
    // Not at each event: taking the first of many costs as much as there are.
    if (this.#newest.length > 2 * this.#most + TURN) this.#trim()
  }

  #trim(): void {
    this.#newest.sort((a, b) => a.seq - b.seq)
    this.#newest.splice(0, this.#newest.length - this.#most)
  }

  done(): BacktestGroup {
    if (this.#newest.length > 0) this.#trim()
    return { count: this.#count, examples: [...this.#newest] }
  }
}

function dayOf(created: number): string {
  const at = new Date(created)
  const two = (number: number): string => String(number).padStart(2, '0')
  return [String(at.getFullYear()).padStart(4, '0'), two(at.getMonth() + 1), two(at.getDate())].join('-')
}
