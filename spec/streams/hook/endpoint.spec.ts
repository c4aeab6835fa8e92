import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { type EndpointOptions, type Reply, serveEndpoint } from '../../../streams/hook/endpoint.ts'
import { until } from '../../support/until.ts'
import { bytes, post } from '../hook-service.ts'

/** An endpoint that answers 200 with the length of the body, unless told otherwise. */
async function open(
  t: { after(work: () => unknown): void },
  options: Partial<EndpointOptions> = {},
  receive?: (body: Buffer) => Promise<Reply>,
) {
  let url = ''
  const stop = new AbortController()
  const ended = serveEndpoint({ port: 0, host: '127.0.0.1', path: '/hook', maxBytes: 1000, ...options }, stop.signal, {
    opened: (at) => (url = at),
    receive: ({ body }) => receive?.(body) ?? Promise.resolve({ status: 200, text: String(body.length) }),
  })
  t.after(async () => {
    stop.abort()
    await ended.catch(() => undefined)
  })
  await until(() => url !== '', 'the endpoint to open')
  return { url, stop, ended, port: Number(new URL(url).port) }
}

/** A connection on which a test writes by itself. */
function dial(t: { after(work: () => unknown): void }, port: number): { socket: Socket; all: Promise<string> } {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  return { socket, all: text(socket).catch((error: Error) => error.message) }
}

const HEAD = 'POST /hook HTTP/1.1\r\nhost: x\r\n'

describe('the endpoint of the hook stream', () => {
  it('answers POST on its path alone', async (t) => {
    const { url } = await open(t)
    const ask = async (path: string, method: string): Promise<number> =>
      (await post(new URL(path, url).href, {}, method)).status
    assert.equal(await ask('/hook', 'POST'), 200)
    assert.equal(await ask('/hook?x=1', 'POST'), 200)
    assert.equal(await ask('/', 'POST'), 404)
    assert.equal(await ask('/hook/', 'POST'), 404)
    assert.equal(await ask('/HOOK', 'POST'), 404)
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) assert.equal(await ask('/hook', method), 405)
    assert.equal((await post(url, {}, 'GET')).headers.allow, 'POST')
  })

  it('passes the body on as it came', async (t) => {
    const seen: Buffer[] = []
    const { url } = await open(t, {}, async (body) => {
      seen.push(body)
      return { status: 200, text: 'fine' }
    })
    const body = Buffer.from([0, 0xff, 0x0a, 0x0d, 0xc3])
    await post(url, { body })
    assert.deepEqual(seen, [body])
  })

  it('refuses a body that is too large, whether its length is announced or not', async (t) => {
    const { url, port } = await open(t)
    assert.equal((await post(url, { body: Buffer.alloc(1000) })).status, 200)
    const reply = await post(url, { body: Buffer.alloc(1001) })
    assert.deepEqual([reply.status, reply.text], [413, 'larger than 1000 bytes\n'])
    assert.equal((await post(url, { body: Buffer.alloc(5_000_000) })).status, 413)
    const { socket, all } = dial(t, port)
    socket.write(`${HEAD}transfer-encoding: chunked\r\nconnection: close\r\n\r\n`)
    for (let i = 0; i < 3; i++) socket.write(`190\r\n${'x'.repeat(400)}\r\n`)
    socket.write('0\r\n\r\n')
    assert.match(await all, /^HTTP\/1.1 413 /)
  })

  it('cuts off a sender that is too slow, with its headers or its body', async (t) => {
    const { url, port } = await open(t, { patience: { headers: 200, request: 400 } })
    const [slowHead, slowBody] = [dial(t, port), dial(t, port)]
    slowHead.socket.write('POST /hook HTTP/1.1\r\nx-a')
    slowBody.socket.write(`${HEAD}content-length: 10\r\n\r\nabc`)
    assert.match(await slowHead.all, /^HTTP\/1.1 408 /)
    assert.match(await slowBody.all, /^HTTP\/1.1 408 /)
    assert.equal((await post(url)).status, 200)
  })

  it('answers 503 beyond the number of requests at once, and recovers', async (t) => {
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    const { url } = await open(t, { most: 2 }, async () => {
      await gate
      return { status: 200, text: 'late' }
    })
    const slow = [post(url), post(url)]
    await until(async () => (await Promise.race([post(url), slow[0]]))?.status === 503)
    release()
    assert.deepEqual(
      (await Promise.all(slow)).map(({ status }) => status),
      [200, 200],
    )
    await until(async () => (await post(url)).status === 200)
  })

  it('frees the place of a sender that hangs up', async (t) => {
    const { url, port } = await open(t, { most: 1 })
    const { socket, all } = dial(t, port)
    socket.write(`${HEAD}content-length: 10\r\n\r\nabc`)
    await until(async () => (await post(url)).status === 503)
    socket.destroy()
    await all
    await until(async () => (await post(url)).status === 200)
  })

  it('answers what it has when it stops, and takes no more', async (t) => {
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (release = resolve))
    let received = 0
    const { url, stop, ended, port } = await open(t, {}, async () => {
      received += 1
      await gate
      return { status: 200, text: 'stored' }
    })
    const half = dial(t, port)
    const idle = dial(t, port)
    half.socket.write(`${HEAD}content-length: 10\r\n\r\nabc`)
    const whole = post(url, { body: bytes('{}') })
    await until(() => received === 1)
    stop.abort()
    assert.match(await half.all, /^HTTP\/1.1 503 [^]*connection: close/)
    await assert.rejects(post(url), { code: 'ECONNREFUSED' })
    release()
    const reply = await whole
    assert.deepEqual([reply.status, reply.text], [200, 'stored\n'])
    await ended
    await idle.all
  })

  it('closes with the error of a receiver that rejects, after an answer', async (t) => {
    const { url, ended } = await open(t, {}, () => Promise.reject(new Error('no more')))
    const failed = assert.rejects(ended, /no more/)
    assert.equal((await post(url)).status, 503)
    await failed
  })

  it('survives what is not HTTP', async (t) => {
    const { url, port } = await open(t)
    for (const junk of ['\x16\x03\x01\x02\x00', 'GET\r\n\r\n', `${HEAD}x: ${'y'.repeat(70_000)}\r\n\r\n`]) {
      const { socket, all } = dial(t, port)
      socket.on('error', () => undefined)
      socket.end(junk)
      assert.match(await all, /^HTTP\/1.1 4\d\d |^$|ECONNRESET/)
    }
    assert.equal((await post(url)).status, 200)
  })

  it('says why a port can not be opened', async () => {
    const use = { opened: () => undefined, receive: () => Promise.reject(new Error('nothing arrives')) }
    const at = (host: string) =>
      serveEndpoint({ port: 1, host, path: '/', maxBytes: 1 }, new AbortController().signal, use)
    await assert.rejects(at('192.0.2.1'), {
      code: 'TIDINGS_LISTEN_FAILED',
      message: "stream hook: port 1 of 192.0.2.1 can't be opened: this machine does not have that address",
    })
  })

  it('does not open when it has stopped before', async () => {
    const use = { opened: () => assert.fail('it opened'), receive: () => Promise.reject(new Error('nothing arrives')) }
    await serveEndpoint({ port: 0, host: '127.0.0.1', path: '/', maxBytes: 1 }, AbortSignal.abort(), use)
  })
})
