import { KIND, keys, seqOf, startingWith } from '../format/keys.ts'
import { encode, type Head } from '../format/records.ts'
import { type Database, IN_LOG_FILES, pagesOf } from '../store/database.ts'
import type { Op } from './commit.ts'

/** How finely it is known when something was written, in bytes. */
const GRAIN = 1024 * 1024

/** So many old records go with each new one: more go than come, and none of them is felt. */
const GO = 2

/**
 * An event that LevelDB drops from its log file leaves a gap. Acknowledgements, state, runs would leave none: so each
 * commit without events, a quiet one, has a number, and a record at it for as long as it may be in a log file.
 */
export class EventlessCommits {
  #newest: number
  #durable: number
  #oldest: number
  // Up to here they are in tables.
  #safe: number
  #written = 0
  readonly #past: { readonly newest: number; readonly written: number }[] = []

  constructor({ newest, oldest }: CommitNumbers) {
    this.#newest = newest
    this.#durable = newest
    this.#oldest = oldest
    this.#safe = newest
  }

  /** As they are in the head. */
  get numbers(): readonly [newest: number, oldest: number] {
    return [this.#newest, this.#oldest]
  }

  /** The newest one that is durable. */
  get durable(): number {
    return this.#durable
  }

  /** What was begun is durable. */
  settled(): void {
    this.#durable = this.#newest
  }

  /** What a quiet commit has to write for itself. */
  next(): readonly Op[] {
    const key = keys.eventless(++this.#newest)
    const ops: Op[] = [[key, encode(key, 0)]]
    for (let i = 0; i < GO && this.#oldest <= this.#safe; i++) ops.push([keys.eventless(this.#oldest++), undefined])
    return ops
  }

  /** So many bytes, or more, were written by any commit. */
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

/** The newest and the oldest quiet commit that has a record; none: the oldest is the next. */
export interface CommitNumbers {
  readonly newest: number
  readonly oldest: number
}

export function commitNumbersOf([, , , newest = 0, oldest = newest + 1]: Head): CommitNumbers {
  return { newest, oldest }
}

/** The number of the first quiet commit that has no record, or has one that it should not have. */
export async function firstMissing(db: Database, { newest, oldest }: CommitNumbers): Promise<number | undefined> {
  let expected = oldest
  for await (const page of pagesOf(db.keys(startingWith(KIND.eventless)))) {
    for (const key of page) if (seqOf(key) !== expected++) return expected - 1
  }
  return expected === newest + 1 ? undefined : expected
}
