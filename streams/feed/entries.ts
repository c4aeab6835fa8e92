import { createHash } from 'node:crypto'
import type { State } from '../../lib/index.ts'
import { isoDate } from './dates.ts'
import type { Entry } from './parse-feed.ts'

/** The number of ids that a feed may use for several entries before the oldest are forgotten. */
const MOST_SHARED = 500

/**
 * Sorts entries, oldest first. Feeds list the newest first, so that is what counts where dates are missing: an entry
 * without one belongs to its older neighbour.
 */
export function oldestFirst(entries: readonly Entry[]): Entry[] {
  let last = 0
  const dated = entries.toReversed().map((entry) => {
    const date = isoDate(entry.published ?? entry.updated)
    last = date === undefined ? last : Date.parse(date)
    return { entry, at: last }
  })
  return dated.sort((a, b) => a.at - b.at).map(({ entry }) => entry)
}

/** What an entry is called in its feed: its id, else its link, else a digest. Undefined if it has nothing to go by. */
function nameOf(entry: Entry): string | undefined {
  const { id, link, title, summary, published } = entry
  const name = id ?? link
  if (name !== undefined) return name.toWellFormed()
  const words = title ?? summary
  return words === undefined ? undefined : digest([words, published ?? ''])
}

/**
 * Names entries whose feed uses an id more than once: the first entry that was seen keeps the bare id, the others add
 * their link. The state remembers which one that was, so nothing is renamed when an entry leaves the feed.
 */
export class SharedIds {
  readonly #owners: Map<string, string>
  readonly #seen = new Map<string, string>()
  #grown = false

  private constructor(owners: Iterable<readonly [string, string]>) {
    this.#owners = new Map(owners)
  }

  /** The ids as the state has them. */
  static async load(state: State): Promise<SharedIds> {
    return new SharedIds(await state.get<[string, string][]>('shared ids', []))
  }

  /** The name of an entry; call it for the oldest first. */
  name(entry: Entry): string | undefined {
    const name = nameOf(entry)
    if (name === undefined || entry.id === undefined) return name
    const page = (entry.link ?? digest([entry.title ?? '', entry.published ?? ''])).toWellFormed()
    const owner = this.#owners.size === 0 ? undefined : this.#owners.get(digest([name]))
    const first = this.#seen.get(name) ?? page
    this.#seen.set(name, first)
    if (owner === undefined ? first === page : owner === digest([page])) return name
    if (owner === undefined) this.#share(name, first)
    return `${name} ${page}`
  }

  #share(name: string, first: string): void {
    this.#owners.set(digest([name]), digest([first]))
    this.#grown = true
  }

  /** Stores what was found since `load`. */
  save(state: State): void {
    if (this.#grown) state.set('shared ids', [...this.#owners].slice(-MOST_SHARED))
  }
}

/** A short digest of some texts. */
export function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22)
}
