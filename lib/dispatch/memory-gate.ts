import type { Clock } from '../core/clock.ts'
import type { StoredEvent } from '../core/event.ts'
import { HOUR } from '../core/time-units.ts'
import { Judge, type Verdict } from '../listener/judge/judge.ts'
import { MemoryPipe } from '../listener/judge/memory-pipe.ts'
import type { MemoryWrite, StoredMemory } from '../listener/judge/records.ts'
import type { Listener } from '../listener/listener.ts'
import type { Consumer, Handed, Log, Retrying, Writes } from '../log/port.ts'

/** What a gate needs. */
export interface GateHost {
  readonly log: Log
  /** A clock that never steps back: the one of retries. The end of a wait is read from the clock that dates the events. */
  readonly clock: Clock
  /** Remembers nothing beyond its own life, and does not wait: what waits is decided as soon as no event is left. */
  readonly isTrial?: boolean
  /** Called for each event that is acked here, because no value of it passes. */
  dropped?(handed: Handed): void
}

/** The namespace of what the filters of a listener remember. */
export function memoryNamespace(listener: string): string {
  return `memory/${listener}`
}

/** An event waits at most this long at a time, in ms. */
const LONGEST = HOUR

/**
 * How long an event waits whose time is up while events created before have not been judged, in ms: each time twice as
 * long. Due events come before new ones, so if many of them came back all the time, the new ones would never be judged.
 */
const AGAIN = { least: 100, most: 10_000 }

/**
 * Stands before the queue of a listener whose pipe has filters with a memory: every event is judged here, in order of
 * seq, before any handler sees it.
 *
 * ```
 *   pulled ──→ judge ── no value passes ────────────────────→ ack
 *                │ ├─── decided later ──────────────────────→ retry, due at that time
 *                │ └─── values ──→ queue ──→ delivery attempt ──→ ack · retry · park
 *                │
 *                └─ memory and verdicts: one commit, before anything is handed on
 * ```
 *
 * An event that waits is in the log as a retry is: it keeps its place, its body is not pruned, and it comes back when
 * its time is up, in this life or a later one. By then all events that were created before must be judged too, so it is
 * decided only when the listener has caught up.
 *
 * If every event of a batch is filtered out, nothing is in a hurry: the memory rides with their acks, in one commit with
 * the cursor.
 */
export class MemoryGate {
  readonly #consumer: Consumer
  readonly #host: GateHost
  readonly #namespace: string
  readonly #judge: Judge
  readonly #verdicts = new WeakMap<Handed, Verdict>()
  /** The events whose time is up, and that had to be put back once more: by seq, with the time, and for how long. */
  readonly #early = new Map<number, { readonly until: number; readonly pause: number }>()
  /** The last event that was in the log when an event's time was up, by the seq of the waiting event. */
  readonly #lastBefore = new Map<number, number>()
  #opened: Promise<void> | undefined

