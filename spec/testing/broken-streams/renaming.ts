import { all, feedStream, item } from '../feed-service.ts'

/** Counts the titles of an item that it has seen, and names it by that, too. */
export const byEdits = feedStream(async (context) => {
  const items = await all(context)
  const drafts = []
  for (const each of items) {
    const { title, edits } = await context.state.get(each.id, { title: each.title, edits: 0 })
    const now = { title: each.title, edits: edits + (title === each.title ? 0 : 1) }
    context.state.set(each.id, now)
    drafts.push(item(`${each.id} ${now.edits}`, each))
  }
  return drafts
})

/** Takes an item that was gone for another one. */
export const byReturns = feedStream(async (context) => {
  const items = await all(context)
  const before = await context.state.get<string[]>('there', [])
  const gone = await context.state.get<string[]>('gone', [])
  const there = items.map(({ id }) => id)
  context.state.set('there', there)
  context.state.set('gone', [...gone, ...before.filter((id) => !there.includes(id))])
  return items.map((each) => item(gone.includes(each.id) ? `${each.id} again` : each.id, each))
})
