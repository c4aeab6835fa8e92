import type { Handed } from '../../log/port.ts'
import { keys } from '../format/keys.ts'
import { encode, type RetryRecord } from '../format/records.ts'
import type { Op } from '../write/commit.ts'
import type { PendingWrites } from './pending-writes.ts'
import { Retries, type Waiting } from './retries.ts'
import { type Deaths, Suspects } from './suspects.ts'

/** What the store knows of events that have been handed out before. */
export interface Known {
  readonly waiting: readonly Waiting[]
  readonly suspects: Deaths
}

/** The events of one consumer that are handed out and not settled: being handled, or waiting for another attempt. */
export class InFlight {
  readonly #name: string
  readonly #ledger: PendingWrites
  /** Being handled for the first time: the cursor stays before the lowest of them. */
  readonly #fresh = new Set<number>()
  /** Being handled again: they have a record in the store, so the cursor may pass them. */
  readonly #again = new Set<number>()
  readonly #retries: Retries
  /** Requested again while being handled: the store has the record, and the event waits once the delivery has ended. */
  readonly #asked = new Map<number, RetryRecord>()
  readonly #suspects: Suspects

  constructor(name: string, ledger: PendingWrites, { waiting, suspects }: Known, inOrder: boolean) {
    this.#name = name
    this.#ledger = ledger
    this.#retries = new Retries(inOrder)
    for (const each of waiting) this.#retries.add(each)
    this.#suspects = new Suspects(name, suspects)
  }

  get running(): number {
    return this.#fresh.size + this.#again.size
  }

  get waiting(): number {
    return this.#retries.size
  }

  /** The waiting event that is due next; with `inOrder`, the oldest. */
  get first(): Waiting | undefined {
    return this.#retries.first
  }

  /** When the next waiting event is due, in ms since the epoch. */
  get nextAt(): number | undefined {
    return this.#retries.nextAt
  }

  /** How many suspects have not been handed out yet. */
  get suspects(): number {
    return this.#suspects.waiting
  }

  /** The lowest seq being handled for the first time. */
  get lowestFresh(): number | undefined {
    return this.#fresh.values().next().value
  }

  /** The seqs being handled again. */
  get again(): Iterable<number> {
    return this.#again
  }

  /** The seqs being handled for the first time, lowest first. */
  get fresh(): Iterable<number> {
    return this.#fresh
  }

  isRunning(seq: number): boolean {
    return this.#fresh.has(seq) || this.#again.has(seq)
  }

  isWaiting(seq: number): boolean {
    return this.#retries.has(seq)
  }

  due(now: number, max: number): readonly Waiting[] {
    return this.#retries.due(now, max)
  }

  /** The seqs of the waiting events, lowest first. */
  seqs(): readonly number[] {
    return this.#retries.seqs()
  }

  begin(seq: number): void {
    this.#fresh.add(seq)
  }

  /** Returns false when the event no longer waits. */
  beginAgain(seq: number): boolean {
    if (!this.#retries.remove(seq)) return false
    this.#again.add(seq)
    return true
  }

  /** Lets an event wait for another delivery, as this record says. */
  wait(seq: number, record: RetryRecord): void {
    const key = keys.retry(this.#name, seq)
    if (this.isRunning(seq)) this.#asked.set(seq, record)
    else this.#retries.add({ seq, ...record })
    this.#ledger.change(key, encode(key, record))
  }

  read(seq: number): RetryRecord | undefined {
    return this.#ledger.read<RetryRecord>(keys.retry(this.#name, seq))
  }

  /** Whether the event was requested again while being handled. */
  isAsked(seq: number): boolean {
    return this.#asked.has(seq)
  }

  /** The delivery ended, and its record is no longer needed. */
  settle(seq: number): void {
    if (this.#again.has(seq) && !this.#asked.has(seq)) this.#ledger.change(keys.retry(this.#name, seq), undefined)
    this.end(seq)
  }

  /** The delivery ended. */
  end(seq: number): void {
    const cleared = this.#suspects.clear(seq)
    if (cleared !== undefined) this.#ledger.change(cleared[0], cleared[1])
    this.#fresh.delete(seq)
    this.#again.delete(seq)
    const asked = this.#asked.get(seq)
    this.#asked.delete(seq)
    if (asked !== undefined) this.#retries.add({ seq, ...asked })
  }

  /** Another consumer now hands out the events in flight. */
  dismiss(): void {
    this.#fresh.clear()
    this.#again.clear()
  }

  /** Notes an empty flight, except for suspects: they stay suspects after a restart. */
  noteSuspects(): void {
    const key = keys.inFlight(this.#name)
    const { seqs } = this.#suspects
    this.#ledger.change(key, seqs.length === 0 ? undefined : encode(key, seqs))
  }

  /** Returns the operations to store before these are handed out, and adds `crashes` to suspects. Changes nothing. */
  note(handed: readonly Handed[]): { readonly handed: readonly Handed[]; readonly ops: readonly Op[] } {
    const noted = handed.map((each): Handed => {
      const crashes = this.#suspects.deaths(each.event.seq)
      return crashes === undefined ? each : { ...each, crashes }
    })
    const accused = noted
      .filter(({ crashes }) => crashes !== undefined)
      .map(({ event }) => this.#suspects.record(event.seq))
    const key = keys.inFlight(this.#name)
    return { handed: noted, ops: [[key, encode(key, [...this.#fresh, ...this.#again])], ...accused] }
  }

  /** These events were handed out. */
  given(handed: readonly Handed[]): void {
    for (const { event } of handed) this.#suspects.accuse(event.seq)
  }
}
