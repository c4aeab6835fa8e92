import { from, identity, of } from 'rxjs'
import type { Clock } from '../../core/clock.ts'
import { type ErrorInfo, errorInfo } from '../../core/error-info.ts'
import type { StoredEvent } from '../../core/event.ts'
import { outdated } from '../../dispatch/outdated.ts'
import { Judge, type Verdict } from '../../listener/judge/judge.ts'
import { type Kept, verdictKey } from '../../listener/judge/kept.ts'
import { MemoryPipe } from '../../listener/judge/memory-pipe.ts'
import type { Listener } from '../../listener/listener.ts'
import { type AnyOperator, type Pipe, pipeOf } from '../../listener/on.ts'
import { typeTest } from '../../log/type-names.ts'
import { MemoryInRam } from './memory-in-ram.ts'
import { type Left, valuesOf } from './pipe-values.ts'

/** What the pipe of a listener makes of one event. */
export type Fate =
  /** The handler would get these values. `batch`: the seqs of a digest, which are one delivery. */
  | { readonly kind: 'passes'; readonly values: readonly unknown[]; readonly batch?: readonly number[] }
  /** No value leaves the pipe. */
  | { readonly kind: 'filtered' }
  /** A filter holds it back, at the end: until then, in ms since the epoch; absent: until other events come. */
  | { readonly kind: 'waits'; readonly until?: number }
  /** The event does not fit its schema, or the pipe failed. */
  | { readonly kind: 'fails'; readonly error: ErrorInfo }

/** What a fold needs. */
export interface FoldOptions {
  /** Limits how long the asynchronous part of a pipe may take: the timeout of its listener. */
  readonly clock: Clock
  /** Called once for each event that was added; later than that for one that waits. */
  decided(event: StoredEvent, fate: Fate): void
}

const FILTERED: Fate = { kind: 'filtered' }

/**
 * Runs the pipe of a listener over stored events, without its handler. Filters with a memory begin with an empty one and
 * follow the time of the events:
 *
 * ```
 *   add(event) ──→ waits whose time is before event.created are decided, in order
 *              └─→ the event is judged ── filtered, passes, fails ──→ decided
 *                                     └── waits, or is in a batch ──→ held
 *   end(now)   ──→ waits whose time is before now are decided; the others still wait
 * ```
 *
 * It stores nothing and publishes nothing, but operators that act (`tap`, a `fetch` in `mergeMap`) do act.
 */
export class PipeFold {
  readonly #listener: Listener
  readonly #options: FoldOptions
  readonly #hears: (type: string) => boolean
  readonly #pipe: Pipe
  readonly #memory: MemoryInRam
  readonly #judge: Judge | undefined
  readonly #rest: AnyOperator
  /** The events that are not decided yet. */
  readonly #held: Map<number, StoredEvent>
  /** How long those wait that have a time, by seq, and in the order of that time. Those in the batch of another do not. */
  readonly #until: Map<number, number>
  readonly #due: { readonly seq: number; readonly until: number }[]

  /** `earlier`: another fold, which this one continues. */
  constructor(listener: Listener, options: FoldOptions, earlier?: PipeFold) {
    this.#listener = listener
    this.#options = options
    this.#memory = earlier?.memory ?? new MemoryInRam()
    this.#held = new Map(earlier === undefined ? [] : earlier.#held)
    this.#until = new Map(earlier === undefined ? [] : earlier.#until)
    this.#due = earlier === undefined ? [] : [...earlier.#due]
    this.#hears = typeTest(listener.source.types)
    this.#pipe = pipeOf(listener.source)
    const memory = MemoryPipe.of(listener.source)
    this.#judge = memory && new Judge(memory, this.#memory, (seqs) => this.#heldOf(seqs))
    this.#rest = memory?.rest ?? identity
  }

  /** What the filters remember now, by the key of the memory in the log. */
  get memory(): MemoryInRam {
    return this.#memory
  }

