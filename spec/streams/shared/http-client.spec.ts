import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defineStream, eventType, job, manual, type World } from '../../../lib/index.ts'
import { type ClientRequest, httpClient } from '../../../streams/shared/http-client.ts'
import { draftsOf, secretsOf } from '../../support/watch-stream.ts'

const page = eventType('test.page').of<{ url: string; body: string }>()

/** A stream that gets one path. */
const pages = (baseUrl: string, path: string, request?: ClientRequest, secretPaths = false) =>
  defineStream({
    name: 'pages',
    summary: 'Pages.',
    events: { page },
    jobs: () => [
      job('pages', manual(), async (context) => {
        const headers = { authorization: `Bearer ${context.secret('TOKEN')}` }
        const client = httpClient(context, { stream: 'pages', baseUrl, headers, maxBytes: 1000, secretPaths })
        const answer = await client.get(path, request)
        return answer === undefined ? [] : [page(answer.url.href, { url: answer.url.href, body: answer.text() })]
      }),
    ],
  })()

/** A world that answers by URL, and remembers the headers of each request. */
function worldOf(answers: Readonly<Record<string, () => Response>>): Partial<World> & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    secret: secretsOf({ TOKEN: 'hidden' }),
    fetch: async (input, init) => {
      const { href } = input as URL
      asked.push(`${href} ${new Headers(init?.headers).get('authorization') ?? '-'}`)
      return answers[href]?.() ?? new Response('no', { status: 404 })
    },
  }
}

const redirect = (location: string, status = 302) => new Response(null, { status, headers: { location } })
const home = 'https://api.example.com'

describe('the client of a service', () => {
  it('follows redirects, and leaves the credentials behind when the origin changes', async () => {
    const world = worldOf({
      [`${home}/a`]: () => redirect('/b', 301),
      [`${home}/b`]: () => redirect('https://cdn.example.org/c', 307),
      'https://cdn.example.org/c': () => new Response('found'),
    })
    const [draft] = await draftsOf(pages(home, '/a'), world)
    assert.deepEqual(draft?.data, { url: 'https://cdn.example.org/c', body: 'found' })
    assert.deepEqual(world.asked, [`${home}/a Bearer hidden`, `${home}/b Bearer hidden`, 'https://cdn.example.org/c -'])
  })

  for (const [where, words] of [
    ['http://api.example.com/b', /is not https/],
    ['https://127.0.0.1/b', /is private/],
    ['https://[::ffff:10.0.0.1]/b', /is private/],
    ['https://metadata.internal/b', /is private/],
    ['file:///etc/passwd', /: file:\/\/\/etc\/passwd is not https/],
    ['webcal://api.example.com/b', /: webcal:\/\/api\.example\.com\/b is not https/],
    ['https://:bad:/', /invalid URL/],
    ['/a', /is the 6th redirect/],
  ] as const) {
    it(`does not follow a redirect to ${where}`, async () => {
      const world = worldOf({ [`${home}/a`]: () => redirect(where) })
      await assert.rejects(draftsOf(pages(home, '/a'), world), { code: 'TIDINGS_HTTP_BLOCKED', message: words })
      assert.ok(world.asked.every((one) => one.startsWith(`${home}/a `)))
    })
  }

  it('keeps a secret path out of what it says about a redirect to another scheme', async () => {
    const world = worldOf({ [`${home}/a`]: () => redirect('webcal://api.example.com/private-0123') })
    await assert.rejects(draftsOf(pages(home, '/a', {}, true), world), {
      code: 'TIDINGS_HTTP_BLOCKED',
      message: 'stream pages: webcal://api.example.com is not https, and is not asked',
    })
  })

  it('may be redirected on a private network if it lives there', async () => {
    const world = worldOf({
      'http://10.0.0.1/a': () => redirect('http://10.0.0.2/b'),
      'http://10.0.0.2/b': () => new Response('found'),
    })
    const [draft] = await draftsOf(pages('http://10.0.0.1', '/a'), world)
    assert.deepEqual(draft?.data, { url: 'http://10.0.0.2/b', body: 'found' })
  })

  it('sends the query, and does not show it in errors', async () => {
    const world = worldOf({})
    const request = { query: { q: 'a b', page: 2, tag: ['x', 'y'], none: undefined } }
    const failing = draftsOf(pages(home, '/a?key=hidden', request), world)
    await assert.rejects(failing, {
      code: 'TIDINGS_HTTP_FAILED',
      message: `stream pages: GET ${home}/a answered 404: no`,
      details: { status: 404, method: 'GET', url: `${home}/a` },
    })
    assert.match(world.asked[0] ?? '', /\/a\?key=hidden&q=a\+b&page=2&tag=x&tag=y /)
  })

  it('reads text in the charset of the answer', async () => {
    const headers = { 'content-type': 'text/plain; charset=ISO-8859-1' }
    const world = worldOf({ [`${home}/a`]: () => new Response(new Uint8Array([0xe9]), { headers }) })
    const [draft] = await draftsOf(pages(home, '/a'), world)
    assert.deepEqual(draft?.data, { url: `${home}/a`, body: 'é' })
  })

  it('stops reading where the limit is', async () => {
    let sent = 0
    const endless = () =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            sent += 1
            controller.enqueue(new Uint8Array(100))
          },
        }),
      )
    const world = worldOf({ [`${home}/a`]: endless })
    await assert.rejects(draftsOf(pages(home, '/a'), world), { code: 'TIDINGS_RESPONSE_TOO_LARGE' })
    assert.ok(sent < 20, `read ${sent} parts`)
  })
})
