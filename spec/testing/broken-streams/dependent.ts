import { all, feedStream, item } from '../feed-service.ts'

/** Identifies an item by its place in the list. */
export const positional = feedStream(async (context) =>
  (await all(context)).map((each, place) => item(`item ${place}`, each)),
)

/** Identifies an item by its id and its page. */
export const paged = feedStream(async (context) =>
  (await all(context)).map((each, place) => item(`page ${1 + Math.floor(place / 2)}, ${each.id}`, each)),
)

/** Identifies an item by the day on which it was seen. */
export const daily = feedStream(async (context) =>
  (await all(context)).map((each) => item(`${context.slot.toISOString().slice(0, 10)} ${each.id}`, each)),
)

/** Reads the clock directly, instead of the one in its context. */
export const dailyByItself = feedStream(async (context) =>
  (await all(context)).map((each) => item(`${new Date().toISOString().slice(0, 10)} ${each.id}`, each)),
)
