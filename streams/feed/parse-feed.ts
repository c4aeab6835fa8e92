import type { AtomFeed, JsonFeed, RdfFeed, RssFeed } from 'feedsmith'
import { defined } from '../../lib/streams.ts'
import { optionalPackage } from '../shared/optional-package.ts'
import { line, textOf, tidy, titleOf } from './plain-text.ts'

/** A file that comes with an entry. */
export interface RawFile {
  readonly url: string
  readonly type?: string
  readonly bytes?: number
}

/** An entry of any format. Texts are plain; links and dates are as the feed writes them. */
export interface Entry {
  readonly id?: string
  readonly link?: string
  /** What its links are relative to, if it says so itself; may be relative to the feed's. */
  readonly base?: string
  readonly title?: string
  readonly summary?: string
  readonly published?: string
  readonly updated?: string
  readonly authors: readonly string[]
  readonly categories: readonly string[]
  readonly files: readonly RawFile[]
}

/** A feed of any format, with its entries in the order of the document. */
export interface ParsedFeed {
  readonly title?: string
  readonly link?: string
  /** What links are relative to; default the address of the feed. */
  readonly base?: string
  readonly entries: readonly Entry[]
}

/** Why a text is not a feed, in words that follow "is not a feed: ". */
export class NotAFeed extends Error {}

/**
 * Parses a feed with feedsmith: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed. Entities that the document itself
 * defines are not expanded, and nothing outside of it is read.
 *
 * @throws NotAFeed, TidingsError `TIDINGS_PACKAGE_MISSING`
 */
export async function parseFeed(text: string): Promise<ParsedFeed> {
  const feedsmith = await optionalPackage('stream feed', ['feedsmith'], () => import('feedsmith'))
  const root = rootOf(text)
  try {
    // The root decides: feedsmith would take an Atom feed that quotes `<rss>` for RSS.
    if (root === 'rss') return whole(text, root, rss(feedsmith.parseRssFeed(withPlainAuthors(text))))
    if (root === 'rdf') return whole(text, root, rdf(feedsmith.parseRdfFeed(withoutContents(text))))
    if (root === 'feed') return whole(text, root, atom(feedsmith.parseAtomFeed(text)))
    if (root === undefined && text.trimStart().startsWith('{')) return json(feedsmith.parseJsonFeed(text))
  } catch (error) {
    // A feed in which nothing is filled in.
    if (error instanceof feedsmith.ParseError) return { entries: [] }
    if (error instanceof NotAFeed) throw error
    throw new NotAFeed(((error as Error).cause as Error | undefined)?.message ?? (error as Error).message)
  }
  throw new NotAFeed(root === 'html' ? 'it is a page' : 'it is neither RSS, Atom nor JSON Feed')
}

// Feedsmith takes a feed that ends after any entry: half of one is not the whole.
function whole(text: string, root: string, feed: ParsedFeed): ParsedFeed {
  const isClosed = new RegExp(`</(?:[\\w-]+:)?${root}\\s*>`, 'i').test(text)
  if (isClosed || feed.entries.length === 0) return feed
  throw new NotAFeed('it is cut short')
}

/** The first element that a feed or a page can begin with, outside of comments. */
function rootOf(text: string): string | undefined {
  const next = /<!--|<(?:[\w-]+:)?(rss|rdf|feed|html)(?=[\s>/])/gi
  for (let match = next.exec(text); match !== null; match = next.exec(text)) {
    if (match[1] !== undefined) return match[1].toLowerCase()
    const end = text.indexOf('-->', next.lastIndex)
    if (end === -1) return undefined
    next.lastIndex = end
  }
  return undefined
}

// Feedsmith takes an RSS author apart bracket by bracket, in quadratic time; a Dublin Core creator is plain text.
function withPlainAuthors(text: string): string {
  return text.replace(/(<\/?)(?:author|managingeditor|webmaster)(?=[\s>/])/gi, '$1dc:creator')
}

// Feedsmith looks up each line of the table of contents in quadratic time, and drops the items that the table forgets.
function withoutContents(text: string): string {
  return text.replace(/(<\/?(?:[\w-]+:)?)seq(?=[\s>/])/gi, '$1x-seq')
}

function rss({ title, link, xml, items = [] }: RssFeed.Feed<string>): ParsedFeed {
  const entries = items.map((item): Entry => {
    const { guid, enclosures = [], categories = [], dc, dcterms, itunes, content, media } = item
    const isLink = guid?.isPermaLink !== false && /^https?:\/\//i.test(guid?.value ?? '')
    const creators = dc?.creators ?? [itunes?.author]
    const body = item.description ?? content?.encoded ?? itunes?.summary ?? media?.description?.value
    return {
      ...defined({
        id: guid?.value,
        link: item.link ?? (isLink ? guid?.value : undefined),
        base: item.xml?.base,
        title: html(item.title ?? itunes?.title, titleOf),
        summary: html(body, textOf),
        published: item.pubDate ?? dc?.dates?.[0] ?? dcterms?.created?.[0],
        updated: item.atom?.updated ?? dcterms?.modified?.[0],
      }),
      authors: texts(creators.map((one) => html(one, personOf))),
      categories: texts([...categories.map(({ name }) => name), ...(dc?.subjects ?? [])]),
      files: filesOf(enclosures.map(({ url, type, length }) => ({ url, type, bytes: length }))),
    }
  })
  return { ...defined({ title: html(title, titleOf), link, base: xml?.base ?? link }), entries }
}

