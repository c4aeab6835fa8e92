import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { streamLaws } from '../../lib/testing/index.ts'
import { type FeedItem, feed } from '../../streams/feed.ts'
import { httpSourceSuite } from '../support/http-source-suite.ts'
import { localService } from '../support/local-service.ts'
import { draftsOf, watchStream } from '../support/watch-stream.ts'
import { example, feedService, type Post, post, rss, serve } from './feed-service.ts'

httpSourceSuite({
  name: 'feed',
  stream: (url) => feed({ url: `${url}/feed.xml`, backfill: 100 }),
  serve,
  renumbering: {
    serve: (items) => () => ({ body: rss(items.map((n) => ({ ...post(n), id: `new-${n}` }))) }),
    outcome: 'held',
  },
  pages: 'a feed is one document',
  conditional: true,
})

const day = (n: number): string => new Date(Date.UTC(2026, 0, 1 + n)).toUTCString()

describe('feed and the laws of streams', () => {
  const words = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => /[a-z]/i.test(text))
  const wire = fc.record(
    {
      id: fc.nat(20).map((n) => `urn:${n}`),
      link: fc.nat(20).map((n) => `https://blog.example/${n}`),
      title: words,
      date: fc.nat(300).map(day),
      html: fc.string(),
    },
    { requiredKeys: ['id', 'link', 'title'] },
  )
  const laws = streamLaws(feed, {
    options: { url: 'https://blog.example/feed.xml', every: '15m' },
    wire,
    truth: ({ id }) => id,
    serve: (sent) => async () => new Response(rss(sent)),
    numRuns: 8,
  })
  for (const [name, law] of Object.entries(laws)) it(name, law)
})