  /**
   * Returns a fold that continues this one as a process does that starts again: it knows what the log keeps, and nothing
   * else. Use only that one then.
   */
  async restarted(listener: Listener): Promise<PipeFold> {
    const next = new PipeFold(listener, this.#options, this)
    await next.#judge?.open()
    return next
  }

  /** Whether the listener hears events of this type. */
  hears(type: string): boolean {
    return this.#hears(type)
  }

  /** Runs the pipe for the next event, in order of seq. Ignores an event of a type that the listener does not hear. */
  async add(event: StoredEvent): Promise<void> {
    if (!this.#hears(event.type)) return
    if (this.#judge === undefined) {
      const left = this.#run(event)
      this.#decide(event, left instanceof Promise ? await left : left)
      return
    }
    await this.#wakeUntil(event.created, this.#judge)
    this.#held.set(event.seq, event)
    await this.#conclude(event, await this.#judge.judge(event), this.#judge)
  }

  /** Decides what waits until `now`, in ms since the epoch. What waits longer still waits. */
  async end(now: number): Promise<void> {
    if (this.#judge === undefined) return
    await this.#wakeUntil(now, this.#judge)
    for (const [seq, event] of this.#held) {
      const at = this.#until.get(seq) ?? Number.POSITIVE_INFINITY
      this.#options.decided(event, { kind: 'waits', ...(Number.isFinite(at) ? { until: at } : {}) })
    }
    this.#held.clear()
    this.#until.clear()
    this.#due.length = 0
  }

  async #wakeUntil(time: number, judge: Judge): Promise<void> {
    for (let first = this.#due[0]; first !== undefined && first.until <= time; first = this.#due[0]) {
      this.#due.shift()
      this.#until.delete(first.seq)
      const event = this.#held.get(first.seq)
      if (event !== undefined) await this.#conclude(event, await judge.wake(event), judge)
    }
  }

  async #conclude(event: StoredEvent, verdict: Verdict, judge: Judge): Promise<void> {
    const { seq } = event
    this.#memory.write(judge.takeWrites())
    for (const released of verdict.releases ?? []) {
      const held = this.#held.get(released)
      if (held !== undefined) this.#settle(held, FILTERED)
    }
    if (verdict.kind === 'wait') return this.#wait(seq, verdict.until)
    const first =
      verdict.kind === 'drop' && verdict.completes !== undefined ? this.#held.get(verdict.completes) : undefined
    if (first !== undefined) return this.#conclude(first, await judge.judge(first), judge)
    // The batch that it is in is not complete.
    if (verdict.kind === 'drop' && (this.#memory.peek(verdictKey(seq)) as Kept | undefined)?.member === true) return
    if (verdict.kind === 'drop') return this.#settle(event, FILTERED)
    if (verdict.kind === 'fail') return this.#settle(event, failed(verdict.error))
    const unfit = outdated(this.#listener, event)
    const left = unfit === undefined ? await valuesOf(this.#rest(from(verdict.values)), this.#bound) : { error: unfit }
    const { batch } = verdict
    const fate = fateOf(
      left,
      batch?.map((each) => each.seq),
    )
    for (const each of batch ?? [event]) this.#settle(each, fate)
  }

  #wait(seq: number, until: number): void {
    const at = this.#due.findLastIndex((each) => each.until < until || (each.until === until && each.seq < seq))
    this.#due.splice(at + 1, 0, { seq, until })
    this.#until.set(seq, until)
  }

  #settle(event: StoredEvent, fate: Fate): void {
    const { seq } = event
    if (!this.#held.delete(seq)) return
    this.#memory.forgetVerdict(seq)
    if (this.#until.delete(seq)) {
      const at = this.#due.findIndex((each) => each.seq === seq)
      this.#due.splice(at, 1)
    }
    this.#options.decided(event, fate)
  }

  #run(event: StoredEvent): Left | Promise<Left> {
    const unfit = outdated(this.#listener, event)
    if (unfit !== undefined) return { error: unfit }
    try {
      for (const test of this.#pipe.tests) if (!test(event)) return { values: [] }
      return this.#pipe.rest === undefined ? { values: [event] } : valuesOf(this.#pipe.rest(of(event)), this.#bound)
    } catch (error) {
      return { error }
    }
  }

  #decide(event: StoredEvent, left: Left): void {
    this.#options.decided(event, fateOf(left))
  }

  async *#heldOf(seqs: readonly number[]): AsyncGenerator<StoredEvent> {
    for (const seq of seqs) {
      const event = this.#held.get(seq)
      if (event !== undefined) yield event
    }
  }

  get #bound(): { readonly clock: Clock; readonly timeout: number } {
    return { clock: this.#options.clock, timeout: this.#listener.settings.timeout }
  }
}

function fateOf(left: Left, batch?: readonly number[]): Fate {
  if ('error' in left) return failed(left.error)
  if (left.values.length === 0) return FILTERED
  return { kind: 'passes', values: left.values, ...(batch === undefined ? {} : { batch }) }
}

function failed(error: unknown): Fate {
  return { kind: 'fails', error: errorInfo(error) }
}
