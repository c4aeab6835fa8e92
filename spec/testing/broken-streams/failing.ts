import { type Draft, defineStream, type JobContext, job, manual } from '../../../lib/index.ts'
import { all, feedStream, feedUrl, type Item, item, nextOf, page, since } from '../feed-service.ts'

/** Keeps the ETag in memory, from before it has read all pages: when one fails, nothing is new at the next poll. */
export const etagTooEarly = defineStream({
  name: 'feed',
  summary: 'Items of a feed.',
  events: { item },
  jobs: () => {
    let etag: string | null = null
    const run = async (context: JobContext): Promise<Draft[]> => {
      const first = await page(context, feedUrl, since(etag))
      if (first === undefined) return []
      etag = first.etag
      const rest = first.next === undefined ? [] : await all(context, first.next)
      return [...first.items, ...rest].map((each) => item(each.id, each))
    }
    return [job('items', manual(), run)]
  },
})

/** Takes a page that fails for the end of the list. */
export const failureSwallowed = feedStream(async (context) => {
  const first = await page(context, feedUrl, since(await context.state.get<string>('etag')))
  if (first === undefined) return []
  const rest = first.next === undefined ? [] : await all(context, first.next).catch(() => [])
  context.state.set('etag', first.etag)
  return [...first.items, ...rest].map((each) => item(each.id, each))
})

/** Ignores the status of a response, and takes one without items for the end of the list. */
export const statusIgnored = feedStream(async (context) => {
  const headers = since(await context.state.get<string>('etag'))
  const items: Item[] = []
  for (let url: string | undefined = feedUrl; url !== undefined; ) {
    const response: Response = await context.fetch(url, { headers: url === feedUrl ? headers : {} })
    if (url === feedUrl) context.state.set('etag', response.headers.get('etag') ?? headers['if-none-match'])
    const text = await response.text()
    items.push(...(text.startsWith('[') ? (JSON.parse(text) as Item[]) : []))
    url = nextOf(response)
  }
  return items.map((each) => item(each.id, each))
})
