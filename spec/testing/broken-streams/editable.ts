import { createHash } from 'node:crypto'
import { all, feedStream, item } from '../feed-service.ts'

/** Has an editable field in the identifier. */
export const byTitle = feedStream(async (context) =>
  (await all(context)).map((each) => item(`${each.id} ${each.title}`, each)),
)

/** Identifies an item by a digest of all of it. */
export const byDigest = feedStream(async (context) =>
  (await all(context)).map((each) => item(createHash('sha256').update(JSON.stringify(each)).digest('hex'), each)),
)
