import { type Draft, type JobContext, TidingsError } from '../../lib/index.ts'
import { describe } from '../../lib/streams.ts'
import type { GithubClient } from './client.ts'
import type { GithubResponse } from './failure.ts'

/** What an item of a list stands for. */
export interface Found {
  /** The time that the list is sorted by, or a later one, in ms since the epoch. */
  readonly at: number
  /** Undefined: nothing to tell. */
  readonly draft: Draft | undefined
}

/** A list that a job looks at, newest first. */
export interface Listing {
  readonly path: string
  /** The parameters, one set for each list that the job reads. `since`: where the window begins, in ms; undefined at first. */
  queries(since: number | undefined): readonly Readonly<Record<string, string>>[]
  /** Picks the items of an answer. */
  readonly items: (data: unknown) => unknown
  /** Reads an item; undefined if it lacks what an event needs. */
  readonly read: (item: unknown) => Found | undefined
  /** How far behind the newest item late ones are expected, in ms. */
  readonly overlap: number
}

/** What a job remembers of its list: committed with the last event of the run. */
interface Seen {
  /** The time of the newest item, in ms. */
  readonly newest: number
  /** The pages of the last look, by their query. */
  readonly pages: Readonly<Record<string, Page>>
}

interface Page {
  readonly etag?: string
  readonly lastModified?: string
  /** The query of the page after it, unless that is beyond the window. */
  readonly next?: string
}

/** When the service was asked, and for how long it wants to be left alone, both in ms. */
interface Pace {
  readonly asked: number
  readonly pause: number
}

/** The most pages of one look. */
const MOST_PAGES = 100

/** Runs begin some ms before or after their slots; without this, every second run of a minute would ask nothing. */
const GRACE = 1000

/** The longest pause that `X-Poll-Interval` may ask for, in ms. */
const LONGEST_PAUSE = 3_600_000

const DAY = 86_400_000

/**
 * Looks at a list, and resolves to what it tells, oldest first.
 *
 *                    since                     newest
 *     ─────────────────┼──── overlap ─────────────┼──→ time of the items
 *     not looked at,   │ read at each look,       │ new
 *     not told         │ the log knows most       │
 *
 * Identities decide what is new, not the window: it only bounds how far back a look reads. It ends a whole number of
 * days before the newest item (so that a query stays the same for a day), and moves only with a run that succeeded. All
 * pages are read before the first event, so a failure between two pages loses nothing. Each page keeps its validators:
 * a look at an unchanged list costs nothing of the rate limit.
 */
export async function look(
  context: JobContext,
  client: GithubClient,
  listing: Listing,
  backfill: number,
): Promise<Draft[]> {
  if (await isTooSoon(context)) return []
  const seen = await context.state.get<Seen>('seen')
  const since = seen === undefined ? undefined : windowBefore(seen.newest, listing.overlap)
  const reading = new Reading(context, client, listing, { since, backfill, known: seen?.pages ?? {} })
  for (const query of listing.queries(since)) await reading.read(new URLSearchParams(query))
  // A date in the future would close the window for everything before it.
  const newest = Math.max(seen?.newest ?? 0, Math.min(reading.newest, context.now()))
  context.state.set('seen', { newest, pages: reading.pages })
  return reading.drafts()
}

function windowBefore(newest: number, overlap: number): number {
  return Math.max(0, Math.floor((newest - overlap) / DAY) * DAY)
}

async function isTooSoon({ state, now, logger }: JobContext): Promise<boolean> {
  const { asked, pause } = await state.get<Pace>('pace', { asked: 0, pause: 0 })
  const since = now() - asked
  // A wall clock that stepped back says nothing about the service.
  if (since < 0 || since >= pause - GRACE) return false
  logger.info({ until: new Date(asked + pause) }, 'not asked: GitHub wants a pause')
  return true
}

/** Reads the pages of one look. */
class Reading {
  readonly pages: Record<string, Page> = {}
  newest = 0
  readonly #context: JobContext
  readonly #client: GithubClient
  readonly #listing: Listing
  readonly #window: Window
  readonly #asked: number
  readonly #found: Found[] = []
  #broken = 0

