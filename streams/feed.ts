import { type Draft, type Duration, defineStream, eventType, type JobContext, job, TidingsError } from '../lib/index.ts'
import { defined } from '../lib/streams.ts'
import { isoDate } from './feed/dates.ts'
import { decode } from './feed/decode.ts'
import { digest, oldestFirst, SharedIds } from './feed/entries.ts'
import { type Entry, NotAFeed, type ParsedFeed, parseFeed } from './feed/parse-feed.ts'
import { line } from './feed/plain-text.ts'
import { bearer } from './shared/bearer.ts'
import { type Answer, askedAt, httpClient } from './shared/http-client.ts'
import { shown } from './shared/http-failure.ts'
import { address, type Field, flag, func, optional, optionsOf, text } from './shared/options.ts'
import { type PollOptions, poll, pollFields } from './shared/poll.ts'

export type { PollOptions } from './shared/poll.ts'

/** The options of the `feed` stream. */
export interface FeedOptions extends PollOptions {
  /**
   * The address of the feed, or a list of addresses, each with a job of its own. One address: the job is `items`. A list:
   * each job is called by its address, `blog.example/feed.xml`, so a feed that is added or removed does not touch the others.
   */
  readonly url: string | readonly string[]
  /** The server to ask instead of the one in `url`, for a proxy or a test; default none. Identifiers do not depend on it. */
  readonly baseUrl?: string
  /** How often to look, in ms or as a duration, from 1 s; default `'15m'`. */
  readonly every?: Duration
  /** The number of items to tell of those that exist at the first look, newest first, from 0; default 0. */
  readonly backfill?: number
  /** The name of a secret that is sent as `Authorization: Bearer …`; default none. */
  readonly token?: string
  /**
   * Names the happening that an item stands for, in feeds whose ids change or repeat. Default, and if it returns
   * undefined: the id of the item; without one its link; without that a digest of its title and date.
   */
  readonly identity?: (item: FeedItem) => string | undefined
  /** Tells an item again when its title, text, link or files change; default false. */
  readonly changed?: boolean
}

/** A file that comes with an item, such as the sound of a podcast. */
export interface FeedFile {
  /** Its address. */
  readonly url: string
  /** Its media type, as the feed gives it: `'audio/mpeg'`. */
  readonly type?: string
  /** Its size in bytes, as the feed gives it. */
  readonly bytes?: number
}

/**
 * The data of a `feed.item` event. Texts are plain: HTML is reduced to what it says. Dates are ISO 8601 in UTC; a date
 * that can't be read is left out. Links are absolute.
 */
export interface FeedItem {
  /** The feed. */
  readonly feed: {
    /** Its address, as the stream's options have it. */
    readonly url: string
    /** Its title. */
    readonly title?: string
    /** The page that it belongs to. */
    readonly link?: string
  }
  /** On one line, at most 1000 characters; without one, the beginning of the text, or the link. */
  readonly title: string
  /** The page of the item. */
  readonly link?: string
  /** When it was published, as the feed says: may lie in the future. */
  readonly published?: string
  /** When it was last changed, as the feed says. */
  readonly updated?: string
  /** Names of its authors, separated by commas; an address of mail where there is no name. */
  readonly author?: string
  /** Its summary, or else its content; at most 8000 characters. */
  readonly summary?: string
  /** Its categories or tags, at most 20. */
  readonly categories: readonly string[]
  /** Its files, at most 20. */
  readonly enclosures: readonly FeedFile[]
}

const item = eventType('feed.item').of<FeedItem>()

const options = optionsOf<FeedOptions>()({
  url: addresses(),
  baseUrl: optional(address()),
  token: optional(text()),
  identity: optional(func<NonNullable<FeedOptions['identity']>>()),
  changed: flag(false),
  ...pollFields('15m'),
})

/** The largest feed, in bytes: a podcast of many years has 10 MB. */
const MAX_BYTES = 16 * 1024 * 1024

const ACCEPT = 'application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5'

