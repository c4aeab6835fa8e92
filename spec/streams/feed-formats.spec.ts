import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type FeedItem, feed } from '../../streams/feed.ts'
import { draftsOf } from '../support/watch-stream.ts'
import { feedService } from './feed-service.ts'

type Test = Parameters<typeof feedService>[0]

async function itemsOf(t: Test, body: string | Uint8Array, type?: string): Promise<FeedItem[]> {
  const { url } = await feedService(t, body, type)
  return (await draftsOf(feed({ url: `${url}/blog/feed` }))).map(({ data }) => data as FeedItem)
}

async function itemOf(t: Test, body: string | Uint8Array, type?: string): Promise<FeedItem> {
  const [item] = await itemsOf(t, body, type)
  assert.ok(item)
  return item
}

const channel = (inside: string, root = ''): string =>
  `<rss version="2.0"${root}><channel><title>T</title><link>https://blog.example/</link>${inside}</channel></rss>`

describe('the formats of feeds', () => {
  it('reads RSS 2.0 with all that an item can have', async (t) => {
    const item = await itemOf(
      t,
      channel(
        `<item><guid>https://blog.example/1</guid><title>Cats &amp;amp; &lt;b&gt;dogs&lt;/b&gt;</title>
        <author>joe@example.com (Joe)</author><dc:creator>Ann</dc:creator>
        <category>a</category><category domain="d">b</category><category>a</category>
        <enclosure url="/1.mp3" length="123" type="audio/mpeg"/><enclosure url="javascript:alert(1)"/>
        <description><![CDATA[<p>One&nbsp;&hellip;</p><script>no()</script><ul><li>two</li></ul>]]></description>
        <content:encoded>longer</content:encoded><pubDate>Sun, 1 Nov 26 10:00 EST</pubDate></item>`,
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"',
      ),
    )
    const { feed: of, ...rest } = item
    assert.equal(of.link, 'https://blog.example/')
    assert.deepEqual(rest, {
      title: 'Cats & dogs',
      link: 'https://blog.example/1',
      published: '2026-11-01T15:00:00.000Z',
      author: 'Joe, Ann',
      summary: 'One …\n\ntwo',
      categories: ['a', 'b'],
      enclosures: [{ url: 'https://blog.example/1.mp3', type: 'audio/mpeg', bytes: 123 }],
    })
  })

  it('takes a guid for a link only if it is one', async (t) => {
    const guids = [
      '<guid isPermaLink="false">https://x.example/1</guid>',
      '<guid>tag:1</guid>',
      '<guid>https://x.example/3</guid>',
    ]
    const items = await itemsOf(t, channel(guids.map((guid) => `<item>${guid}<title>x</title></item>`).join('')))
    assert.deepEqual(new Set(items.map(({ link }) => link)), new Set([undefined, 'https://x.example/3']))
  })

  it('reads RSS 0.91 with its document type, and RSS 1.0 whatever its table of contents has', async (t) => {
    const old = await itemOf(
      t,
      `<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "http://127.0.0.1:1/rss.dtd">
      <rss version="0.91"><channel><title>T</title><item><title>old</title><link>https://x.example/</link></item></channel></rss>`,
    )
    assert.equal(old.title, 'old')
    const items = await itemsOf(
      t,
      `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
      <channel><title>T</title><items><rdf:Seq><rdf:li rdf:resource="https://x.example/2"/></rdf:Seq></items></channel>
      <item rdf:about="https://x.example/2"><title>two</title><dc:date>2026-11-02</dc:date><dc:creator>Ann</dc:creator></item>
      <item rdf:about="https://x.example/1"><title>one</title><dc:date>2026-11-01T10:00:00+01:00</dc:date></item></rdf:RDF>`,
    )
    assert.deepEqual(
      items.map(({ title, link, published, author }) => [title, link, published, author]),
      [
        ['one', 'https://x.example/1', '2026-11-01T09:00:00.000Z', undefined],
        ['two', 'https://x.example/2', '2026-11-02T00:00:00.000Z', 'Ann'],
      ],
    )
  })

  it('reads Atom: bases, kinds of text, and links by their relation', async (t) => {
    const { feed: of, ...item } = await itemOf(
      t,
      `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://x.example/a/">
      <title type="html">A &lt;i&gt;title&lt;/i&gt;</title><link href="/home"/><author><name>Ann</name></author>
      <entry xml:base="b/"><id>urn:1</id><title>5 &lt; 6 &amp;amp;</title><updated>2026-11-02T10:00:00Z</updated>
      <link rel="self" href="self"/><link href="page.txt" type="text/plain"/><link rel="alternate" type="text/html" href="page"/>
      <link rel="enclosure" href="file.pdf" type="application/pdf" length="x"/><category term="t" label="Label"/>
      <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">a &lt; <b>b</b><br/>c <!-- d --></div></content></entry></feed>`,
    )
    assert.deepEqual([of.title, of.link], ['A title', 'https://x.example/home'])
    assert.deepEqual(item, {
      title: '5 < 6 &amp;',
      link: 'https://x.example/a/b/page',
      updated: '2026-11-02T10:00:00.000Z',
      author: 'Ann',
      summary: 'a < b\nc',
      categories: ['Label'],
      enclosures: [{ url: 'https://x.example/a/b/file.pdf', type: 'application/pdf' }],
    })
  })

  it('reads Atom that quotes RSS', async (t) => {
    const quote = '<![CDATA[ <rss version="2.0"><channel><author> ]]>'
    const item = await itemOf(
      t,
      `<feed xmlns="http://www.w3.org/2005/Atom"><!-- <rss> --><title>T</title><entry><id>1</id><title>x</title>
      <author><name>Ann</name></author><content>${quote}</content></entry></feed>`,
    )
    assert.equal(item.author, 'Ann')
  })

  it('reads JSON Feed, and skips what is not an item', async (t) => {
    const items = await itemsOf(
      t,
      JSON.stringify({
        version: 'https://jsonfeed.org/version/1.1',
        title: 'T',
        home_page_url: 'https://x.example/',
        authors: [{ name: 'Ann' }],
        items: [
          { id: 2, url: '/2', content_html: '<p>two</p>', tags: ['a', 5, null], date_published: '2026-11-02' },
          null,
          'text',
          {},
          {
            id: '1',
            content_text: 'one\ud800',
            authors: [],
            attachments: [{ url: 'https://x.example/1.mp3', mime_type: 'audio/mpeg', size_in_bytes: 5 }, null],
            __proto__: null,
          },
        ],
      }),
      'application/feed+json',
    )
    assert.deepEqual(
      items.map(({ feed: _, ...item }) => item),
      [
        {
          title: 'one\ufffd',
          author: 'Ann',
          summary: 'one\ufffd',
          categories: [],
          enclosures: [{ url: 'https://x.example/1.mp3', type: 'audio/mpeg', bytes: 5 }],
        },
        {
          title: 'two',
          link: 'https://x.example/2',
          published: '2026-11-02T00:00:00.000Z',
          author: 'Ann',
          summary: 'two',
          categories: ['a', '5'],
          enclosures: [],
        },
      ],
    )
  })

  it('takes a feed without items for what it is', async (t) => {
    for (const body of [
      '<rss version="2.0"><channel/></rss>',
      channel(''),
      '<feed xmlns="http://www.w3.org/2005/Atom"></feed>',
    ]) {
      assert.deepEqual(await itemsOf(t, body), [])
    }
  })
})

