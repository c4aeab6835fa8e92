import { all, feedStream, feedUrl, item, page } from '../feed-service.ts'

/** Takes the last item for the end of the list. */
export const lastItemLost = feedStream(async (context) =>
  (await all(context)).slice(0, -1).map((each) => item(each.id, each)),
)

/** Reads only the first page. */
export const firstPageOnly = feedStream(async (context) =>
  ((await page(context, feedUrl))?.items ?? []).map((each) => item(each.id, each)),
)

/** Remembers the newest date, and skips items that come late with an older one. */
export const watermark = feedStream(async (context) => {
  const seen = (await context.state.get<number>('seen')) ?? -1
  const items = (await all(context)).filter(({ at }) => at > seen)
  context.state.set('seen', Math.max(seen, ...items.map(({ at }) => at)))
  return items.map((each) => item(each.id, each))
})

/** Stops at the first known item, as if no new one could come below it. */
export const stopsAtKnown = feedStream(async (context) => {
  for (const each of await all(context)) {
    const receipt = await context.publish(item, each.id, each)
    if (receipt.status === 'duplicate') break
  }
  return []
})
