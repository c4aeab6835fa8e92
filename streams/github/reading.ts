import { type AnyEventType, type Draft, type JobContext, TidingsError } from '../../lib/index.ts'
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

/** A list that a job looks at. */
export interface Listing {
  readonly path: string
  /** The repository that it is about, `owner/name`; missing for the lists of the account. */
  readonly repository?: string
  readonly publishes: readonly AnyEventType[]
  /** The parameters, one set for each list that the job reads. They stay the same, and so do the validators. */
  readonly queries: readonly Readonly<Record<string, string>>[]
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the newest items are on the last page; default on the first. */
  readonly newestLast?: true
  /** Picks the items of an answer. */
  readonly items: (data: unknown) => unknown
  /** Reads an item; undefined if it lacks what an event needs. */
  readonly read: (item: unknown) => Found | undefined
  /** How far behind the newest item late ones are expected, in days. */
  readonly overlapDays: number
  /** Whether the first look reads the whole list, so that old items are known when they come up again; default false. */
  readonly wholeAtFirst?: true
}

/** A page as the last look saw it. */
export interface Page {
  readonly etag?: string
  readonly lastModified?: string
  /** The query of the page after it; missing: the window ended with this one. */
  readonly following?: string
}

/** What a look reads. */
export interface Window {
  /** Where the window begins, in ms since the epoch; undefined at the first look. */
  readonly since: number | undefined
  /** Where the window begins if this is the newest item. */
  readonly before: (newest: number) => number
  /** The number of items that a first look reads at least, if there are as many. */
  readonly atLeast: number
  /** The pages of the last look, by their query. */
  readonly known: Readonly<Record<string, Page>>
}

/** The most pages of one look. */
const MOST_PAGES = 100

/** The pages around one, by their queries. */
type Links = Partial<Record<'next' | 'prev' | 'last', string>>

/** Reads the pages of one look. */
export class Reading {
  /** The pages of the window, by their query. */
  readonly pages: Record<string, Page> = {}
  /** The newest item, in ms since the epoch. */
  newest = 0
  /** How long the service wants to be left alone, in ms; undefined if it did not say. */
  pause: number | undefined
  readonly #context: JobContext
  readonly #client: GithubClient
  readonly #listing: Listing
  readonly #window: Window
  /** What was read, in the order of the list or near it, the newest first. */
  readonly #found: Found[] = []
  readonly #visited = new Set<string>()
  #broken = 0

  constructor(context: JobContext, client: GithubClient, listing: Listing, window: Window) {
    this.#context = context
    this.#client = client
    this.#listing = listing
    this.#window = window
  }

  /** Reads a list that has its newest items on the first page, to the end of the window. */
  async newestFirst(first: string): Promise<void> {
    await this.#walk(first, 'next')
  }

  /**
   * Reads a list that has its newest items on the last page: finds that, and goes back to the end of the window.
   * Resolves to the query of the last page. `start`: where it was at the last look.
   */
  async newestLast(first: string, start = first): Promise<string> {
    for (let last = start; ; ) {
      // Always asked, since an unchanged page does not tell whether another follows.
      const { links = {}, found } = await this.#ask(last)
      // The page may be gone, if many items are.
      const on = links.last ?? links.next ?? (found.length === 0 ? first : undefined)
      if (on === undefined || !this.#isUnread(on)) {
        if (links.prev !== undefined && (this.#wantsMore || !this.#isBefore(found)))
          await this.#walk(links.prev, 'prev')
        return last
      }
      last = on
    }
  }

  /** What the pages hold, oldest first, each identity once. */
  drafts(): Draft[] {
    const { since = 0 } = this.#window
    if (this.#broken > 0) this.#context.logger.warn({ items: this.#broken }, 'items without what an event needs')
    // GitHub's times are whole seconds: within one, the order of the list decides.
    const inOrder = this.#found.toReversed().toSorted((a, b) => a.at - b.at)
    const drafts = inOrder.flatMap(({ at, draft }) => (draft === undefined || at < since ? [] : [draft]))
    return [...new Map(drafts.map((draft) => [`${draft.type} ${draft.identifier}`, draft])).values()]
  }

  async #walk(first: string, direction: 'next' | 'prev'): Promise<void> {
    let inWindow = true
    let query: string | undefined = first
    while (query !== undefined && this.#isUnread(query)) {
      const known: Page | undefined = this.#window.known[query]
      const { links, found, validators } = await this.#ask(query, known)
      const wasInWindow = inWindow
      inWindow &&= !this.#isBefore(found)
      const following: string | undefined = links === undefined ? known?.following : links[direction]
      const page = { ...validators, ...(inWindow && following !== undefined ? { following } : {}) }
      if (wasInWindow) this.pages[query] = page
      query = inWindow || this.#wantsMore ? following : undefined
    }
  }

  #isUnread(query: string): boolean {
    if (this.#visited.has(query)) return false
    if (this.#visited.size < MOST_PAGES) return true
    this.#context.logger.warn({ path: this.#listing.path, pages: MOST_PAGES }, 'older items are not read')
    return false
  }

  // Without links, the page is unchanged.
  async #ask(query: string, known?: Page): Promise<{ links?: Links; found: readonly Found[]; validators: Page }> {
    const { path, headers } = this.#listing
    const answer = await this.#client('GET', path, {
      query: new URLSearchParams(query),
      headers: { ...headers, ...conditions(known) },
    })
    this.#visited.add(query)
    const seconds = Number(answer.headers['x-poll-interval'] ?? 0)
    if (seconds > 0) this.pause ??= seconds * 1000
    const [, organizations] = /partial-results; *organizations=(\S+)/.exec(String(answer.headers['x-github-sso'])) ?? []
    if (organizations !== undefined) this.#context.logger.warn({ path, organizations }, 'single sign-on hides items')
    if (answer.status !== 304 || known === undefined) {
      return { links: linksOf(answer), found: this.#take(answer), validators: validatorsOf(answer) }
    }
    this.#context.logger.info({ path, query }, 'not modified')
    const { following: _, ...validators } = known
    return { found: [], validators }
  }

  #take({ data }: GithubResponse): readonly Found[] {
    const { path, items, read } = this.#listing
    const given = items(data)
    if (!Array.isArray(given)) {
      const words = `stream github: GET ${path} must answer a list, got ${describe(given)}`
      throw new TidingsError('TIDINGS_RESPONSE_INVALID', words, { details: { path } })
    }
    const found = given.map((item) => read(item)).filter((one) => one !== undefined)
    this.#broken += given.length - found.length
    this.#found.push(...(this.#listing.newestLast === true ? found.toReversed() : found))
    this.newest = Math.max(this.newest, ...found.map(({ at }) => at))
    return found
  }

  #isBefore(page: readonly Found[]): boolean {
    const { since, before } = this.#window
    const end = since ?? before(this.newest)
    return page.length > 0 && page.every(({ at }) => at < end)
  }

  get #wantsMore(): boolean {
    return this.#window.since === undefined && this.#found.length < this.#window.atLeast
  }
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
 * The pages that an answer links to, as queries. Only the query of a link counts: a proxy passes links to the real
 * server on, a renamed repository has another path, and a link to another server must not receive the token.
 */
export function linksOf({ headers }: GithubResponse): Links {
  const links: [string, string][] = []
  for (const [, link = '', rel = ''] of String(headers['link'] ?? '').matchAll(/<([^<>]*)>[^<]*?;\s*rel="?(\w+)"?/g)) {
    if (URL.canParse(link, 'http://local')) links.push([rel, new URL(link, 'http://local').searchParams.toString()])
  }
  return Object.fromEntries(links)
}
