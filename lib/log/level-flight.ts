import type { Op } from './level-commit.ts'
import { keys } from './level-keys.ts'
import type { Ledger } from './level-ledger.ts'
import { encode, type RetryRecord } from './level-records.ts'
import { Retries, type Waiting } from './level-retries.ts'
import { type Deaths, Suspects } from './level-suspects.ts'
import type { Handed } from './port.ts'

/** What the store knows of events that were handed out before. */
export interface Known {
  readonly waiting: readonly Waiting[]
  readonly suspects: Deaths
}

/** The events of one consumer between being handed out and being settled: those being handled, those that wait. */
export class Flight {
  readonly #name: string
  readonly #ledger: Ledger
  /** Being handled for the first time: until the lowest of them is settled, the cursor stays before it. */
  readonly #fresh = new Set<number>()
  /** Being handled again: a record in the store remembers them, so the cursor may pass. */
  readonly #again = new Set<number>()
  readonly #retries: Retries
  /** Asked for once more while it is handled: it waits in the store already, and is handed out after that. */
  readonly #asked = new Map<number, RetryRecord>()
  readonly #suspects: Suspects

  constructor(name: string, ledger: Ledger, { waiting, suspects }: Known, inOrder: boolean) {
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

  /** The next that waits; in order: the oldest. */
  get first(): Waiting | undefined {
    return this.#retries.first
  }

  /** When the next waiting event is due, in ms since the epoch. */
  get nextAt(): number | undefined {
    return this.#retries.nextAt
  }

  /** How many suspects were not handed out yet. */
  get suspects(): number {
    return this.#suspects.waiting
  }

  /** The lowest seq that is handled for the first time. */
  get lowestFresh(): number | undefined {
    return this.#fresh.values().next().value
  }

  /** All that are handled again. */
  get again(): Iterable<number> {
    return this.#again
  }

  /** All that are handled for the first time, lowest first. */
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

  /** The seqs of all that wait, lowest first. */
  seqs(): readonly number[] {
    return this.#retries.seqs()
  }

  begin(seq: number): void {
    this.#fresh.add(seq)
  }

  /** False: it does not wait any more. */
  beginAgain(seq: number): boolean {
    if (!this.#retries.remove(seq)) return false
    this.#again.add(seq)
    return true
  }

  /** To be handed out again, as this record says. */
  wait(seq: number, record: RetryRecord): void {
    const key = keys.retry(this.#name, seq)
    if (this.isRunning(seq)) this.#asked.set(seq, record)
    else this.#retries.add({ seq, ...record })
    this.#ledger.change(key, encode(key, record))
  }

  read(seq: number): RetryRecord | undefined {
    return this.#ledger.read<RetryRecord>(keys.retry(this.#name, seq))
  }

  /** Whether it was asked for once more while it is handled. */
  isAsked(seq: number): boolean {
    return this.#asked.has(seq)
  }

  /** Its delivery ended, and it does not need its record. */
  settle(seq: number): void {
    if (this.#again.has(seq) && !this.#asked.has(seq)) this.#ledger.change(keys.retry(this.#name, seq), undefined)
    this.end(seq)
  }

  /** Its delivery ended. */
  end(seq: number): void {
    const cleared = this.#suspects.clear(seq)
    if (cleared !== undefined) this.#ledger.change(cleared[0], cleared[1])
    this.#fresh.delete(seq)
    this.#again.delete(seq)
    const asked = this.#asked.get(seq)
    this.#asked.delete(seq)
    if (asked !== undefined) this.#retries.add({ seq, ...asked })
  }

  /** What is in flight is handled elsewhere. */
  dismiss(): void {
    this.#fresh.clear()
    this.#again.clear()
  }

  /** Nothing is in flight any more; but who is still suspected is so after a restart too. */
  noteSuspects(): void {
    const key = keys.flight(this.#name)
    const { seqs } = this.#suspects
    this.#ledger.change(key, seqs.length === 0 ? undefined : encode(key, seqs))
  }

  /** What is to be stored before these are handed out; and how often the process died over each of them. Changes nothing. */
  note(handed: readonly Handed[]): { readonly handed: readonly Handed[]; readonly ops: readonly Op[] } {
    const noted = handed.map((each): Handed => {
      const crashes = this.#suspects.deaths(each.event.seq)
      return crashes === undefined ? each : { ...each, crashes }
    })
    const accused = noted
      .filter(({ crashes }) => crashes !== undefined)
      .map(({ event }) => this.#suspects.record(event.seq))
    const key = keys.flight(this.#name)
    return { handed: noted, ops: [[key, encode(key, [...this.#fresh, ...this.#again])], ...accused] }
  }

  /** These are handed out. */
  given(handed: readonly Handed[]): void {
    for (const { event } of handed) this.#suspects.accuse(event.seq)
  }
}
