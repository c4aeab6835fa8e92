import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Stream } from '../../lib/index.ts'
import { calendar } from '../../streams/calendar.ts'
import { feed } from '../../streams/feed.ts'
import { http } from '../../streams/http.ts'
import { web } from '../../streams/web.ts'
import { localService, type Told } from '../support/local-service.ts'
import { draftsOf } from '../support/watch-stream.ts'

const event = 'BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T000500Z\r\nSUMMARY:Tea\r\nEND:VEVENT'
const bodies: Readonly<Record<string, Told>> = {
  '/proxy/feed.xml?full=1': {
    body: '<rss version="2.0"><channel><title>A</title><item><guid>1</guid><title>One</title></item></channel></rss>',
  },
  '/proxy/page?full=1': { body: '<p>One</p>', headers: { 'content-type': 'text/html' } },
  '/proxy/items?full=1': { body: [{ id: 1 }] },
  '/proxy/home.ics?full=1': { body: `BEGIN:VCALENDAR\r\nVERSION:2.0\r\n${event}\r\nEND:VCALENDAR\r\n` },
}

const streams: readonly [path: string, stream: (url: string, baseUrl?: string) => Stream][] = [
  ['/feed.xml?full=1', (url, baseUrl) => feed({ url, ...(baseUrl === undefined ? {} : { baseUrl }) })],
  ['/page?full=1', (url, baseUrl) => web({ url, ...(baseUrl === undefined ? {} : { baseUrl }) })],
  ['/items?full=1', (url, baseUrl) => http({ url, identifier: 'id', ...(baseUrl === undefined ? {} : { baseUrl }) })],
  ['/home.ics?full=1', (url, baseUrl) => calendar({ url, ...(baseUrl === undefined ? {} : { baseUrl }) })],
]

describe('a stream with a server that stands in for the one in its url', () => {
  for (const [path, stream] of streams) {
    it(`asks that one for ${path}, and publishes what the other would make it publish`, async (t) => {
      const service = await localService(t, ({ path, query }) => bodies[`${path}?${query}`] ?? { status: 404 })
      const now = () => Date.UTC(2026, 0, 1)
      const told = await draftsOf(stream(`https://home.example${path}`, `${service.url}/proxy/`), { now })
      assert.ok(told.length > 0)
      const answer = bodies[`/proxy${path}`]
      const fetch = async () =>
        new Response(typeof answer?.body === 'string' ? answer.body : JSON.stringify(answer?.body), {
          headers: answer?.headers ?? {},
        })
      const usual = await draftsOf(stream(`https://home.example${path}`), { now, fetch })
      assert.deepEqual(
        told.map(({ type, identifier }) => `${type} ${identifier}`),
        usual.map(({ type, identifier }) => `${type} ${identifier}`),
      )
    })
  }
})
