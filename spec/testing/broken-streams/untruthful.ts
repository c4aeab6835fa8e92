import { all, feedStream, feedUrl, type Item, item, nextOf } from '../feed-service.ts'

/** Looks at each item once more for its title, and does without if that fails. */
export const withoutTitle = feedStream(async (context) => {
  const drafts = []
  for (const each of await all(context)) {
    const again = await all(context).catch((): Item[] => [])
    drafts.push(item(each.id, { ...each, title: again.find(({ id }) => id === each.id)?.title ?? '' }))
  }
  return drafts
})

/** Reads as much of a page as comes, also of the item at which the connection is lost. */
export const halfRead = feedStream(async ({ fetch, signal }) => {
  const drafts = []
  for (let url: string | undefined = feedUrl; url !== undefined; ) {
    const response: Response = await fetch(url, { signal })
    if (!response.ok) throw new Error(`the feed answers ${response.status}`)
    const text = await whatComes(response)
    for (const [, id = '', title = ''] of text.matchAll(/"id":"(\w{16})"(?:,"title":"([^"]*)")?/g)) {
      drafts.push(item(id, { id, title }))
    }
    url = nextOf(response)
  }
  return drafts
})

async function whatComes({ body }: Response): Promise<string> {
  let text = ''
  try {
    for await (const chunk of body ?? []) text += Buffer.from(chunk as Uint8Array).toString('utf8')
  } catch {
    // What came counts.
  }
  return text
}
