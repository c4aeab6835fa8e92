import type { Draft } from '../../lib/index.ts'
import { feed } from '../../streams/feed.ts'
import { type LocalService, localService, type Told } from '../support/local-service.ts'
import { draftsOf } from '../support/watch-stream.ts'

/** An item of a feed, as these specs write it. */
export interface Post {
  readonly id?: string
  readonly link?: string
  readonly title?: string
  readonly date?: string
  readonly html?: string
}

/**
 * The post with a number: a number stands for the same post each time.
 *
 * @param skew how far the clock of the blog is ahead, in ms
 */
export function post(n: number, skew = 0): Post {
  const date = new Date(Date.UTC(2026, 10, 1, 8) + n * 3_600_000 + skew).toUTCString()
  return { id: `post-${n}`, link: `https://blog.example/${n}`, title: `Post ${n}`, date, html: `<p>Text of ${n}</p>` }
}

/** A feed in RSS 2.0 with these posts, newest first as in real feeds. */
export function rss(posts: readonly Post[], more = ''): string {
  const items = posts
    .toReversed()
    .map(
      ({ id, link, title, date, html }) =>
        `<item>${tag('guid isPermaLink="false"', id)}${tag('link', link)}${tag('title', title)}${tag('pubDate', date)}${tag('description', html)}</item>`,
    )
  return `<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>A blog</title><link>https://blog.example/</link>${more}${items.join('\n')}</channel></rss>`
}

/** Answers with an RSS feed of the posts with these numbers. */
export function serve(items: readonly number[], skewOf?: (item: number) => number): () => Told {
  return () => ({
    body: rss(items.map((n) => post(n, skewOf?.(n)))),
    headers: { 'content-type': 'application/rss+xml' },
  })
}

/** Starts a service that answers with this body. */
export function feedService(
  t: { after(work: () => unknown): void },
  body: string | Uint8Array,
  type = 'text/xml',
): Promise<LocalService> {
  return localService(t, () => ({ body, headers: { 'content-type': type } }))
}

/** One draft of each event type of the stream. */
export async function example(t: { after(work: () => unknown): void }): Promise<readonly Draft[]> {
  const { url } = await localService(t, serve([1]))
  return draftsOf(feed({ url: `${url}/feed.xml` }))
}

function tag(name: string, text: string | undefined): string {
  if (text === undefined) return ''
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<${name}>${escaped}</${name.split(' ')[0]}>`
}
