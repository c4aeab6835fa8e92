import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { streamLaws } from '../../lib/testing/index.ts'
import { type WebOptions, web } from '../../streams/web.ts'
import { httpSourceSuite } from '../support/http-source-suite.ts'
import { localService, type Told } from '../support/local-service.ts'
import { draftsOf, watchStream } from '../support/watch-stream.ts'
import { serve } from './web-service.ts'

httpSourceSuite({
  name: 'web',
  stream: (url) => web({ url, select: '.talk', kind: 'list', backfill: 100 }),
  serve: (items) => serve(items.map((n) => `talk ${n}`)),
  renumbering: { serve: (items) => serve(items.map((n) => `moved ${n}`)), outcome: 'held' },
  pages: 'it looks at one page',
  conditional: true,
})

const address = 'https://talks.example/'
const lists = streamLaws((options: WebOptions) => web(options), {
  options: { url: address, select: '.talk', kind: 'list', mayBeEmpty: true },
  wire: fc.record({ name: fc.string({ unit: 'grapheme-ascii', minLength: 1 }) }),
  truth: ({ name }: { name: string }) => name,
  serve: (sent) => async () => new Response(String(serve(sent.map(({ name }) => name))().body)),
  numRuns: 6,
})
const texts = streamLaws((options: WebOptions) => web(options), {
  options: { url: address, select: 'p', kind: 'number', mayBeEmpty: true },
  wire: fc.record({ price: fc.nat(9999) }),
  truth: () => 'the price',
  // What is not for sale has no price.
  serve: (sent) => async () => new Response(sent.length === 0 ? 'Sold out' : `<p>€ ${sent.at(-1)?.price}</p>`),
  numRuns: 6,
})
describe('the web stream of a list', () => {
  for (const [name, law] of Object.entries(lists)) it(name, law)
})
describe('the web stream of a value', () => {
  for (const [name, law] of Object.entries(texts)) it(name, law)
})

const page =
  (body: string | Uint8Array, type = 'text/html; charset=utf-8') =>
  (): Told => ({
    headers: { 'content-type': type },
    body,
  })

async function valueOf(
  t: { after(work: () => unknown): void },
  told: () => Told,
  options: Omit<WebOptions, 'url'> = {},
) {
  const service = await localService(t, told)
  const [draft] = await draftsOf(web({ url: `${service.url}/a`, ...options }))
  return (draft?.data as { value?: unknown } | undefined)?.value
}

