import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { eventType } from '../../lib/index.ts'
import { streamLaws } from '../../lib/testing/index.ts'
import { http } from '../../streams/http.ts'
import { httpSourceSuite } from '../support/http-source-suite.ts'
import { localService, type Told } from '../support/local-service.ts'
import { draftsOf, secretsOf, watchStream } from '../support/watch-stream.ts'
import { type Item, serve } from './http-service.ts'

httpSourceSuite({
  name: 'http',
  stream: (url) => http({ url: `${url}/items`, identifier: (item: Item) => item.id, backfill: 100 }),
  serve: (items) => () => ({ body: items.map((id) => ({ id, title: `item ${id}` })) }),
  renumbering: { serve: (items) => () => ({ body: items.map((id) => ({ id: `new-${id}` })) }), outcome: 'held' },
  pages: {
    stream: (url) => http({ url: `${url}/items`, items: 'data.items', identifier: 'id', next: 'link', backfill: 100 }),
    serve: (items) =>
      serve(
        items.toReversed().map((id) => ({ id, title: `item ${id}` })),
        2,
      ),
    pageOf: ({ query }) => Number(query.get('page') ?? 1),
  },
  conditional: true,
})

const url = 'https://api.example/items'
const laws = streamLaws((options: Parameters<typeof http<Item>>[0]) => http(options), {
  options: { url, items: 'data.items', identifier: 'id', next: 'link', data: 'title' },
  wire: fc.record({ id: fc.nat(50), title: fc.string() }),
  truth: ({ id }: Item) => String(id),
  serve: (sent) => async (input) => {
    const { pathname: path, searchParams: query } = new URL(new Request(input).url)
    const { headers = {}, body } = serve(sent)({ method: 'GET', path, query, headers: {}, body: '' })
    return Response.json(body, { headers })
  },
  numRuns: 9,
})
describe('the http stream', () => {
  for (const [name, law] of Object.entries(laws)) it(name, law)
})

const numbered = (...ids: number[]): Item[] => ids.map((id) => ({ id, title: `item ${id}` }))

describe('the items of an API', () => {
  const stream = (url: string) => ({ url: `${url}/items`, items: 'data.items', identifier: 'id' })

  it('are published oldest first, with numbers as text', async (t) => {
    const { url } = await localService(t, serve(numbered(3, 2, 1)))
    const drafts = await draftsOf(http(stream(url)))
    assert.deepEqual(
      drafts.map(({ identifier }) => identifier),
      ['1', '2', '3'],
    )
    const last = await draftsOf(http({ ...stream(url), newest: 'last' }))
    assert.deepEqual(
      last.map(({ identifier }) => identifier),
      ['3', '2', '1'],
    )
  })

  it('tell the newest, as many as backfill says', async (t) => {
    const { url } = await localService(t, serve(numbered(3, 2, 1)))
    const { see, told } = await watchStream(t, http({ ...stream(url), backfill: 2 }))
    await see()
    assert.deepEqual(
      told.map(({ identifier }) => identifier),
      ['2', '3'],
    )
  })

  it('have the event type that the options name, and its checks', async (t) => {
    const { url } = await localService(t, serve(numbered(1)))
    const vacancy = eventType('vacancy').of<{ words: string }>()
    const own = http({ ...stream(url), type: vacancy, data: ({ title }: Item) => ({ words: title }), as: 'jobs' })
    assert.deepEqual(await draftsOf(own), [{ type: 'vacancy', identifier: '1', data: { words: 'item 1' } }])
    assert.ok(own.eventTypes.includes(vacancy))
    assert.equal(own.jobs[0]?.name, 'jobs.items')
  })

  it('of two uses are apart', async (t) => {
    const { url } = await localService(t, serve(numbered(1)))
    const [draft] = await draftsOf(http({ ...stream(url), as: 'jobs' }))
    assert.deepEqual([draft?.type, draft?.identifier], ['http.item', 'jobs:1'])
  })

  for (const next of ['link', 'next', (answer: { next: string | null }) => answer.next] as const) {
    it(`are on all pages (${typeof next === 'string' ? next : 'function'})`, async (t) => {
      const service = await localService(t, serve(numbered(8, 7, 6, 5, 4, 3, 2, 1)))
      const drafts = await draftsOf(http({ ...stream(service.url), next }))
      assert.equal(drafts.length, 8)
      assert.deepEqual(
        service.asked.map(({ query }) => query.get('page')),
        [null, '2', '3'],
      )
    })
  }

  it('end where the page limit is', async (t) => {
    const service = await localService(t, ({ query }) => ({
      body: { data: { items: numbered(Number(query.get('page'))) }, next: `?page=${Number(query.get('page')) + 1}` },
    }))
    assert.equal((await draftsOf(http({ ...stream(service.url), next: 'next', pages: 4 }))).length, 4)
    assert.equal(service.asked.length, 4)
  })

  it('end where the pages turn in a circle', async (t) => {
    const service = await localService(t, ({ query }) => ({
      body: { data: { items: numbered(1) }, next: query.has('page') ? '?page=1#there' : '?page=1' },
    }))
    assert.equal((await draftsOf(http({ ...stream(service.url), next: 'next' }))).length, 2)
    assert.equal(service.asked.length, 2)
  })

  for (const [where, code] of [
    ['http://127.0.0.1/items', 'TIDINGS_RESPONSE_INVALID'],
    ['https://127.0.0.1/items', 'TIDINGS_HTTP_BLOCKED'],
    ['file:///etc/passwd', 'TIDINGS_RESPONSE_INVALID'],
    [{ href: '/' }, 'TIDINGS_RESPONSE_INVALID'],
  ] as const) {
    it(`do not lead to ${JSON.stringify(where)}`, async () => {
      const fetch = async () => Response.json({ data: { items: [] }, next: where })
      await assert.rejects(draftsOf(http({ ...stream('https://api.example'), next: 'next' }), { fetch }), {
        code,
      })
    })
  }

  it('are held when the service numbers them again', async (t) => {
    const ids = (from: number) => numbered(...Array.from({ length: 30 }, (_, n) => from + n))
    const service = await localService(t, () => ({ body: ids(0) }))
    const { running, see, told } = await watchStream(t, http({ url: service.url, identifier: 'id' }))
    await see()
    service.answer(() => ({ body: ids(1000) }))
    await see()
    assert.deepEqual([told.length, (await running.status()).jobs[0]?.held], [0, 30])
  })

  it('are asked for with the credentials, which other origins do not see', async () => {
    const asked: string[] = []
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const headers = new Headers(init?.headers)
      asked.push(
        `${(input as URL).host} ${headers.get('authorization')} ${headers.get('x-key')} ${headers.get('accept')}`,
      )
      return Response.json({ data: { items: [] }, next: asked.length === 1 ? 'https://cdn.example/2' : null })
    }
    const options = {
      ...stream('https://api.example'),
      next: 'next',
      token: 'TOKEN',
      headers: (secret: (name: string) => string) => ({ 'X-Key': secret('KEY'), Accept: 'application/hal+json' }),
    }
    await draftsOf(http(options), { fetch, secret: secretsOf({ TOKEN: 'abc', KEY: 'def' }) })
    assert.deepEqual(asked, ['api.example Bearer abc def application/hal+json', 'cdn.example null null null'])
  })
})

