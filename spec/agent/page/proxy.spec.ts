import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { job } from '../../../lib/job/job.ts'
import { manual } from '../../../lib/schedule/index.ts'
import { notes } from '../../support/agent-harness.ts'
import { until } from '../../support/until.ts'
import { visit, visited, visiting } from './visit.ts'

const BASE = '/ops/tidings/'

/** A proxy that serves a page below a path, with TLS before it. Resolves to where it listens. */
async function proxy(t: TestContext, port: number, keepsHost: boolean, further = {}): Promise<string> {
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, ...further, ...(keepsHost ? {} : { host: `127.0.0.1:${port}` }) }
    const path = `/${incoming.url?.slice(BASE.length)}`
    const asked = request(
      { host: '127.0.0.1', port, path, method: incoming.method, headers, agent: false },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 0, answer.headers).flushHeaders()
        answer.pipe(outgoing).once('close', () => answer.destroy())
      },
    )
    asked.on('error', () => outgoing.destroy())
    incoming.pipe(asked)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const parts = [job('make', manual(), ({ publish }) => publish('made', '1', 1))]

describe('the page behind a proxy', () => {
  for (const keepsHost of [true, false]) {
    it(`works below any path, if ${keepsHost ? 'its name is passed on' : 'it is asked as the proxy knows it'}`, async (t) => {
      const here = await visited(t, parts, { allowedHosts: ['tidings.example'] })
      const at = await proxy(t, here.page.port, keepsHost)
      const browser = { host: 'tidings.example', 'sec-fetch-site': 'same-origin' }
      const entry = await visit(at, `${BASE}?token=${here.token}`, browser)
      const set = entry.headers['set-cookie']?.[0] ?? ''
      // Relative to the path that the browser sees, as the cookie is.
      assert.deepEqual([entry.status, entry.headers.location], [303, './'])
      assert.doesNotMatch(set, /path|domain|secure/i)
      const cookie = set.split(';')[0] ?? ''
      const index = await visit(at, BASE, { ...browser, cookie })
      assert.equal(index.status, 200)
      assert.doesNotMatch(index.text, /(src|href)="\//)
      const stream = await visiting(at, `${BASE}api/events/follow?after=0`, { ...browser, cookie })
      assert.equal(stream.headers['x-accel-buffering'], 'no')
      let text = ''
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      const act = {
        ...browser,
        cookie,
        origin: 'https://tidings.example',
        'x-tidings': '1',
        'content-type': 'application/json',
      }
      const ran = await visit(at, `${BASE}api/jobs/run`, act, '{"name":"make"}')
      assert.equal(ran.status, 200, ran.text)
      await until(() => /data: .*"made"/.test(text), 'the event')
      stream.destroy()
      const evil = await visit(at, `${BASE}api/jobs/run`, { ...act, origin: 'https://evil.example' }, '{"name":"make"}')
      assert.equal(evil.status, 403)
      assert.deepEqual(here.ran, ['events.follow', 'jobs.run'])
    })
  }

  it('is refused a name that is not allowed', async (t) => {
    const here = await visited(t)
    const at = await proxy(t, here.page.port, true)
    assert.equal((await visit(at, `${BASE}?token=${here.token}`, { host: 'tidings.example' })).status, 421)
  })

  it('believes what the proxy says only if asked to', async (t) => {
    const said = { 'x-forwarded-proto': 'https', 'x-forwarded-user': 'mara' }
    for (const trustProxy of [false, true]) {
      const logger = notes()
      const here = await visited(t, parts, { trustProxy, logger })
      const at = await proxy(t, here.page.port, false, said)
      const entry = await visit(at, `${BASE}?token=${here.token}`)
      assert.equal(entry.headers['set-cookie']?.[0]?.endsWith('; Secure'), trustProxy)
      const act = { authorization: `Bearer ${here.token}`, 'content-type': 'application/json' }
      await visit(at, `${BASE}api/jobs/run`, act, '{"name":"make"}')
      assert.deepEqual(logger.said('asked'), [
        { operation: 'jobs.run', question: { name: 'make' }, by: trustProxy ? 'mara' : 'script' },
      ])
    }
  })
})