describe('the encodings of feeds', () => {
  const xml = (encoding: string, title: string): string =>
    `<?xml version="1.0"${encoding === '' ? '' : ` encoding="${encoding}"`}?>${channel(`<item><guid>1</guid><title>${title}</title></item>`)}`
  const bytes = (...parts: (string | number[])[]): Buffer =>
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.from(part))))

  for (const [what, body, type, title] of [
    ['UTF-8 by default', Buffer.from(xml('', 'Grüße')), 'text/xml', 'Grüße'],
    [
      'UTF-8 with a byte order mark',
      Buffer.from(`\ufeff${xml('utf-8', 'Grüße')}`),
      'text/xml; charset=latin1',
      'Grüße',
    ],
    [
      'UTF-8 that the content type calls Latin 1',
      Buffer.from(xml('UTF-8', 'Grüße')),
      'text/xml; charset=iso-8859-1',
      'Grüße',
    ],
    ['Latin 1 by its declaration', Buffer.from(xml('ISO-8859-1', 'Grüße'), 'latin1'), 'text/xml', 'Grüße'],
    [
      'Latin 1 that calls itself UTF-8',
      Buffer.from(xml('utf-8', 'Gr\u00fc\u00dfe'), 'latin1'),
      'text/xml',
      'Gr\ufffd\ufffde',
    ],
    ['Cyrillic by its content type', bytes(xml('', '\xcf\xf0\xe8')), 'text/xml; charset=windows-1251', 'При'],
    ['Japanese by its declaration', bytes(xml('Shift_JIS', '\x93\xfa\x96\x7b')), 'text/xml', '日本'],
    ['UTF-16 with a mark', Buffer.from(`\ufeff${xml('utf-16', 'Grüße')}`, 'utf16le'), 'text/xml', 'Grüße'],
    ['UTF-16 without', Buffer.from(xml('utf-16', 'Grüße'), 'utf16le').swap16(), 'text/xml', 'Grüße'],
    ['an unknown encoding', Buffer.from(xml('klingon-1', 'Grüße')), 'text/xml', 'Grüße'],
  ] as const) {
    it(`reads ${what}`, async (t) => {
      assert.equal((await itemOf(t, body, type)).title, title)
    })
  }
})

