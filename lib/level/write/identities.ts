import { keys } from '../format/keys.ts'
import { decode, FORGOTTEN, type Identity } from '../format/records.ts'
import type { IdentityFilter, IdentitySource } from './identity-filter.ts'

/** The size of a generation: more identities than can wait for their commits at once. */
const GENERATION = 2048

/** Look-ups made ahead of a decision. They are valid only for the session that made them. */
export interface LookAhead {
  /** The identities of that session. */
  by?: Identities
  /** The result of each look-up, by key. */
  readonly identities: Map<string, Identity | undefined>
}

/**
 * Finds the event under which an identity was last told. Recent decisions are answered from memory, even before they are
 * durable, so that concurrent publishers get one answer. Older ones are looked up in the store, unless the identity
 * filter rules them out (decision 0031).
 *
 * The memory is two generations of a map: the younger one fills, then replaces the older. A generation is dropped only
 * when all its identities are durable.
 */
export class Identities {
  readonly #log: IdentitySource
  readonly #identityFilter: IdentityFilter
  #young = new Map<string, Identity>()
  #old = new Map<string, Identity>()
  #newestOld = 0
  #newest = 0
  /** Whether the last look-up has found its identity. */
  #wasKnown = false

  constructor(log: IdentitySource, identityFilter: IdentityFilter) {
    this.#log = log
    this.#identityFilter = identityFilter
  }

  /** Returns the identity at `key`; undefined when it is unknown or forgotten. */
  find(key: string, ahead?: LookAhead): Identity | undefined {
    const recent = this.#young.get(key) ?? this.#old.get(key)
    const isFound = ahead?.by === this && ahead.identities.has(key)
    const identity = recent ?? (isFound ? ahead.identities.get(key) : this.#look(key))
    return identity?.[0] === FORGOTTEN ? undefined : identity
  }

  // getSync: an awaited get is several times slower, and has() skips LevelDB's own filter.
  #look(key: string): Identity | undefined {
    // A poll brings what it has brought before, one after another: after a known identity, the filter rules out little.
    if (!this.#wasKnown && this.#identityFilter.rulesOut(key, this.#log)) return undefined
    const found = decode<Identity>(key, this.#log.db.getSync(key))
    this.#wasKnown = found !== undefined
    return found
  }

  /** Remembers a decision; `seq`: the newest seq that was given out when it was made. */
  remember(key: string, identity: Identity, seq: number): void {
    if (this.#young.size >= GENERATION && this.#newestOld <= this.#log.writer.durable) {
      this.#old = this.#young
      this.#newestOld = this.#newest
      this.#young = new Map()
    }
    this.#young.set(key, identity)
    this.#identityFilter.add(key)
    this.#newest = seq
  }
}

/** Returns the key of an identity, under the log's rule for what makes one. */
export function identityKey(rule: 'type' | 'identifier', type: string, identifier: string): string {
  return rule === 'type' ? keys.identity(type, identifier) : keys.identityAlone(identifier)
}