describe('feed', () => {
  it('tells nothing old at the first look, then what is new, oldest first', async (t) => {
    const service = await localService(t, serve([1, 2, 3]))
    const { told, see } = await watchStream(t, feed({ url: service.url }))
    await see()
    assert.equal(told.length, 0)
    service.answer(serve([2, 3, 4, 5, 6]))
    await see()
    assert.deepEqual(titles(told), ['Post 4', 'Post 5', 'Post 6'])
  })

  it('tells the newest items at the first look, if asked to', async (t) => {
    const service = await localService(t, serve([1, 2, 3]))
    const { told, see } = await watchStream(t, feed({ url: service.url, backfill: 2 }))
    await see()
    assert.deepEqual(titles(told), ['Post 2', 'Post 3'])
  })

  it('publishes plain and complete data', async (t) => {
    const [draft] = await example(t)
    assert.ok(draft)
    const { feed: of, ...data } = draft.data as FeedItem
    assert.deepEqual(data, {
      title: 'Post 1',
      link: 'https://blog.example/1',
      published: '2026-11-01T09:00:00.000Z',
      summary: 'Text of 1',
      categories: [],
      enclosures: [],
    })
    assert.equal(of.title, 'A blog')
    assert.equal(of.link, 'https://blog.example/')
    assert.match(draft.identifier, /^127\.0\.0\.1:\d+\/feed\.xml post-1$/)
  })

  it('sorts by date, and puts an entry without a date behind its older neighbour', async (t) => {
    const posts: Post[] = [{ ...post(1) }, { id: 'b', title: 'no date' }, { ...post(4) }, { ...post(3) }]
    const { url } = await feedService(t, rss(posts))
    const drafts = await draftsOf(feed({ url }))
    assert.deepEqual(titles(drafts), ['Post 1', 'no date', 'Post 3', 'Post 4'])
  })

  it('keeps a date in the future', async (t) => {
    const { url } = await feedService(t, rss([{ ...post(1), date: 'Sat, 01 Jan 2050 00:00:00 GMT' }, post(2)]))
    const dates = (await draftsOf(feed({ url }))).map(({ data }) => (data as FeedItem).published)
    assert.deepEqual(dates, ['2026-11-01T10:00:00.000Z', '2050-01-01T00:00:00.000Z'])
  })

  it('names an item by its id, else its link, else a digest', async (t) => {
    const posts = [
      { title: 'only a title', date: day(1) },
      { link: '/relative', title: 'only a link' },
      { id: '7', title: 'only an id' },
    ]
    const { url } = await feedService(t, rss(posts))
    const names = (await draftsOf(feed({ url }))).map(({ identifier }) => identifier.split(' ')[1])
    assert.equal(names.length, 3)
    assert.match(String(names.find((name) => name !== '7' && name !== '/relative')), /^[\w-]{22}$/)
    assert.ok(names.includes('7') && names.includes('/relative'))
  })

  it('keeps an item that is edited, and tells it again only if asked to', async (t) => {
    for (const [changed, expected] of [
      [false, ['Post 1']],
      [true, ['Post 1', 'Better title']],
    ] as const) {
      const service = await feedService(t, rss([post(1)]))
      const { told, see } = await watchStream(t, feed({ url: service.url, changed, backfill: 10 }))
      await see()
      service.answer(() => ({ body: rss([{ ...post(1), title: 'Better title', date: day(3) }]) }))
      await see()
      await see()
      assert.deepEqual(titles(told), expected)
    }
  })

  it('tells items apart that share an id, whichever of them stay', async (t) => {
    const same = (n: number): Post => ({ ...post(n), id: 'https://blog.example/' })
    const service = await feedService(t, rss([same(1), same(2), same(3)]))
    const { told, see } = await watchStream(t, feed({ url: service.url, backfill: 10 }))
    await see()
    for (const [posts, newest] of [
      [[2, 3], 3],
      [[3], 3],
      [[3, 4], 4],
      [[4], 4],
      [[5], 5],
      [[4, 5, 6], 6],
    ] as const) {
      service.answer(() => ({ body: rss(posts.map(same)) }))
      await see()
      assert.equal(titles(told).at(-1), `Post ${newest}`)
    }
    assert.deepEqual(titles(told), ['Post 1', 'Post 2', 'Post 3', 'Post 4', 'Post 5', 'Post 6'])
  })

  it('takes a name from a function where ids are worthless', async (t) => {
    const service = await feedService(t, rss([{ ...post(1), id: 'a' }]))
    const stream = feed({ url: service.url, identity: ({ link }) => link, backfill: 10 })
    const { told, see } = await watchStream(t, stream)
    await see()
    service.answer(() => ({
      body: rss([
        { ...post(1), id: 'b' },
        { id: 'c', title: 'no link' },
      ]),
    }))
    await see()
    assert.deepEqual(titles(told), ['Post 1', 'no link'])
  })

  it('skips items without an id, a link and a text, and says so', async (t) => {
    const lines: unknown[] = []
    const { url } = await feedService(t, rss([post(1), { date: day(1) }]))
    const logger = { ...silent, warn: (...line: unknown[]) => void lines.push(line) }
    const drafts = await draftsOf(feed({ url }), { logger })
    assert.equal(drafts.length, 1)
    assert.match(JSON.stringify(lines), /"skipped":1.*skipped/)
  })

  it('logs the new address of a feed that moved for good', async (t) => {
    const service = await localService(t, ({ path }) =>
      path === '/new' ? serve([1])() : { status: 301, headers: { location: '/new' } },
    )
    const lines: unknown[] = []
    const logger = { ...silent, warn: (...line: unknown[]) => void lines.push(line) }
    await draftsOf(feed({ url: `${service.url}/old` }), { logger })
    assert.match(JSON.stringify(lines), /"moved":"http:[^"]*\/new".*feed moved/)
  })

  it('holds a flood: a feed that renumbers its items tells nothing by itself', async (t) => {
    const all = Array.from({ length: 40 }, (_, n) => n)
    const service = await localService(t, serve(all))
    const { running, told, see } = await watchStream(t, feed({ url: service.url, backfill: 1 }))
    await see()
    const renumbered = all.map((n) => ({ ...post(n), id: `new-${n}` }))
    service.answer(() => ({ body: rss(renumbered) }))
    await see()
    assert.equal(told.length, 1)
    assert.match(JSON.stringify((await running.status()).jobs), /"held"/)
  })

  it('gives each of several feeds a job that keeps its name', () => {
    const jobs = (url: string | string[]) => feed({ url, as: 'news' }).jobs.map(({ name }) => name)
    assert.deepEqual(jobs('https://a.example/feed'), ['news.items'])
    assert.deepEqual(jobs(['https://a.example/feed']), ['news.a.example/feed'])
    assert.deepEqual(jobs(['https://a.example/feed', 'http://b.example/?tag=x&n=1']), [
      'news.a.example/feed',
      'news.b.example/?tag=x&n=1',
    ])
    const long = jobs(['https://a.example/', `https://b.example/${'x'.repeat(1000)}`])
    assert.ok(long.every((name) => name.length < 200))
  })

  for (const [what, url] of [
    ['no address', undefined],
    ['an empty list', []],
    ['one address twice', ['http://a.example/feed', 'https://a.example/feed']],
    ['a password', 'https://joe:secret@a.example/'],
    ['something else than http', 'file:///etc/passwd'],
  ] as const) {
    it(`rejects ${what}`, () => {
      assert.throws(() => feed({ url: url as string }), { code: 'TIDINGS_STREAM_INVALID', message: /url: expected/ })
    })
  }
})

function titles(drafts: readonly { readonly data: unknown }[]): string[] {
  return drafts.map(({ data }) => (data as FeedItem).title)
}

const nothing = (): void => undefined
const silent = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing }
