import { eventType } from '../../../lib/index.ts'
import { all, feedStream, type Item, item } from '../feed-service.ts'

/** Tells each item once a poll. */
export const oncePerPoll = feedStream(async (context) => {
  const polls = ((await context.state.get<number>('polls')) ?? 0) + 1
  context.state.set('polls', polls)
  return (await all(context)).map((each) => item(polls === 1 ? each.id : `${each.id} ${polls}`, each))
})

const seen = eventType('feed.item').of<Item & { seen: number }>({ changed: true })

/** A versioned type whose chosen part is the time of the poll. */
export const changesByItself = feedStream(async (context) =>
  (await all(context)).map((each) => seen(each.id, { ...each, seen: context.now() })),
)
