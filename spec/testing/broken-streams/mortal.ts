import { type Draft, defineStream, type JobContext, job, manual } from '../../../lib/index.ts'
import { all, feedStream, item } from '../feed-service.ts'

/** Stores that it knows the items before it has told them. */
export const savedTooEarly = feedStream(async (context) => {
  const { state, publish } = context
  const known = await state.get<string[]>('known', [])
  const news = (await all(context)).filter(({ id }) => !known.includes(id))
  state.set('known', [...known, ...news.map(({ id }) => id)])
  await state.save()
  for (const each of news) await publish(item(each.id, each))
  return []
})

/** Knows only in memory what was there at its last look; a process that starts takes everything for known. */
export const knownInMemory = defineStream({
  name: 'feed',
  summary: 'Items of a feed.',
  events: { item },
  jobs: () => {
    let known: Set<string> | undefined
    const run = async (context: JobContext): Promise<Draft[]> => {
      const items = await all(context)
      const isFirst = known === undefined && (await context.state.get<boolean>('began')) === true
      if (isFirst) known = new Set(items.map(({ id }) => id))
      context.state.set('began', true)
      const news = items.filter(({ id }) => known?.has(id) !== true)
      known = new Set([...(known ?? []), ...items.map(({ id }) => id)])
      return news.map((each) => item(each.id, each))
    }
    return [job('items', manual(), run)]
  },
})