  private constructor(pipe: MemoryPipe, listener: string, consumer: Consumer, host: GateHost) {
    this.#consumer = consumer
    this.#host = host
    this.#namespace = memoryNamespace(listener)
    const stored = host.isTrial === true ? NOTHING : (host.log.store(this.#namespace) as StoredMemory)
    this.#judge = new Judge(pipe, stored, (seqs) => eventsOf(host.log, seqs))
  }

  /** The gate of a listener; undefined if its pipe has no memory. */
  static of({ source, name }: Listener, consumer: Consumer, host: GateHost): MemoryGate | undefined {
    const pipe = MemoryPipe.of(source)
    return pipe === undefined ? undefined : new MemoryGate(pipe, name, consumer, host)
  }

  /** The verdict on an event that `admit` has returned. */
  verdict(handed: Handed): Verdict | undefined {
    return this.#verdicts.get(handed)
  }

  /**
   * Takes up a wait that the process died over. Returns whether the event waits for its time, rather than for another
   * attempt, so that it holds back no other.
   */
  async resume({ event: { seq }, attempts, at }: Retrying): Promise<boolean> {
    await this.#open()
    if (await this.#judge.isWaiting(seq)) return true
    // Its batch is complete, or it was left out, and the process died before it was made due: a delivery would have.
    const isUntried = attempts === 0 && at > this.#host.clock.now()
    const isLeft = isUntried && ((await this.#judge.hasBatch(seq)) || (await this.#judge.isLeftOut(seq)))
    if (isLeft) await this.#consumer.redeliver([seq])
    return isLeft
  }

  /**
   * Judges events, lowest seqs first, and returns those that are to be delivered. Settles the others.
   *
   * @throws TidingsError if the log fails: then what was judged is lost with this gate, and judged again by the next
   */
  async admit(batch: readonly Handed[]): Promise<readonly Handed[]> {
    await this.#open()
    const admitted: Handed[] = []
    const dropped: Handed[] = []
    const waiting = new Map<Handed, number>()
    // What waited, and was decided by another event.
    const decided = new Set<number>()
    const sort = (handed: Handed, verdict: Verdict): void => {
      if (verdict.kind !== 'wait') this.#early.delete(handed.event.seq)
      for (const seq of verdict.releases ?? []) decided.add(seq)
      if (verdict.kind === 'drop') {
        dropped.push(handed)
        if (verdict.completes !== undefined) decided.add(verdict.completes)
      } else if (verdict.kind === 'wait') waiting.set(handed, verdict.until)
      else {
        this.#verdicts.set(handed, verdict)
        admitted.push(handed)
      }
    }
    for (const handed of batch) sort(handed, await this.#judge.judge(handed.event))
    const due = [...waiting].filter(([, until]) => this.#isDue(until))
    for (const [handed, until] of due.sort(([a, until], [b, other]) => until - other || a.event.seq - b.event.seq)) {
      const { seq } = handed.event
      const pause = Math.min((this.#early.get(seq)?.pause ?? AGAIN.least / 2) * 2, AGAIN.most)
      this.#early.delete(seq)
      if (this.#isNext(until) && (await this.#hasCaughtUp(seq))) {
        waiting.delete(handed)
        sort(handed, await this.#judge.wake(handed.event))
        this.#shorten()
      } else this.#early.set(seq, { until, pause })
    }
    for (const handed of waiting.keys()) {
      if (!decided.has(handed.event.seq)) continue
      waiting.delete(handed)
      sort(handed, await this.#judge.judge(handed.event))
    }
    admitted.sort((a, b) => a.event.seq - b.event.seq)
    await this.#store(dropped, admitted.length + waiting.size + decided.size > 0)
    for (const [handed, until] of waiting) {
      const pause = this.#early.get(handed.event.seq)?.pause
      this.#putBack(handed, pause ?? this.#left(until), pause !== undefined)
    }
    for (const { event } of batch) decided.delete(event.seq)
    if (decided.size > 0) await this.#consumer.redeliver(decided)
    return admitted
  }

  #isDue(until: number): boolean {
    return this.#host.isTrial === true || this.#left(until) <= 0
  }

  // Waits end in the order of their times, since one that ends may pass a further filter.
  #isNext(until: number): boolean {
    return ![...this.#early.values()].some((other) => other.until < until)
  }

  // The listener has caught up, so the others only wait for their turn.
  #shorten(): void {
    for (const [seq, { until }] of this.#early) this.#early.set(seq, { until, pause: AGAIN.least })
  }

  // In ms. A clock that is set back prolongs a wait: it is over when no later event can be older than its end.
  #left(until: number): number {
    return until - this.#host.log.clock.now()
  }

  // Whether every event was judged that was in the log when the time of this one was up. Others may come all the time.
  async #hasCaughtUp(seq: number): Promise<boolean> {
    const { log, isTrial } = this.#host
    // Makes durable what was accepted until now, and the notes for this event: a list shows only what is durable.
    await this.#consumer.flush()
    const last = await log.last()
    const lastBefore = this.#lastBefore.get(seq) ?? last
    const { behind } = await this.#consumer.lag()
    const isOver = isTrial === true ? behind === 0 : last - behind >= lastBefore
    if (isOver) this.#lastBefore.delete(seq)
    else this.#lastBefore.set(seq, lastBefore)
    return isOver
  }

  // Before anything is handed on, or put back. If nothing is, the memory rides with the acks.
  async #store(dropped: readonly Handed[], isUrgent: boolean): Promise<void> {
    let writes = this.#host.isTrial === true ? [] : this.#writes(this.#judge.takeWrites())
    if (writes.length > 0 && (isUrgent || dropped.length === 0)) {
      await this.#host.log.accept([], { state: writes })
      writes = []
    }
    for (const handed of dropped) {
      this.#consumer.ack(handed, writes)
      this.#host.dropped?.(handed)
      writes = []
    }
  }

  // `beyond`: it is decided once newer events are judged, so it must not keep them away.
  #putBack(handed: Handed, ms: number, beyond: boolean): void {
    const pause = this.#host.isTrial === true ? 0 : Math.min(Math.max(ms, 0), LONGEST)
    this.#consumer.retry({ ...handed, attempt: handed.attempt - 1 }, { at: this.#host.clock.now() + pause, beyond })
  }

  #writes(writes: readonly MemoryWrite[]): Writes {
    return writes.map(([key, value]) => ({
      namespace: this.#namespace,
      key,
      ...(value === undefined ? {} : { value }),
    }))
  }

  #open(): Promise<void> {
    this.#opened ??= this.#begin()
    return this.#opened
  }

  async #begin(): Promise<void> {
    await this.#judge.open()
    for await (const { seq } of this.#host.log.events({ limit: 1 })) await this.#judge.trim(seq)
  }
}

/** How many events are read and passed over on the way to the next one that is wanted; a seek costs as much. */
const FAR = 500

/** The events of a log with these seqs, lowest first, without those that were pruned. */
async function* eventsOf(log: Pick<Log, 'events'>, seqs: readonly number[]): AsyncGenerator<StoredEvent> {
  for (let i = 0; i < seqs.length; ) {
    const begun = i
    for await (const event of log.events({ after: (seqs[i] as number) - 1 })) {
      while (i < seqs.length && (seqs[i] as number) < event.seq) i += 1
      if (seqs[i] === event.seq) {
        yield event
        i += 1
      }
      if (i === seqs.length || (seqs[i] as number) - event.seq > FAR) break
    }
    // The log ends before the next one.
    if (i === begun) return
  }
}

const NOTHING: StoredMemory = {
  get: async () => undefined,
  async *list() {},
}
