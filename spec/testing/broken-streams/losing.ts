import { all, feedStream, feedUrl, item, page } from '../feed-service.ts'

/** Takes the last item for the end of the list. */
export const lastItemLost = feedStream(async (context) =>
  (await all(context)).slice(0, -1).map((each) => item(each.id, each)),
)

/** Reads only the first page. */
export const firstPageOnly = feedStream(async (context) =>
  ((await page(context, feedUrl))?.items ?? []).map((each) => item(each.id, each)),
)
