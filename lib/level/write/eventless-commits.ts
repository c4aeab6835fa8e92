import { keys } from '../format/keys.ts'
import { encode } from '../format/records.ts'
import { IN_LOG_FILES } from '../store/database.ts'
import type { Op } from './commit.ts'

/** How finely the age of records is known, in bytes written since. */
const GRAIN = 1024 * 1024

/** How many old records each new one removes: more than are added, and too few to be felt. */
const REMOVED_AT_ONCE = 2

/**
 * Numbers the commits without events. An event that LevelDB drops from its log file leaves a gap between seqs, but a lost
 * ack, state or run would leave none. So each eventless commit has a number, and a record for as long as it may be in a
 * log file; a number that is missing at open is damage (decision 0003).
 */
export class EventlessCommits {
  #newest: number
  #durable: number
  #oldest: number
  // Commits up to here are in tables, where a read reports damage.
  #safe: number
  #written = 0
  readonly #past: { readonly newest: number; readonly written: number }[] = []

  constructor({ newest, oldest }: CommitNumbers) {
    this.#newest = newest
    this.#durable = newest
    this.#oldest = oldest
    this.#safe = newest
  }

  /** The numbers as the head stores them. */
  get numbers(): readonly [newest: number, oldest: number] {
    return [this.#newest, this.#oldest]
  }

  /** The newest durable commit. */
  get durable(): number {
    return this.#durable
  }

  /** All commits so far are durable. */
  settled(): void {
    this.#durable = this.#newest
  }

  /** Returns the writes of the next eventless commit for itself. */
  next(): readonly Op[] {
    const key = keys.eventless(++this.#newest)
    const ops: Op[] = [[key, encode(key, 0)]]
    for (let i = 0; i < REMOVED_AT_ONCE && this.#oldest <= this.#safe; i++)
      ops.push([keys.eventless(this.#oldest++), undefined])
    return ops
  }

  /** Counts the bytes that any commit wrote. */
  wrote(bytes: number): void {
    this.#written += bytes
    if (this.#written - (this.#past.at(-1)?.written ?? 0) >= GRAIN) {
      this.#past.push({ newest: this.#newest, written: this.#written })
    }
    while (this.#written - (this.#past[0]?.written ?? this.#written) > IN_LOG_FILES) {
      this.#safe = this.#past.shift()?.newest ?? this.#safe
    }
  }
}

/** The eventless commits that have a record. Without any, `oldest` is the next number. */
export interface CommitNumbers {
  /** The number of the newest one. */
  readonly newest: number
  /** The number of the oldest one that still has its record. */
  readonly oldest: number
}
