import { defined } from '../../core/defined.ts'
import { type ErrorInfo, errorInfo } from '../../core/error-info.ts'
import { MINUTE } from '../../core/time-units.ts'
import type { HandlerCall } from '../../dispatch/handler-calls.ts'
import type { EndedDelivery } from '../../dispatch/pump.ts'

/** How one delivery to a listener went, as JSON. */
export interface DeliveryRow {
  /** The seq of the event. */
  readonly seq: number
  /** The type of the event. */
  readonly type: string
  /** The identifier of the event. */
  readonly identifier: string
  /** The number of the attempt, from 1. */
  readonly attempt: number
  /**
   * `handled`: the handler took it; `passed`: no value came through the filters; `retry`: it failed, and is tried again;
   * `parked`: it failed for the last time.
   */
  readonly outcome: 'handled' | 'passed' | 'retry' | 'parked'
  /** When it began, in ISO format. */
  readonly at: string
  /** How long it took, in ms. */
  readonly ms: number
  /** Why it failed, without the stack and without known secrets. */
  readonly error?: Omit<ErrorInfo, 'stack'>
  /** The calls of `fetch` and `exec` that its handler made, in order, at most 50; absent without any. */
  readonly calls?: readonly HandlerCall[]
}

/** The number of deliveries that are kept of each listener. */
export const RECENT_DELIVERIES = 256

/** Over how many minutes the rate of a listener is measured. */
const RATE_MINUTES = 5

/** The longest message of an error that is kept, in characters. */
const LONGEST = 500

/** A delivery as it is kept. `error`: undefined without one. */
class Kept {
  seq = 0
  type = ''
  identifier = ''
  attempt = 0
  outcome: DeliveryRow['outcome'] = 'handled'
  ms = 0
  began = 0
  calls: readonly HandlerCall[] = []
  error: DeliveryRow['error'] | undefined
}

/**
 * The newest deliveries of one listener, in memory, and how many events it handled in the last minutes. Keeps no event:
 * its data may be large.
 */
export class RecentDeliveries {
  readonly #scrub: (text: string) => string
  /** Once full, the oldest is at `#next`. */
  readonly #kept: Kept[] = []
  #next = 0
  /** Handled events by minute: the count of minute m is at `m % #handled.length`, and valid if its minute is m. */
  readonly #handled = Array.from({ length: RATE_MINUTES + 1 }, () => ({ minute: -1, count: 0 }))

  /** @param scrub removes known secrets */
  constructor(scrub: (text: string) => string) {
    this.#scrub = scrub
  }

  add({ handed, outcome, handled, calls, began, ended }: EndedDelivery): void {
    const { event, attempt } = handed
    const isAck = outcome.end === 'ack'
    // The oldest is overwritten, since a new object for each delivery is work for the garbage collector.
    const kept = (this.#kept[this.#next] ??= new Kept())
    kept.seq = event.seq
    kept.type = event.type
    kept.identifier = event.identifier
    kept.attempt = attempt
    kept.outcome = isAck ? (handled ? 'handled' : 'passed') : outcome.end === 'park' ? 'parked' : 'retry'
    kept.ms = ended - began
    kept.began = began
    kept.calls = calls
    kept.error = isAck ? undefined : this.#words(outcome.error)
    this.#next = (this.#next + 1) % RECENT_DELIVERIES
    if (isAck && handled) this.#count(ended)
  }

  #count(now: number): void {
    const minute = Math.floor(now / MINUTE)
    const slot = this.#handled[minute % this.#handled.length] as { minute: number; count: number }
    if (slot.minute !== minute) [slot.minute, slot.count] = [minute, 0]
    slot.count += 1
  }

  /** The number of handled events a minute, over the last five whole minutes and the present one. */
  rate(now: number): number {
    const minute = now / MINUTE
    const counts = this.#handled.filter((slot) => slot.minute >= Math.floor(minute) - RATE_MINUTES)
    const handled = counts.reduce((sum, { count }) => sum + count, 0)
    return Math.round((handled / (RATE_MINUTES + (minute % 1))) * 100) / 100
  }

  /** The newest deliveries, newest first; with `seq`, only those of this event. */
  rows(limit = RECENT_DELIVERIES, seq?: number): DeliveryRow[] {
    const oldestFirst = [...this.#kept.slice(this.#next), ...this.#kept.slice(0, this.#next)]
    return oldestFirst
      .filter((kept) => seq === undefined || kept.seq === seq)
      .toReversed()
      .slice(0, limit)
      .map((kept) => this.#row(kept))
  }

  #row({ began, calls, error, ...row }: Kept): DeliveryRow {
    return {
      ...row,
      ...defined({ error }),
      at: new Date(began).toISOString(),
      ...(calls.length === 0 ? {} : { calls: calls.map((call) => this.#call(call)) }),
    }
  }

  #call({ method, host, status, ms }: HandlerCall): HandlerCall {
    return { method, host: this.#scrub(host), ...(status === undefined ? {} : { status }), ms }
  }

  #words(thrown: Error): Omit<ErrorInfo, 'stack'> {
    const { stack: _, ...words } = errorInfo(thrown, this.#scrub)
    return { ...words, message: words.message.slice(0, LONGEST) }
  }
}