/**
 * Publishes the items of feeds, in RSS 0.9x, 1.0 and 2.0, Atom and JSON Feed; oldest first, and each once. An item that is
 * edited stays the same item, unless `changed` is set. Needs the package `feedsmith`.
 *
 * An item without an id, a link and a text is skipped; the log says how many. Ids count within their feed. A feed that
 * uses one id for several items gets them told apart by their links.
 *
 * **Limits.** Feeds have no rate limits of their own: an unchanged feed answers 304, and `'15m'` suits most. A feed has
 * at most 16 MiB. An address with a secret in it appears in events and names of jobs; prefer `token`.
 *
 * **Errors.** `TIDINGS_RESPONSE_INVALID` when the answer is not a feed: of a page that has one, the message gives the
 * address. A permanent redirect is followed, and logged with the new address.
 *
 * @example
 * ```ts
 * import { agent, listener, on, where } from 'tidings'
 * import { contains } from 'tidings/filters'
 * import { feed } from 'tidings/streams/feed'
 *
 * const releases = on(feed.item).pipe(where('data.title', contains('release', { ignoreCase: true })))
 * export default agent('home', [
 *   feed({ url: ['https://nodejs.org/en/feed/blog.xml', 'https://github.blog/feed/'], every: '30m' }),
 *   listener('releases', releases, ({ data }) => console.log(`${data.title}: ${data.link}`)),
 * ])
 * ```
 */
export const feed = defineStream({
  name: 'feed',
  summary: 'New items of feeds: RSS, Atom, JSON Feed.',
  events: { item },
  options,
  jobs: ({ url: sources, every, backfill, ...rest }) => {
    const { schedule, options } = poll({ every, backfill })
    // Not forty requests in one second.
    const jitter = sources.length === 1 ? 0 : Math.min(10_000, every / 2)
    const settings = { ...options, jitter, publishes: [item] }
    return sources.map(({ name, url }) => job(name, schedule, (context) => look(url, rest, context), settings))
  },
})

interface Choices {
  readonly baseUrl: string | undefined
  readonly token: string | undefined
  readonly identity: FeedOptions['identity'] | undefined
  readonly changed: boolean
}

async function* look(url: string, choices: Choices, context: JobContext): AsyncGenerator<Draft> {
  const { token, identity, changed } = choices
  const at = askedAt(url, choices.baseUrl)
  const client = httpClient(context, {
    stream: 'feed',
    baseUrl: at.origin,
    headers: bearer(context, token),
    maxBytes: MAX_BYTES,
  })
  const answer = await client.get(at.href, { conditional: true, headers: { accept: ACCEPT, 'user-agent': 'tidings' } })
  if (answer === undefined) return
  if (answer.moved !== undefined)
    context.logger.warn({ url: shown(new URL(url)), moved: answer.moved.href }, 'feed moved')
  const parsed = await parse(answer)
  const ids = await SharedIds.load(context.state)
  let skipped = 0
  for (const entry of oldestFirst(parsed.entries)) {
    const data = itemOf(url, parsed, entry, answer.url)
    const name = identity?.(data) ?? ids.name(entry)
    if (name === undefined) skipped += 1
    else yield { ...item(identifierOf(url, name), data), ...(changed ? { version: versionOf(data) } : {}) }
  }
  ids.save(context.state)
  if (skipped > 0) context.logger.warn({ url: shown(new URL(url)), skipped }, 'items without id, link and text skipped')
}

async function parse(answer: Answer): Promise<ParsedFeed> {
  const text = decode(answer.bytes, answer.headers.get('content-type'))
  try {
    return await parseFeed(text)
  } catch (cause) {
    if (!(cause instanceof NotAFeed)) throw cause
    const found = feedIn(text, answer.url)
    const words = `stream feed: ${shown(answer.url)} is not a feed: ${line(cause.message).slice(0, 200)}`
    const hint = found === undefined ? '' : `; it has one at ${found}`
    const details = { url: shown(answer.url), ...defined({ feed: found }) }
    throw new TidingsError('TIDINGS_RESPONSE_INVALID', `${words}${hint}`, { cause, details })
  }
}

