import { toJson } from '../core/json.ts'
import type { RunRecord } from './claim.ts'
import type { Op } from './level-commit.ts'
import { keys, runOf, startingWith } from './level-keys.ts'
import type { Life } from './level-life.ts'
import { decode, encode, type RunOutcome } from './level-records.ts'
import { count } from './query.ts'

/** So many records are kept of each job: the newest. */
const MOST = 100

/** What became of slots: by job, slot and attempt. */
export class Runs {
  readonly #life: Life
  // The keys of each job's records, in their order: what falls out at the other end has to be known.
  readonly #keys = new Map<string, string[]>()

  constructor(life: Life) {
    this.#life = life
  }

  /** To be awaited before `ops`. */
  async ready(job: string): Promise<void> {
    if (this.#keys.has(job)) return
    const found = await this.#life.session.db.keys(startingWith(keys.runsOf(job))).all()
    if (!this.#keys.has(job)) this.#keys.set(job, found)
  }

  /** The operations that store a record, and remove what is one too many. */
  ops(job: string, slot: number, attempt: number, outcome?: { readonly is: unknown }): Op[] {
    const key = keys.run(job, slot, attempt)
    const record: RunOutcome = outcome === undefined ? {} : { outcome: toJson(outcome.is ?? null) }
    const known = this.#keys.get(job) ?? []
    if (!known.includes(key)) {
      known.push(key)
      // All but the last are hex of one length, so their order is that of the store.
      known.sort()
    }
    const old = known.splice(0, Math.max(0, known.length - MOST))
    return [[key, encode(key, record)], ...old.map((each): Op => [each, undefined])]
  }

  /** What was to be stored was perhaps not. */
  forget(job: string): void {
    this.#keys.delete(job)
  }

  async *list(
    job: string,
    { limit, reverse = false }: { readonly limit?: number; readonly reverse?: boolean },
  ): AsyncGenerator<RunRecord> {
    const range = { ...startingWith(keys.runsOf(job)), limit: count(limit, 'limit', MOST), reverse }
    for (const [key, text] of await this.#life.session.db.iterator(range).all()) {
      const { slot, attempt } = runOf(key)
      yield { job, slot: new Date(slot), attempt, ...decode<RunOutcome>(key, text) }
    }
  }
}
