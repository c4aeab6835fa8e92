import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPark, isRetry } from '../../../lib/core/control.ts'
import { hasCode } from '../../../lib/core/errors.ts'
import { send } from '../../../streams/shared/http-handler.ts'
import { localService, type Told } from '../../support/local-service.ts'

const now = Date.UTC(2026, 0, 1)
const delivery = { fetch: globalThis.fetch, signal: new AbortController().signal, now: () => now }

describe('a request of a handler', () => {
  const answered = async (t: { after(work: () => unknown): void }, told: Told) => {
    const service = await localService(t, () => told)
    return send(delivery, 'x.do', { method: 'POST', url: `${service.url}/a?key=secret`, json: { n: 1 } }).catch(
      (error: unknown) => error as Error,
    )
  }

  it('is sent once, with its body and headers', async (t) => {
    const service = await localService(t, () => ({ body: 'ok' }))
    const request = { method: 'PUT', url: `${service.url}/a`, headers: { 'x-a': '1' }, json: { n: 1 } } as const
    const answer = await send(delivery, 'x.do', request)
    assert.equal(answer.text(), 'ok')
    assert.equal(service.asked.length, 1)
    const [asked] = service.asked
    assert.deepEqual([asked?.method, asked?.body, asked?.headers['x-a']], ['PUT', '{"n":1}', '1'])
    assert.equal(asked?.headers['content-type'], 'application/json')
  })

  it('is retried after the time that the service asks for', async (t) => {
    for (const status of [429, 500, 503]) {
      const error = await answered(t, { status, headers: { 'retry-after': '30' } })
      assert.ok(isRetry(error))
      assert.equal(error.after, 30_000)
    }
    const year = 365 * 86_400_000
    for (const clock of [now, now + year, now - year]) {
      const headers = { date: new Date(clock).toUTCString(), 'retry-after': new Date(clock + 5000).toUTCString() }
      const date = await answered(t, { status: 503, headers })
      assert.ok(isRetry(date))
      assert.equal(date.after, 5000)
    }
    const long = await answered(t, { status: 503, headers: { 'retry-after': '99999999999' } })
    assert.ok(isRetry(long))
    assert.equal(long.after, 86_400_000)
  })

  it('fails ordinarily when the service names no time, or gives no answer', async (t) => {
    for (const told of [{ status: 429 }, { status: 500 }, { status: 503, headers: { 'retry-after': 'soon' } }]) {
      const error = await answered(t, told)
      assert.ok(hasCode(error, 'TIDINGS_HTTP_FAILED') && !isPark(error) && !isRetry(error))
    }
    assert.ok(hasCode(await answered(t, { body: 'ok', cut: 1 }), 'TIDINGS_HTTP_FAILED'))
  })

  it('is parked when it would fail again', async (t) => {
    for (const status of [302, 400, 401, 403, 404, 410, 422]) {
      const error = await answered(t, { status, body: 'no\nsuch  thing', headers: { location: 'http://127.0.0.1:1/' } })
      assert.ok(isPark(error), String(status))
      assert.match(error.message, new RegExp(`x.do: POST http://127.0.0.1:\\d+/a answered ${status} .*: no such thing`))
      assert.doesNotMatch(error.message, /secret/)
    }
  })

  it('is parked whatever the size of the answer that refuses it', async (t) => {
    const error = await answered(t, { status: 404, body: 'x'.repeat(2 * 1024 * 1024) })
    assert.ok(isPark(error))
  })

  it('has succeeded before its answer is read, if the handler does not need that', async (t) => {
    const service = await localService(t, () => ({ body: 'x'.repeat(2 * 1024 * 1024) }))
    const request = { method: 'POST', url: service.url } as const
    assert.equal((await send(delivery, 'x.do', { ...request, ignoresAnswer: true })).text(), '')
    await assert.rejects(send(delivery, 'x.do', request), { code: 'TIDINGS_RESPONSE_TOO_LARGE' })
  })

  it('ends with the signal of the delivery', async (t) => {
    const service = await localService(t, () => ({ hang: true }))
    const controller = new AbortController()
    const sent = send({ ...delivery, signal: controller.signal }, 'x.do', { method: 'POST', url: service.url })
    const reason = new Error('time is up')
    setImmediate(() => controller.abort(reason))
    await assert.rejects(sent, reason)
  })
})
