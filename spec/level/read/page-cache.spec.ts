import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { keys } from '../../../lib/level/format/keys.ts'
import { PageCache } from '../../../lib/level/read/page-cache.ts'
import { EVENTS_PER_PAGE } from '../../../lib/level/read/records.ts'
import { type Database, memoryDatabase } from '../../../lib/level/store/database.ts'
import { draft } from '../../../lib/testing/log-bench.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'
import { levelLog } from '../../support/level-log.ts'

const PAGES = 4
/** Three whole pages, and a piece of the fourth. */
const EVENTS = (PAGES - 1) * EVENTS_PER_PAGE + 100

/** Pages of a store, and a list of the keys from which they were read. */
async function pagesOf(t: TestContext): Promise<{ readonly pages: PageCache; from(): unknown[] }> {
  const source = memoryDatabase()
  let db: Database | undefined
  const log = await levelLog({
    source: { open: async (options) => (db = await source.open(options)) },
    clock: virtualClock(),
    durability: 'process',
    warn: () => undefined,
  })
  t.after(() => log.close())
  await log.accept(Array.from({ length: EVENTS }, (_, i) => draft(`${i}`)))
  const opened = t.mock.method(db as Database, 'iterator').mock
  return {
    pages: new PageCache({ db: db as Database, first: 1, writer: { durable: EVENTS } }),
    from: () => opened.calls.map(({ arguments: [range] }) => (range as { readonly gte?: string } | undefined)?.gte),
  }
}

const start = (page: number): string => keys.event(page * EVENTS_PER_PAGE + 1)

describe('pages of events', () => {
  it('are read ahead: the next one while handlers have the one before', async (t) => {
    const { pages, from } = await pagesOf(t)
    const first = await pages.read(0, EVENTS_PER_PAGE)
    assert.equal(first?.length, EVENTS_PER_PAGE)
    assert.deepEqual(from(), [start(0), start(1)])
    const second = await pages.read(EVENTS_PER_PAGE, EVENTS_PER_PAGE)
    assert.equal(second?.[0]?.event.seq, EVENTS_PER_PAGE + 1)
    assert.deepEqual(from(), [start(0), start(1), start(2)])
  })

  it('are read once for all listeners', async (t) => {
    const { pages, from } = await pagesOf(t)
    const [one, ...others] = await Promise.all(Array.from({ length: 10 }, () => pages.read(0, EVENTS_PER_PAGE)))
    assert.equal(one?.length, EVENTS_PER_PAGE)
    for (const other of others) assert.equal(other?.[7]?.event, one?.[7]?.event)
    assert.deepEqual(from(), [start(0), start(1)])
  })

  it('are whole: a page that is still filled is not kept, nor read ahead', async (t) => {
    const { pages, from } = await pagesOf(t)
    const last = (PAGES - 2) * EVENTS_PER_PAGE
    assert.equal((await pages.read(last, 10))?.length, 10)
    assert.deepEqual(from(), [start(PAGES - 2)])
    assert.equal(await pages.read(last + EVENTS_PER_PAGE, 10), undefined)
  })
})