describe('items that cannot be read', () => {
  const read = async (t: { after(work: () => unknown): void }, told: Told, options = {}) => {
    const service = await localService(t, () => told)
    return watchStream(t, http({ url: service.url, identifier: 'id', backfill: 99, ...options }))
  }

  it('are skipped when they have no identifier', async (t) => {
    const body = [null, 7, 'x', {}, { id: '' }, { id: null }, { id: 2 ** 60 }, [], { id: { id: 1 } }, { id: 5 }]
    const { see, told } = await read(t, { body })
    await see()
    assert.deepEqual(
      told.map(({ identifier }) => identifier),
      ['5'],
    )
  })

  it('fail the run when not one has an identifier', async (t) => {
    const { look } = await read(t, { body: [{ id: 1 }, { id: 2 }] }, { identifier: 'key' })
    assert.match((await look()).error?.message ?? '', /not one of 2 items has an identifier/)
  })

  it('fail the run when a function throws, which tells the others', async (t) => {
    const service = await localService(t, () => ({ body: [] }))
    const identifier = (item: { id: number } | null) => (item as { id: number }).id
    const { look, see, told } = await watchStream(t, http({ url: service.url, identifier }))
    await see()
    service.answer(() => ({ body: [{ id: 1 }, null, { id: 2 }] }))
    assert.match((await look()).error?.message ?? '', /stream http: the item null can't be read: .*null/)
    assert.equal(told.length, 2)
  })

  it('keep names that mean something to JavaScript, and half characters', async (t) => {
    const body = '[{"id":"__proto__","__proto__":{"id":"y"},"text":"\\ud800"},{"id":"\\ud800"},{"id":"constructor"}]'
    const { see, told } = await read(t, { body })
    await see()
    assert.equal(told.length, 3)
    assert.match(told[1]?.identifier ?? '', /^\u{FFFD} /u)
    assert.deepEqual(Object.keys(told[2]?.data as object), ['id', '__proto__', 'text'])
  })

  it('have long identifiers cut, and stay apart', async (t) => {
    const { see, told } = await read(t, { body: ['é'.repeat(9000), `${'é'.repeat(9000)}!`].map((id) => ({ id })) })
    await see()
    assert.equal(new Set(told.map(({ identifier }) => identifier)).size, 2)
  })

  for (const [items, body, words] of [
    ['a.b', { a: {} }, /expected an array at a\.b, got nothing|undefined/],
    ['toString', {}, /expected an array at toString/],
    [undefined, { a: [] }, /expected an array, got/],
  ] as const) {
    it(`fail the run when the answer has no array (${items ?? 'whole'})`, async (t) => {
      const { look } = await read(t, { body }, { items })
      const { error } = await look()
      assert.equal((error as { code?: string }).code, 'TIDINGS_RESPONSE_INVALID')
      assert.match(error?.message ?? '', words)
    })
  }

  it('take null for an empty list', async (t) => {
    const { see } = await read(t, { body: { items: null } }, { items: 'items' })
    await see()
  })
})

describe('the options of http', () => {
  it('are refused by name', () => {
    const wrong: readonly [object, RegExp][] = [
      [{ url: 'ftp://x' }, /url: expected an http or https address/],
      [{ identifier: 7 }, /identifier: expected text that is not empty or a function/],
      [{ identifier: undefined }, /identifier: .* got nothing/],
      [{ headers: { a: 1 } }, /headers: expected an object of texts or a function/],
      [{ pages: 0 }, /pages: /],
      [{ type: 'x' }, /type: expected an event type/],
      [{ nxt: 'link' }, /has no "nxt"; did you mean "next"\?/],
    ]
    for (const [given, message] of wrong) {
      const options = { url, identifier: 'id', ...given } as Parameters<typeof http>[0]
      assert.throws(() => http(options), { code: 'TIDINGS_STREAM_INVALID', message })
    }
  })
})