describe('a value of a page', () => {
  it('becomes an event each time that it changes, with the value before', async (t) => {
    const service = await localService(t, page('<p>€ 1.099,00</p>'))
    const { see, told } = await watchStream(t, web({ url: `${service.url}/a?b=c`, select: 'p', kind: 'number' }))
    await see()
    for (const price of ['1.099,-', '999,00', '999.00', '1.099,00']) {
      service.answer(page(`<p>€ ${price}</p>`))
      await see()
    }
    const data = { url: `${service.url}/a?b=c`, select: 'p' }
    assert.deepEqual(
      told.map((event) => event.data),
      [
        { ...data, value: 999, before: 1099 },
        { ...data, value: 1099, before: 999 },
      ],
    )
  })

  it('may be missing, and is news afterwards only if it has changed', async (t) => {
    const service = await localService(t, page('<p>€ 5</p>'))
    const stream = web({ url: service.url, select: 'p', kind: 'number', mayBeEmpty: true, backfill: 1 })
    const { see, told } = await watchStream(t, stream)
    for (const html of ['<p>€ 5</p>', 'Sold out', '<p>€ 5</p>', 'Sold out', '<p>€ 6</p>']) {
      service.answer(page(html))
      await see()
    }
    assert.deepEqual(
      told.map(({ data }) => (data as { value: number }).value),
      [5, 6],
    )
  })

  it('becomes an event at once with backfill', async (t) => {
    const service = await localService(t, page('<p>a</p>'))
    const { see, told } = await watchStream(t, web({ url: service.url, select: 'p', backfill: 1 }))
    await see()
    assert.deepEqual(told[0]?.data, { url: `${service.url}/`, select: 'p', value: 'a' })
  })

  it('is the visible text of the first element, with one space between words and blocks', async (t) => {
    const html = `<title>x</title><body><script>var a</script><style>b{}</style><p>Open
      &nbsp;from <b>n</b>ine</p><ul><li>Mon<li>Tue<br>Wed</ul><template>c</template><noscript>d</noscript>`
    assert.equal(await valueOf(t, page(html)), 'Open from nine Mon Tue Wed')
    assert.equal(await valueOf(t, page(html), { select: 'li' }), 'Mon')
  })

  it('may be an attribute', async (t) => {
    const html = '<base href="/shop/"><img src="a.png" data-stock="7 left">'
    assert.equal(await valueOf(t, page(html), { select: 'img', attribute: 'data-stock', kind: 'number' }), 7)
    assert.match(String(await valueOf(t, page(html), { select: 'img', attribute: 'src' })), /^http:.*\/shop\/a\.png$/)
  })

  it('is read in the charset of the header or of the page', async (t) => {
    const latin = Buffer.from('<meta charset="iso-8859-1"><p>caf\u00e9</p>', 'latin1')
    assert.equal(await valueOf(t, page(latin, 'text/html')), 'café')
    assert.equal(await valueOf(t, page(latin, 'text/html; charset=windows-1252')), 'café')
    assert.equal(
      await valueOf(t, page(Buffer.from('<meta charset="utf-8"><p>café</p>'), 'text/html; charset=what')),
      'café',
    )
  })

  it('survives a page that is nested deeply', async (t) => {
    assert.equal(await valueOf(t, page(`${'<div>'.repeat(20_000)}deep`), { select: 'body' }), 'deep')
  })

  for (const [body, options, words] of [
    ['<p>x</p>', { select: '.price' }, /web: http:\/\/127.0.0.1:\d+\/a has changed.*"\.price" matches nothing/],
    ['<p> <b></b></p>', { select: 'p' }, /matches an element without text/],
    ['<p>sold out</p>', { select: 'p', kind: 'number' }, /matches "sold out", which has no number/],
    ['<p>x</p>', { select: 'p', attribute: 'title' }, /matches an element without title/],
    ['<p>x</p>', { select: 'li', kind: 'list' }, /"li" matches nothing/],
    ['<p></p>', { select: 'p', kind: 'list' }, /matches 1 elements without a text or link/],
  ] as const) {
    it(`is never made up (${JSON.stringify(options)} of ${body})`, async (t) => {
      await assert.rejects(valueOf(t, page(body), options), { code: 'TIDINGS_RESPONSE_INVALID', message: words })
    })
  }

  it('needs a selector', async (t) => {
    const message = /"p\[" is not a CSS selector/
    await assert.rejects(valueOf(t, page('<p>x'), { select: 'p[' }), { code: 'TIDINGS_STREAM_INVALID', message })
    assert.throws(() => web({ url: address, kind: 'price' as 'number' }), /kind: expected one of text, number, list/)
  })
})

describe('the items of a list', () => {
  const items = async (t: { after(work: () => unknown): void }, html: string, options: Partial<WebOptions> = {}) => {
    const { url } = await localService(t, page(html))
    const drafts = await draftsOf(web({ url, select: 'li', kind: 'list', ...options }))
    return drafts.map(({ identifier, data }) => [identifier.replaceAll(url, ''), (data as { text: string }).text])
  }

  it('are named by their link, or their text, and published last one first', async (t) => {
    const html = '<li><a href="/1?a=b">One</a> now<li>Two<li> <li>Two<li><a href="javascript:x()">Three</a>'
    assert.deepEqual(await items(t, html), [
      ['/ li Three', 'Three'],
      ['/ li Two', 'Two'],
      ['/ li Two', 'Two'],
      ['/ li /1?a=b', 'One now'],
    ])
  })

  it('are named by an attribute', async (t) => {
    assert.deepEqual(await items(t, '<li id=a>One<li>Two<li id=b title=x>', { identifier: 'id', attribute: 'title' }), [
      ['/ li b', 'x'],
      ['/ li a', ''],
    ])
  })

  it('may be missing', async (t) => {
    assert.deepEqual(await items(t, '<p>', { mayBeEmpty: true }), [])
  })
})
