import { toJson } from '../../core/json.ts'
import type { RunRecord } from '../../log/claim.ts'
import { count } from '../../log/query.ts'
import { keys, runOf, startingWith } from '../format/keys.ts'
import { decode, encode, type StoredOutcome } from '../format/records.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import type { Op } from '../write/commit.ts'

/** The number of records kept of each job: the newest. */
const MOST = 100

/** How many records to list, default 100, from the oldest or (`reverse`) from the newest. */
export interface RunsAsked {
  readonly limit?: number
  readonly reverse?: boolean
}

interface StoredAttempt {
  readonly slot: number
  readonly attempt: number
}

/** The run records, by job, slot and attempt (decision 0026). */
export class Runs {
  readonly #store: ReopeningStore
  // The sorted keys of each job's records, so that a new record can remove the oldest.
  readonly #keys = new Map<string, string[]>()

  constructor(store: ReopeningStore) {
    this.#store = store
  }

  /** Await it before `ops`, `ran` and `drop`. */
  async ready(job: string): Promise<void> {
    if (this.#keys.has(job)) return
    const found = await this.#store.session.db.keys(startingWith(keys.runsOf(job))).all()
    if (!this.#keys.has(job)) this.#keys.set(job, found)
  }

  /** Returns the operations that store a record and remove the oldest beyond the limit. */
  ops(job: string, slot: number, attempt: number, outcome?: { readonly is: unknown }): Op[] {
    const key = keys.run(job, slot, attempt)
    const record: StoredOutcome = outcome === undefined ? {} : { outcome: toJson(outcome.is ?? null) }
    const known = this.#keys.get(job) ?? []
    const place = placeOf(known, key)
    if (known[place] !== key) known.splice(place, 0, key)
    const old = known.splice(0, Math.max(0, known.length - MOST))
    return [[key, encode(key, record)], ...old.map((each): Op => [each, undefined])]
  }

  /** Whether an attempt at this slot has a record; call it after `ready`. */
  ran(job: string, slot: number): boolean {
    // Keys can't hold an instant before 1970.
    if (slot <= 0) return false
    const known = this.#keys.get(job) ?? []
    const next = known[placeOf(known, keys.run(job, slot, 1))]
    return next !== undefined && next < keys.run(job, slot + 1, 0)
  }

  /** Returns the operations that remove all records of a job; call it after `ready`. */
  drop(job: string): Op[] {
    const known = this.#keys.get(job) ?? []
    this.#keys.delete(job)
    return known.map((key): Op => [key, undefined])
  }

  /** A commit failed, so it is unknown what was stored: `ready` reads the store again. */
  forget(job: string): void {
    this.#keys.delete(job)
  }

  /** `lost`: attempts that have no record yet. */
  async *list(
    job: string,
    { limit, reverse = false }: RunsAsked,
    lost: readonly StoredAttempt[],
  ): AsyncGenerator<RunRecord> {
    const most = count(limit, 'limit', MOST)
    const kept = await this.#store.session.db.iterator(startingWith(keys.runsOf(job))).all()
    const found = new Map<string, StoredOutcome>(kept.map(([key, text]) => [key, decode<StoredOutcome>(key, text)]))
    for (const { slot, attempt } of lost) found.set(keys.run(job, slot, attempt), {})
    const inOrder = [...found.keys()].sort()
    for (const key of (reverse ? inOrder.reverse() : inOrder).slice(0, most)) {
      const { slot, attempt } = runOf(key)
      yield { job, slot: new Date(slot), attempt, ...found.get(key) }
    }
  }
}

/**
 * Where a key is, or belongs, among sorted ones; most belong at the end. All parts of a key but the last are hex of one
 * length, so this is the order of the store.
 */
function placeOf(sorted: readonly string[], key: string): number {
  let [low, high] = [0, sorted.length]
  if (high > 0 && key > (sorted[high - 1] as string)) return high
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}
