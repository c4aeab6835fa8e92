import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { page } from '../../../lib/agent/page/page.ts'
import { operations } from '../../../lib/agent/peers/operations-on.ts'
import { memoryLog } from '../../../lib/level/open-log.ts'
import { notes } from '../../support/agent-harness.ts'
import { until } from '../../support/until.ts'
import { acting, raw, visit, visited, visiting } from './visit.ts'

describe('the server of the page', () => {
  it('listens on the loopback alone', async (t) => {
    const { page: served, host } = await visited(t)
    assert.equal(
      served.address,
      `http://127.0.0.1:${served.port}/?token=${new URL(served.address).searchParams.get('token')}`,
    )
    assert.equal((await visit(host, '/')).status, 401)
    await assert.rejects(
      new Promise((resolve, reject) => {
        // All of 127.0.0.0/8 is the loopback, but only one address of it is ours.
        connect(served.port, '127.0.0.2').once('connect', resolve).once('error', reject)
      }),
      { code: 'ECONNREFUSED' },
    )
  })

  it('names the port that another program has', async (t) => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    t.after(() => other.close())
    const { port } = other.address() as { port: number }
    await using log = await memoryLog()
    await assert.rejects(page(operations(log), { agent: 'home', port }), {
      code: 'TIDINGS_LISTEN_FAILED',
      message: `the page can't open port ${port} of 127.0.0.1: another program listens there; choose another, or 0 for any`,
      details: { host: '127.0.0.1', port },
    })
  })

  it('chooses a port if none is given', async (t) => {
    await using log = await memoryLog()
    const [one, other] = [await page(operations(log), { agent: 'a' }), await page(operations(log), { agent: 'b' })]
    t.after(() => Promise.all([one.close(), other.close()]))
    assert.notEqual(one.port, other.port)
  })

  it('opens to other machines only by names', async () => {
    await using log = await memoryLog()
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'box.lan'])
      await assert.rejects(page(operations(log), { agent: 'home', port: 0, host }), {
        code: 'TIDINGS_PAGE_INVALID',
        message: /--ui-host \S+ needs --ui-allowed-hosts/,
      })
    for (const name of ['http://a.example', 'a.example/', '*.example', 'a.example:x', ''])
      await assert.rejects(page(operations(log), { agent: 'home', port: 0, allowedHosts: [name] }), {
        code: 'TIDINGS_PAGE_INVALID',
      })
  })

  it('answers there to those names, without the header that browsers send only to trusted places', async (t) => {
    const here = await visited(t, [], { host: '0.0.0.0', allowedHosts: ['Box.lan:7433'] })
    const headers: Record<string, string> = { ...acting(here), host: 'box.lan:7433', origin: 'http://box.lan:7433' }
    delete headers['sec-fetch-site']
    assert.match((await visit(here.host, '/api/reload', headers, '{}')).text, /does not load its agent again/)
    assert.deepEqual(here.ran, ['reload'])
    assert.equal((await visit(here.host, '/', { ...headers, host: 'box.lan' })).status, 421)
    assert.equal((await visit(here.host, '/', { ...headers, host: `0.0.0.0:${here.page.port}` })).status, 421)
  })

  it('gives up requests that are slow to arrive, before any operation runs', { timeout: 60_000 }, async (t) => {
    const here = await visited(t, [], { patience: { head: 200, whole: 400 } })
    const head = Object.entries({ host: here.host, ...acting(here), 'content-length': '100' })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
    const slow = [`POST /api/reload HTTP/1.1\r\n${head}`, `POST /api/reload HTTP/1.1\r\n${head}\r\n{`, '']
    const answers = await Promise.all(slow.map((text) => raw(here.host, text)))
    for (const answer of answers) assert.match(answer, /^HTTP\/1\.1 408 /)
    assert.deepEqual(here.ran, [])
  })

  it('has a bounded number of connections', { timeout: 60_000 }, async (t) => {
    const { page: served, host } = await visited(t)
    const sockets: Socket[] = []
    t.after(async () => {
      for (const socket of sockets) socket.destroy()
      await until(() => closed === sockets.length, 'the end of all')
    })
    let closed = 0
    for (let i = 0; i < 110; i++) {
      const socket = connect(served.port, '127.0.0.1')
      socket
        .on('error', () => undefined)
        .on('close', () => closed++)
        .resume()
      sockets.push(socket)
    }
    await until(() => closed >= 9, 'more connections to be closed')
    for (const socket of sockets.slice(0, 50)) socket.destroy()
    await until(
      () =>
        visit(host, '/').then(
          ({ status }) => status === 401,
          () => false,
        ),
      'an answer',
    )
  })

  it('has headers on every answer that keep other pages out', async (t) => {
    const { host, cookie } = await visited(t)
    for (const path of ['/', '/nothing', '/api/status', '/api/nothing', '/%']) {
      const { headers } = await visit(host, path, { cookie })
      assert.equal(
        headers['content-security-policy'],
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; " +
          "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      )
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['referrer-policy'], 'no-referrer')
      assert.equal(headers['access-control-allow-origin'], undefined)
      if (path.startsWith('/api')) assert.equal(headers['cache-control'], 'no-store')
    }
  })

  it('ends what follows the log when it closes', async (t) => {
    const here = await visited(t)
    const text = await following(here.host, here.cookie, t)
    await here.log.accept([{ type: 't', identifier: 'before', data: 1 }])
    await until(() => /"before"/.test(text.of), 'the event')
    await here.page.close()
    await until(() => text.ended, 'the end of the answer')
    await assert.rejects(visit(here.host, '/'), { code: 'ECONNREFUSED' })
  })

  it('logs who acts and who is refused, and lets no visitor act while it is read-only', async (t) => {
    const logger = notes()
    let isResting = true
    const here = await visited(t, [], { logger, readOnly: () => isResting })
    const act = () => visit(here.host, '/api/jobs/pause', acting(here), '{"name":"nothing"}')
    assert.equal((await act()).status, 403)
    assert.deepEqual(here.ran, [])
    assert.match((await visit(here.host, '/api/page', { cookie: here.cookie })).text, /"readOnly":true/)
    assert.deepEqual(logger.said('request refused'), [{ status: 403, reason: 'this page is read-only' }])
    isResting = false
    assert.equal((await act()).status, 400)
    const bearer = { authorization: `Bearer ${here.token}`, 'content-type': 'application/json' }
    await visit(here.host, '/api/parked/retry', bearer, JSON.stringify({ listener: 'x'.repeat(2000) }))
    assert.deepEqual(here.ran, ['jobs.pause', 'parked.retry'])
    const [first, second] = logger.said('asked')
    assert.deepEqual(first, { operation: 'jobs.pause', question: { name: 'nothing' }, by: 'page' })
    assert.deepEqual([second?.operation, second?.by], ['parked.retry', 'script'])
    assert.match(String(second?.question), /^\{"listener":"x{900,990}…$/)
  })
})

/** What comes of an answer that follows the log. */
async function following(host: string, cookie: string, t: TestContext): Promise<{ of: string; ended: boolean }> {
  const response = await visiting(host, '/api/events/follow?after=0', { cookie })
  t.after(() => response.destroy())
  assert.equal(response.headers['content-type'], 'text/event-stream')
  const text = { of: '', ended: false }
  response.setEncoding('utf8').on('data', (chunk: string) => (text.of += chunk))
  response.on('close', () => (text.ended = true)).on('error', () => undefined)
  return text
}
