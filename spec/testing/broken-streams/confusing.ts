import { all, feedStream, item } from '../feed-service.ts'

/** Identifies an item by the beginning of its id, as short hashes are written. */
export const truncated = feedStream(async (context) =>
  (await all(context)).map((each) => item(each.id.slice(0, 7), each)),
)

/** Turns an id into a number: beyond 2 ** 53, neighbours become equal. */
export const rounded = feedStream(async (context) =>
  (await all(context)).map((each) => item(String(Number(`0x${each.id}`)), each)),
)

/** Identifies an item by its title. */
export const byTitleAlone = feedStream(async (context) =>
  (await all(context)).map((each) => item(`title ${each.title}`, each)),
)
