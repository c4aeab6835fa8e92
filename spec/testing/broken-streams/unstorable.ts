import * as v from 'valibot'
import { type Draft, defineStream, eventType, job, manual } from '../../../lib/index.ts'
import { all, feedStream, item } from '../feed-service.ts'

/** Turns text that is not always numeric into a number, and NaN is not JSON. */
export const notANumber = feedStream(async (context) =>
  (await all(context)).map((each) => item(each.id, { ...each, price: Number(each.price) } as never)),
)

const priced = eventType('feed.priced', v.object({ price: v.pipe(v.string(), v.digits()) }))

/** Publishes by name, bypassing the schema that listeners check. */
export const pastTheSchema = defineStream({
  name: 'feed',
  summary: 'Items of a feed.',
  events: { priced },
  jobs: () => [
    job('items', manual(), async (context) =>
      (await all(context)).map(({ id, price }): Draft => ({ type: priced.type, identifier: id, data: { price } })),
    ),
  ],
})