/** The feed that a page names, absolute. */
function feedIn(page: string, at: URL): string | undefined {
  const links = page.slice(0, 262_144).match(/<link\b[^<>]*>/gi) ?? []
  const link = links.find(
    (one) => /\brel\s*=\s*["']?alternate\b/i.test(one) && /application\/(rss|atom|feed)\+/i.test(one),
  )
  const href = /\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/i.exec(link ?? '')
  return absolute((href?.[1] ?? href?.[2] ?? href?.[3])?.replaceAll('&amp;', '&'), at.href)
}

function itemOf(url: string, { title: of, link: page, base }: ParsedFeed, entry: Entry, at: URL): FeedItem {
  const top = absolute(base, at.href) ?? at.href
  const home = absolute(page, base === page ? at.href : top)
  const relativeTo = absolute(entry.base, top) ?? top
  const link = absolute(entry.link, relativeTo)
  const enclosures = entry.files.flatMap(({ url: file, ...rest }): FeedFile[] => {
    const address = absolute(file, relativeTo)
    return address === undefined ? [] : [{ url: address, ...rest }]
  })
  const title = entry.title ?? entry.summary?.slice(0, 100) ?? link ?? entry.id ?? 'untitled'
  return {
    feed: { url, ...defined({ title: of?.slice(0, 500).toWellFormed(), link: home }) },
    title: line(title).slice(0, 1000).toWellFormed(),
    ...defined({
      link,
      published: isoDate(entry.published),
      updated: isoDate(entry.updated),
      author: entry.authors.length === 0 ? undefined : entry.authors.join(', '),
      summary: entry.summary,
    }),
    categories: entry.categories,
    enclosures,
  }
}

/** An absolute link; undefined if a browser can't follow it, or it is longer than 2000 characters. */
function absolute(link: string | undefined, base: string): string | undefined {
  if (link === undefined || link.length > 2000 || !URL.canParse(link, base)) return undefined
  const { href, protocol } = new URL(link, base)
  return /^(https?|ftp|magnet):$/.test(protocol) && href.length <= 2000 ? href : undefined
}

function versionOf({ title, summary = '', link = '', enclosures }: FeedItem): string {
  return digest([title, summary, link, ...enclosures.map(({ url }) => url)])
}

/** The address of a feed without its scheme, which may change from http to https. */
function placeOf(url: string): string {
  const { host, pathname, search } = new URL(url)
  return `${host}${pathname}${search}`
}

/** A name is at most 256 bytes, with the stream's in front of it. */
function jobNameOf(url: string): string {
  const place = placeOf(url)
  return place.length <= 180 ? place : `${place.slice(0, 150)}-${digest([place])}`
}

/** Names an item for all feeds of the agent: ids are unique in their feed only. */
function identifierOf(url: string, name: string): string {
  const whole = `${placeOf(url)} ${name.toWellFormed()}`
  return Buffer.byteLength(whole) <= 1024 ? whole : digest([whole])
}

/** A feed and the name of its job. */
interface Source {
  readonly name: string
  readonly url: string
}

/** One address of a feed, or a list of different ones. */
function addresses(): Field<readonly Source[]> {
  return {
    expected: 'the http or https address of a feed, without a password, or a list of different ones',
    read: (value) => {
      const sources = [value].flat(1).map((one): Source | undefined => {
        if (typeof one !== 'string' || !URL.canParse(one)) return undefined
        const { protocol, username, password } = new URL(one)
        if (!/^https?:$/.test(protocol) || `${username}${password}` !== '') return undefined
        return { name: Array.isArray(value) ? jobNameOf(one) : 'items', url: one }
      })
      const known = sources.filter((one) => one !== undefined)
      const different = new Set(known.map(({ url }) => placeOf(url))).size === sources.length
      return known.length > 0 && different ? known : undefined
    },
  }
}