describe('the dates of feeds', () => {
  for (const [text, iso] of [
    ['Sat, 28 Nov 2026 10:00:00 GMT', '2026-11-28T10:00:00.000Z'],
    ['Fri, 28 Nov 2026 10:00:00 +0100', '2026-11-28T09:00:00.000Z'],
    ['28 November 2026 10:00 PDT', '2026-11-28T17:00:00.000Z'],
    ['Sat, 28 Nov 26 10:00:00 -05:30', '2026-11-28T15:30:00.000Z'],
    ['28 Nov 2026', '2026-11-28T00:00:00.000Z'],
    ['2026-11-28T10:00:00.123+01:00', '2026-11-28T09:00:00.000Z'],
    ['2026-11-28 10:00:00', '2026-11-28T10:00:00.000Z'],
    ['2026-11-28T10:00Z', '2026-11-28T10:00:00.000Z'],
    ['20261128T100000Z', '2026-11-28T10:00:00.000Z'],
    ['2026-11', '2026-11-01T00:00:00.000Z'],
    ['Nov 28, 2026 10:00 UTC', '2026-11-28T10:00:00.000Z'],
    ['Sat Nov 28 10:00:00 2026', '2026-11-28T10:00:00.000Z'],
    ['Sat Nov 28 10:00:00 CET 2026', '2026-11-28T09:00:00.000Z'],
    ['Sat, 28 Nov 2026 10:00:00 GMT+0200', '2026-11-28T08:00:00.000Z'],
    ['Sat Nov 28 2026 10:00:00 GMT-0500 (Eastern Standard Time)', '2026-11-28T15:00:00.000Z'],
    ['Mon, 01 Jan 0001 00:00:00 +0000', undefined],
    ['0001-01-01T00:00:00Z', undefined],
    ['9999-12-31T23:59:60Z', undefined],
    ['31 Feb 2026 10:00:00 GMT', undefined],
    ['28 Nov 2026 25:00 GMT', undefined],
    ['yesterday', undefined],
    ['28 Foo 2026', undefined],
    ['', undefined],
  ] as const) {
    it(`reads ${text === '' ? 'nothing' : text}`, async (t) => {
      const { published } = await itemOf(
        t,
        channel(`<item><guid>1</guid><title>x</title><pubDate>${text}</pubDate></item>`),
      )
      assert.equal(published, iso)
    })
  }
})
