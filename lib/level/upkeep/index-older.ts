import { decodeFacts } from '../format/records.ts'
import { missing, recordPages } from '../read/records.ts'
import type { ReopeningStore } from '../session/reopening-store.ts'
import type { Session } from '../session/session.ts'
import type { IndexedEvent } from '../write/commit.ts'

/** How many events are indexed in one commit, some ms of work, and in one call. */
const AT_ONCE = { commit: 2000, call: 20_000 }

/**
 * Indexes the oldest events that an older version has stored, a bounded number. Resolves to how many are left. The head
 * of each commit says how far it has come, so it continues there, also after a crash. Decision 0066.
 */
export async function indexOlder(store: ReopeningStore): Promise<number> {
  for (let done = 0; done < AT_ONCE.call; done += AT_ONCE.commit) {
    const { session } = store
    if (session.readOnly || session.writer.index.unindexed === 0) break
    const older = await readFacts(session)
    // A prune may have removed them all meanwhile.
    await session.writer.add({ index: { older } })
  }
  const { unindexed } = store.session.writer.index
  return unindexed === 0 ? 0 : unindexed[1] - unindexed[0] + 1
}

async function readFacts(session: Session): Promise<IndexedEvent[]> {
  const { db, writer } = session
  const { unindexed } = writer.index
  if (unindexed === 0) return []
  const [from, to] = [unindexed[0], Math.min(unindexed[1], unindexed[0] + AT_ONCE.commit - 1)]
  const facts: IndexedEvent[] = []
  for await (const page of recordPages(db, { from, to })) {
    for (const record of page) facts.push(decodeFacts(...record))
    await new Promise((resolve) => setImmediate(resolve))
  }
  // A prune may have removed the first ones meanwhile.
  let expected = Math.max(from, session.first)
  for (const { seq } of facts.filter((each) => each.seq >= expected))
    if (seq !== expected++) throw missing(expected - 1)
  if (expected <= to) throw missing(expected)
  return facts
}
