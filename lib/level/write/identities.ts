import { keys } from '../format/keys.ts'
import { decode, FORGOTTEN, type Identity } from '../format/records.ts'
import type { IdentityFilter, IdentitySource } from './identity-filter.ts'

/** How many identities a generation remembers: more than can wait for their commits at once. */
const GENERATION = 2048

/** Look-ups that were made ahead of a decision. They hold only for the session that made them. */
export interface LookAhead {
  by?: Identities
  readonly identities: Map<string, Identity | undefined>
}

/**
 * Which event an identity was last told as. What was decided lately is answered from memory, also before it is
 * durable, so that publishers who ask at the same time get one answer; the rest is looked up in the store, unless the
 * filter rules it out.
 *
 * Memory is two generations of a map: the younger fills, then takes the place of the older. A generation is dropped
 * only when all in it is durable.
 */
export class Identities {
  readonly #log: IdentitySource
  readonly #filter: IdentityFilter
  #young = new Map<string, Identity>()
  #old = new Map<string, Identity>()
  #newestOld = 0
  #newest = 0

  constructor(log: IdentitySource, filter: IdentityFilter) {
    this.#log = log
    this.#filter = filter
  }

  /** The identity stored at `key`; undefined when it is not known. `found`: look-ups that were made ahead. */
  find(key: string, found?: LookAhead): Identity | undefined {
    const recent = this.#young.get(key) ?? this.#old.get(key)
    const isFound = found?.by === this && found.identities.has(key)
    const identity = recent ?? (isFound ? found.identities.get(key) : this.#look(key))
    return identity?.[0] === FORGOTTEN ? undefined : identity
  }

  // getSync: an awaited get is several times slower, and has() skips LevelDB's own filter.
  #look(key: string): Identity | undefined {
    if (this.#filter.rulesOut(key, this.#log)) return undefined
    return decode<Identity>(key, this.#log.db.getSync(key))
  }

  /** Remembers a decision; `seq` is the newest seq that was given out when it was taken. */
  remember(key: string, identity: Identity, seq: number): void {
    if (this.#young.size >= GENERATION && this.#newestOld <= this.#log.writer.durable) {
      this.#old = this.#young
      this.#newestOld = this.#newest
      this.#young = new Map()
    }
    this.#young.set(key, identity)
    this.#filter.add(key)
    this.#newest = seq
  }
}

/** The key of an identity under the rule of a log. */
export function identityKey(rule: 'type' | 'identifier', type: string, identifier: string): string {
  return rule === 'type' ? keys.identity(type, identifier) : keys.identityAlone(identifier)
}