function rdf({ title, link, xml, items = [] }: RdfFeed.Feed<string>): ParsedFeed {
  const entries = items.map((item): Entry => {
    const { dc, dcterms } = item
    return {
      ...defined({
        id: item.rdf?.about,
        link: item.link ?? item.rdf?.about,
        base: item.xml?.base,
        title: html(item.title ?? dc?.titles?.[0], titleOf),
        summary: html(item.description ?? item.content?.encoded ?? dc?.descriptions?.[0], textOf),
        published: dc?.dates?.[0] ?? dcterms?.created?.[0],
        updated: dcterms?.modified?.[0],
      }),
      authors: texts((dc?.creators ?? []).map((one) => html(one, personOf))),
      categories: texts(dc?.subjects ?? []),
      files: [],
    }
  })
  return { ...defined({ title: html(title, titleOf), link, base: xml?.base ?? link }), entries }
}

function atom({ title, links, xml, authors: all, entries: given = [] }: AtomFeed.Feed<string>): ParsedFeed {
  const entries = given.map((entry): Entry => {
    const { summary, content, media, authors = entry.source?.authors ?? all ?? [], categories = [] } = entry
    const body = atomText(summary, textOf) ?? atomText(content, textOf)
    const files = (entry.links ?? []).filter(({ rel }) => rel === 'enclosure')
    return {
      ...defined({
        id: entry.id,
        link: pageOf(entry.links),
        base: entry.xml?.base,
        title: atomText(entry.title, titleOf),
        summary: body ?? html(media?.description?.value ?? media?.groups?.[0]?.description?.value, textOf),
        published: entry.published ?? entry.dc?.dates?.[0],
        updated: entry.updated,
      }),
      authors: texts(authors.map(({ name, email }) => name ?? email)),
      categories: texts(categories.map(({ label, term }) => label ?? term)),
      files: filesOf(files.map(({ href, type, length }) => ({ url: href, type, bytes: length }))),
    }
  })
  return { ...defined({ title: atomText(title, titleOf), link: pageOf(links), base: xml?.base }), entries }
}

function json({ title, home_page_url: link, authors: all, items = [] }: JsonFeed.Feed<string>): ParsedFeed {
  const entries = items.map((item): Entry => {
    const { authors = all ?? [], attachments = [] } = item
    return {
      ...defined({
        id: item.id,
        link: item.url ?? item.external_url,
        title: item.title === undefined ? undefined : filled(line(item.title)),
        summary: filled(tidy(item.summary ?? item.content_text ?? '')) ?? html(item.content_html, textOf),
        published: item.date_published,
        updated: item.date_modified,
      }),
      authors: texts(authors.map(({ name }) => name)),
      categories: texts(item.tags ?? []),
      files: filesOf(attachments.map((one) => ({ url: one.url, type: one.mime_type, bytes: one.size_in_bytes }))),
    }
  })
  return { ...defined({ title: title === undefined ? undefined : line(title), link, base: link }), entries }
}

/** The most authors, categories and files of an entry. */
const MOST = 20

function html(text: string | undefined, read: (text: string) => string): string | undefined {
  return text === undefined ? undefined : filled(read(text))
}

function filled(text: string): string | undefined {
  return text === '' ? undefined : text
}

/** Atom says whether a text is markup. */
function atomText(
  text: AtomFeed.Text | AtomFeed.Content | undefined,
  read: (text: string) => string,
): string | undefined {
  if (text?.value === undefined) return undefined
  const { value, type = 'text' } = text
  if (/html/i.test(type)) return html(value, read)
  return /^text/i.test(type) ? filled(read === titleOf ? line(value) : tidy(value)) : undefined
}

/** The page of an entry or a feed: the link without a relation, or the alternate one; of several, the HTML page. */
function pageOf(links: AtomFeed.Entry<string>['links'] = []): string | undefined {
  const pages = links.filter(({ rel = 'alternate', href }) => /^alternate$/i.test(rel) && href !== undefined)
  return (pages.find(({ type }) => /html/i.test(type ?? '')) ?? pages[0])?.href
}

/** The name of `joe@example.com (Joe)`, `Joe <joe@example.com>` and `<name>Joe</name>`; else the whole. */
function personOf(text: string): string {
  const short = text.slice(0, 500)
  const name = /^[^\s@]+@[^\s@()]+\s*\((.+)\)$/s.exec(short)?.[1] ?? /^([^<>]+)<[^<>]*@[^<>]*>$/.exec(short)?.[1]
  return name === undefined ? textOf(short) : line(name)
}

function texts(given: readonly (string | undefined)[]): string[] {
  const lines = given.slice(0, 2 * MOST).map((one) =>
    line((one ?? '').slice(0, 500))
      .slice(0, 200)
      .toWellFormed(),
  )
  return [...new Set(lines)].filter((one) => one !== '').slice(0, MOST)
}

function filesOf(
  given: readonly {
    readonly url: string | undefined
    readonly type: string | undefined
    readonly bytes: number | undefined
  }[],
): RawFile[] {
  return given.slice(0, MOST).flatMap(({ url, type, bytes }) => {
    if (url === undefined) return []
    const size = bytes !== undefined && Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined
    return [{ url, ...defined({ type: type?.slice(0, 200).toWellFormed(), bytes: size }) }]
  })
}
