import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { type Draft, defineStream, eventType, type JobContext, job, manual } from '../../lib/index.ts'

/** An item as the feed sends it. `at`: its date, which may differ from the time of its arrival. */
export interface Item {
  readonly id: string
  readonly title: string
  readonly price: string
  readonly at: number
}

export const feedUrl = 'https://feed.example/items'

/** Items on a page. */
const PAGE = 2

/** A feed: newest date first, in pages that link to the next, with an ETag over all items. */
export const feedService = {
  options: {},
  wire: fc.record(
    {
      id: fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: 16, maxLength: 16 }),
      title: fc.string(),
      price: fc.oneof(fc.nat(1000).map(String), fc.constant('free')),
      at: fc.nat(1000),
    },
    { noNullPrototype: true },
  ),
  truth: (sent: Item): string => sent.id,
  // Most come with a newer date than those before; the feed does not promise it.
  arrival: { by: (sent: Item): number => sent.at },
  serve:
    (sent: readonly Item[]): typeof fetch =>
    async (url, init) => {
      const items = sent.toSorted((a, b) => b.at - a.at)
      const etag = createHash('sha256').update(JSON.stringify(items)).digest('hex')
      if (new Headers(init?.headers).get('if-none-match') === etag) return new Response(null, { status: 304 })
      const page = Number(new URL(new Request(url).url).searchParams.get('page') ?? 1)
      const more = items.length > page * PAGE ? { link: `<${feedUrl}?page=${page + 1}>; rel="next"` } : {}
      return Response.json(items.slice((page - 1) * PAGE, page * PAGE), { headers: { etag, ...more } })
    },
}

export const item = eventType('feed.item').of<Partial<Item>>()

/** A stream of one job over the feed. */
export function feedStream(run: (context: JobContext) => AsyncIterable<Draft> | Promise<Draft[]>) {
  return defineStream({
    name: 'feed',
    summary: 'Items of a feed.',
    events: { item },
    jobs: () => [job('items', manual(), run)],
  })
}

export interface Page {
  readonly items: readonly Item[]
  readonly etag: string | null
  readonly next: string | undefined
}

export async function page({ fetch, signal }: JobContext, url: string, headers = {}): Promise<Page | undefined> {
  const response = await fetch(url, { headers, signal })
  if (response.status === 304) return undefined
  if (!response.ok) throw new Error(`the feed answers ${response.status}`)
  return { items: (await response.json()) as Item[], etag: response.headers.get('etag'), next: nextOf(response) }
}

export function nextOf(response: Response): string | undefined {
  return /<(.*)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
}

/** All items, page after page. */
export async function all(context: JobContext, from: string | undefined = feedUrl): Promise<Item[]> {
  const items: Item[] = []
  for (let url: string | undefined = from; url !== undefined; ) {
    const found: Page | undefined = await page(context, url)
    items.push(...(found?.items ?? []))
    url = found?.next
  }
  return items
}

/** The headers of a request for news since this ETag. */
export function since(etag: string | null | undefined): Record<string, string> {
  return typeof etag === 'string' ? { 'if-none-match': etag } : {}
}
