import { all, feedStream, item } from '../feed-service.ts'

/** Remembers the newest date, and skips items that come late with an older one. */
export const watermark = feedStream(async (context) => {
  const seen = (await context.state.get<number>('seen')) ?? -1
  const items = (await all(context)).filter(({ at }) => at >= seen)
  context.state.set('seen', Math.max(seen, ...items.map(({ at }) => at)))
  return items.map((each) => item(each.id, each))
})

/** Reads on from the newest item that it knows, as if no new one could come behind that. */
export const untilKnown = feedStream(async (context) => {
  const known = (await context.state.get<string[]>('known')) ?? []
  const items = await all(context)
  const newest = items.find(({ id }) => known.includes(id))?.at ?? -1
  context.state.set('known', [...known, ...items.map(({ id }) => id)])
  return items.filter(({ at, id }) => at >= newest && !known.includes(id)).map((each) => item(each.id, each))
})
