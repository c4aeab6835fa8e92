import { createServer } from 'node:net'
import { all, feedStream, feedUrl, type Item, item, nextOf } from '../feed-service.ts'

/** Asks for one page after the other, whatever happens to its run. */
export const deaf = feedStream(async ({ fetch }) => {
  const items: Item[] = []
  for (let url: string | undefined = feedUrl; url !== undefined; ) {
    const response: Response = await fetch(url)
    if (!response.ok) throw new Error(`the feed answers ${response.status}`)
    items.push(...((await response.json()) as Item[]))
    url = nextOf(response)
  }
  return items.map((each) => item(each.id, each))
})

const opened = new Set<{ close(): unknown }>()

/** Opens a port to be called back, and leaves it open when its run is stopped. */
export const openPort = feedStream(async (context) => {
  const server = createServer()
  opened.add(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const items = await all(context)
  server.close()
  return items.map((each) => item(each.id, each))
})

/** Closes what `openPort` left open. */
export function closeAll(): void {
  for (const server of opened) server.close()
}