  constructor(context: JobContext, client: GithubClient, listing: Listing, window: Window) {
    this.#context = context
    this.#client = client
    this.#listing = listing
    this.#window = window
    this.#asked = context.now()
  }

  /** Reads from the first page to the end of the window. */
  async read(first: URLSearchParams): Promise<void> {
    let query: string | undefined = first.toString()
    for (let count = 0; query !== undefined && this.pages[query] === undefined; count++) {
      if (count === MOST_PAGES) {
        this.#context.logger.warn({ path: this.#listing.path, pages: count }, 'older items are not read')
        return
      }
      query = await this.#readPage(query)
    }
  }

  /** What the pages tell, oldest first, each identity once. */
  drafts(): Draft[] {
    const { since = 0 } = this.#window
    if (this.#broken > 0) this.#context.logger.warn({ items: this.#broken }, 'items without what an event needs')
    const inOrder = this.#found.toSorted((a, b) => a.at - b.at)
    const drafts = inOrder.flatMap(({ at, draft }) => (draft === undefined || at < since ? [] : [draft]))
    return [...new Map(drafts.map((draft) => [`${draft.type} ${draft.identifier}`, draft])).values()]
  }

  async #readPage(query: string): Promise<string | undefined> {
    const known = this.#window.known[query]
    const { path } = this.#listing
    const answer = await this.#client('GET', path, { query: new URLSearchParams(query), headers: conditions(known) })
    this.#pace(answer)
    if (answer.status === 304 && known !== undefined) {
      this.#context.logger.info({ path, ...(query === '' ? {} : { query }) }, 'not modified')
      this.pages[query] = known
      return known.next
    }
    const found = this.#take(answer)
    const next = found.length === 0 || this.#isBefore(found) ? undefined : nextOf(answer)
    this.pages[query] = { ...validatorsOf(answer), ...(next === undefined ? {} : { next }) }
    return next
  }

  #take(answer: GithubResponse): readonly Found[] {
    const items = this.#listing.items(answer.data)
    if (!Array.isArray(items)) {
      const words = `stream github: GET ${this.#listing.path} must answer a list, got ${describe(items)}`
      throw new TidingsError('TIDINGS_RESPONSE_INVALID', words)
    }
    const found = items.map((item) => this.#listing.read(item)).filter((one) => one !== undefined)
    this.#broken += items.length - found.length
    this.#found.push(...found)
    this.newest = Math.max(this.newest, ...found.map(({ at }) => at))
    return found
  }

  // At the first look, the window ends behind the newest item, but not before there is enough to tell.
  #isBefore(page: readonly Found[]): boolean {
    const { since, backfill } = this.#window
    if (since === undefined && this.#found.length < backfill) return false
    const end = since ?? windowBefore(this.newest, this.#listing.overlap)
    return page.every(({ at }) => at < end)
  }

  #pace({ headers }: GithubResponse): void {
    const seconds = Number(headers['x-poll-interval'] ?? 0)
    if (!(seconds > 0)) return
    this.#context.state.set('pace', { asked: this.#asked, pause: Math.min(seconds * 1000, LONGEST_PAUSE) })
  }
}

interface Window {
  readonly since: number | undefined
  readonly backfill: number
  readonly known: Readonly<Record<string, Page>>
}

function conditions({ etag, lastModified }: Page = {}): Record<string, string> {
  return {
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
    ...(lastModified === undefined ? {} : { 'if-modified-since': lastModified }),
  }
}

function validatorsOf({ headers }: GithubResponse): Page {
  const { etag, 'last-modified': lastModified } = headers
  return {
    ...(etag === undefined ? {} : { etag: String(etag) }),
    ...(lastModified === undefined ? {} : { lastModified: String(lastModified) }),
  }
}

/**
 * The query of the next page. Only the query of a link counts: a proxy passes links to the real server on, and a link
 * to another server must not receive the token.
 */
function nextOf({ headers }: GithubResponse): string | undefined {
  const link = /<([^<>]*)>[^<]*;\s*rel="?next"?/.exec(String(headers['link'] ?? ''))?.[1]
  return link === undefined || !URL.canParse(link, 'http://local')
    ? undefined
    : new URL(link, 'http://local').searchParams.toString()
}
