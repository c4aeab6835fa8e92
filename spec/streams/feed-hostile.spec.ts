import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type FeedItem, feed } from '../../streams/feed.ts'
import { cpuTime } from '../support/cpu-time.ts'
import { draftsOf } from '../support/watch-stream.ts'
import { feedService } from './feed-service.ts'

type Test = Parameters<typeof feedService>[0]

async function look(t: Test, body: string, type?: string) {
  const { url } = await feedService(t, body, type)
  return draftsOf(feed({ url: `${url}/feed` }))
}

const channel = (inside: string): string => `<rss version="2.0"><channel><title>T</title>${inside}</channel></rss>`
const item = (inside: string): string => channel(`<item><guid>1</guid>${inside}</item>`)

describe('a hostile feed', () => {
  it('has no entities of its own', async (t) => {
    const entities = Array.from({ length: 9 }, (_, n) => `<!ENTITY lol${n + 1} "${`&lol${n};`.repeat(10)}">`)
    const laughs = `<!DOCTYPE rss [<!ENTITY lol0 "lol">${entities.join('')}]>${item('<title>&lol9;</title>')}`
    const [draft] = await look(t, laughs)
    assert.equal((draft?.data as FeedItem | undefined)?.title, '&lol9;')
  })

  it('reads no file and no other address', async (t) => {
    const body = `<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>${item('<title>&x;</title>')}`
    await assert.rejects(look(t, body), {
      code: 'TIDINGS_RESPONSE_INVALID',
      message: /is not a feed: External entities/,
    })
  })

  it('has tens of thousands of items', { timeout: 300_000 }, async (t) => {
    const many = Array.from({ length: 30_000 }, (_, n) => `<item><guid>${n}</guid><title>title ${n}</title></item>`)
    assert.equal((await look(t, channel(many.join('')))).length, 30_000)
  })

  it('has texts of any length, cut to what an event may have', async (t) => {
    const long = 'x"\\<b>'.repeat(300_000)
    const files = '<enclosure url="https://x.example/y"/>'.repeat(1000)
    const [draft] = await look(
      t,
      item(`<title><![CDATA[${long}]]></title><link>https://x.example/${long}</link>
      <description><![CDATA[${long}]]></description>${'<category>c</category>'.repeat(1000)}${files}`),
    )
    const data = draft?.data as FeedItem
    assert.equal(data.title.length, 1000)
    assert.equal(data.summary?.length, 8000)
    assert.equal(data.link, undefined)
    assert.equal(data.enclosures.length, 20)
    assert.ok(JSON.stringify(data).length < 100_000)
  })

  for (const [what, body] of [
    ['brackets around authors', item(`<author>${'('.repeat(1_000_000)}</author>`)],
    ['brackets around editors', channel(`<managingEditor>${'('.repeat(1_000_000)}</managingEditor>`)],
    ['deep elements', `${channel('').slice(0, -6)}${'<a>'.repeat(1_000_000)}`],
    ['deep markup', item(`<description>${'&lt;div>'.repeat(100_000)}</description>`)],
    ['unclosed tags', item(`<description>${'&lt;a '.repeat(100_000)}</description>`)],
    ['unclosed scripts', item(`<description>${'&lt;script>'.repeat(100_000)}</description>`)],
    ['unclosed comments', `<rss>${'<!--'.repeat(400_000)}`],
    ['comments before the root', `${'<!-- -->'.repeat(100_000)}${channel('')}`],
    ['attributes', `<rss ${Array.from({ length: 50_000 }, (_, n) => `a${n}="x"`).join(' ')}><channel/></rss>`],
    ['spaces', `<rss ${' '.repeat(1_000_000)}`],
    ['mail addresses', item(`<author>${'a@'.repeat(500_000)}</author>`)],
    [
      'contents of RDF',
      `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><channel><title>T</title><items><rdf:Seq>${'<rdf:li resource="x"/>'.repeat(30_000)}</rdf:Seq></items></channel>${'<item about="y"/>'.repeat(30_000)}</rdf:RDF>`,
    ],
    ['links to feeds', `<html>${'<link rel=alternate '.repeat(100_000)}`],
  ] as const) {
    it(`with many ${what} takes a few seconds at most`, { timeout: 60_000 }, async (t) => {
      const spent = cpuTime()
      await look(t, body).catch(({ code }: { code?: string }) => assert.equal(code, 'TIDINGS_RESPONSE_INVALID'))
      assert.ok(spent() < 15_000)
    })
  }

  it('survives names that JavaScript reserves', async (t) => {
    const json = `{"version":"https://jsonfeed.org/version/1","title":"T","__proto__":{"items":[]},"items":[{"id":"__proto__","title":"x","toString":1,"hasOwnProperty":null}]}`
    const [draft] = await look(t, json)
    assert.match(draft?.identifier ?? '', / __proto__$/)
  })

  it('cannot name an item of another feed', async (t) => {
    const [one, other] = [await look(t, item('<title>x</title>')), await look(t, item('<title>x</title>'))]
    assert.notEqual(one[0]?.identifier, other[0]?.identifier)
  })

  it('has identifiers that fit the log', async (t) => {
    const long = `<item><guid>${'é'.repeat(2000)}</guid></item><item><guid>${'é'.repeat(2000)}x</guid></item>`
    const names = (await look(t, channel(long))).map(({ identifier }) => identifier)
    assert.equal(new Set(names).size, 2)
  })
})

describe('an answer that is not a feed', () => {
  it('says which feed the page has', async (t) => {
    const page = `<!doctype html><html><head><link rel="stylesheet" href="/x.css">
      <link href='/feed.xml?a=1&amp;b=2' type="application/rss+xml" rel=alternate></head></html>`
    await assert.rejects(look(t, page, 'text/html'), (error: Error & { code: string; details: { feed: string } }) => {
      assert.equal(error.code, 'TIDINGS_RESPONSE_INVALID')
      assert.match(
        error.message,
        /is not a feed: it is a page; it has one at http:\/\/127\.0\.0\.1:\d+\/feed\.xml\?a=1&b=2$/,
      )
      assert.match(error.details.feed, /\/feed\.xml/)
      return true
    })
  })

  for (const [what, body] of [
    ['an empty answer', ''],
    ['plain text', 'Service temporarily out of order'],
    ['JSON of another kind', '{"error":"not found"}'],
    ['cut JSON', '{"version":"https://jsonfeed.org/version/1"'],
    ['XML of another kind', '<?xml version="1.0"?><urlset><url/></urlset>'],
    ['a feed that is cut short', item('<title>x</title>').slice(0, -30)],
    ['a feed that is cut between items', item('<title>x</title>').slice(0, -'</channel></rss>'.length)],
    ['a feed that is cut between entries', '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id></entry>'],
  ] as const) {
    it(`rejects ${what}`, async (t) => {
      await assert.rejects(look(t, body), {
        code: 'TIDINGS_RESPONSE_INVALID',
        message: /^stream feed: .* is not a feed: /,
      })
    })
  }
})
