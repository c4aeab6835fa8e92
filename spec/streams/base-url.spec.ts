import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Stream } from '../../lib/index.ts'
import { calendar } from '../../streams/calendar.ts'
import { feed } from '../../streams/feed.ts'
import { http } from '../../streams/http.ts'
import { web } from '../../streams/web.ts'
import { type Asked, localService, type Told } from '../support/local-service.ts'
import { draftsOf, secretsOf } from '../support/watch-stream.ts'

const event = 'BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T000500Z\r\nSUMMARY:Tea\r\nEND:VEVENT'
const bodies: Readonly<Record<string, Told>> = {
  '/proxy/feed.xml?full=1': {
    body: '<rss version="2.0"><channel><title>A</title><item><guid>1</guid><title>One</title></item></channel></rss>',
  },
  '/proxy/page?full=1': { body: '<p>One</p>', headers: { 'content-type': 'text/html' } },
  '/proxy/items?full=1': { body: [{ id: 1 }] },
  '/proxy/home.ics?full=1': { body: `BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${event}\r\nEND:VCALENDAR\r\n` },
}

type Options = { readonly url: string; readonly baseUrl?: string; readonly token?: string }

const streams: readonly [path: string, stream: (options: Options) => Stream][] = [
  ['/feed.xml?full=1', (options) => feed(options)],
  ['/page?full=1', (options) => web(options)],
  ['/items?full=1', (options) => http({ ...options, identifier: 'id' })],
  ['/home.ics?full=1', (options) => calendar(options)],
]

const now = () => Date.UTC(2026, 0, 1)
const answers = ({ path, query }: Asked): Told => bodies[`${path}?${query}`] ?? { status: 404 }

describe('a stream with a server that stands in for the one in its url', () => {
  for (const [path, stream] of streams) {
    it(`asks that one for ${path}, and publishes what the other would make it publish`, async (t) => {
      const service = await localService(t, answers)
      const url = `https://home.example${path}`
      const told = await draftsOf(stream({ url, baseUrl: `${service.url}/proxy/` }), { now })
      assert.ok(told.length > 0)
      const answer = bodies[`/proxy${path}`]
      const fetch = async () =>
        new Response(typeof answer?.body === 'string' ? answer.body : JSON.stringify(answer?.body), {
          headers: answer?.headers ?? {},
        })
      const usual = await draftsOf(stream({ url }), { now, fetch })
      assert.deepEqual(
        told.map(({ type, identifier }) => `${type} ${identifier}`),
        usual.map(({ type, identifier }) => `${type} ${identifier}`),
      )
    })
  }
})

describe('a stream with a token', () => {
  for (const [path, stream] of streams) {
    it(`sends it when it asks for ${path}, and to no other server`, async (t) => {
      const other = await localService(t, answers)
      const service = await localService(t, () => ({
        status: 302,
        headers: { location: `${other.url}/proxy${path}` },
      }))
      const told = await draftsOf(stream({ url: `${service.url}${path}`, token: 'MINE' }), {
        now,
        secret: secretsOf({ MINE: 'xyz' }),
      })
      assert.ok(told.length > 0)
      assert.deepEqual(
        [service, other].map(({ asked }) => asked.map(({ headers }) => headers.authorization)),
        [['Bearer xyz'], [undefined]],
      )
    })
  }
})
