import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPark, isRetry } from '../../lib/core/control.ts'
import { type HttpPostOptions, http } from '../../streams/http.ts'
import { deliveryOf, outcomeOf, storedEvent } from '../support/delivery.ts'
import { localService } from '../support/local-service.ts'
import { secretsOf } from '../support/watch-stream.ts'

const event = storedEvent('test.asked', { n: 1 })
const delivery = deliveryOf({ secret: secretsOf({ TOKEN: 'hidden' }) }, event)

describe('http.post', () => {
  it('sends the event as JSON, with the key of the delivery and the token', async (t) => {
    const service = await localService(t, () => ({}))
    await http.post({ url: `${service.url}/a` }, { token: 'TOKEN' })(event, delivery)
    const [{ method, path, headers, body } = assert.fail()] = service.asked
    assert.deepEqual([method, path, headers.authorization], ['POST', '/a', 'Bearer hidden'])
    assert.equal(headers['idempotency-key'], delivery.key)
    assert.equal(headers['content-type'], 'application/json')
    assert.deepEqual(JSON.parse(body), event)
  })

  it('sends what a function makes of the event', async (t) => {
    const service = await localService(t, () => ({}))
    const post = http.post(
      async ({ data }: typeof event) => ({
        url: `${service.url}/${data.n}`,
        method: 'PUT',
        body: 'x',
        headers: { 'Content-Type': 'a/b' },
      }),
      { keyHeader: 'X-Request-Id' },
    )
    await post(event, delivery)
    const [{ method, path, headers, body } = assert.fail()] = service.asked
    assert.deepEqual([method, path, body, headers['content-type']], ['PUT', '/1', 'x', 'a/b'])
    assert.equal(headers['x-request-id'], delivery.key)
    await http.post(() => ({ url: service.url, json: null }))(event, delivery)
    assert.equal(service.asked[1]?.body, 'null')
  })

  it('parks what the service refuses, without what follows the path', async (t) => {
    const service = await localService(t, () => ({ status: 422, body: 'no such thing' }))
    const error = await outcomeOf(http.post({ url: `${service.url}/a?key=hidden` })(event, delivery))
    assert.ok(isPark(error))
    assert.match(error.message, /http\.post: POST .*\/a answered 422 .*: no such thing/)
    assert.doesNotMatch(error.message, /hidden/)
  })

  it('is retried when the service asks for it', async (t) => {
    const service = await localService(t, () => ({ status: 429, headers: { 'retry-after': '3' } }))
    const error = await outcomeOf(http.post({ url: service.url })(event, delivery))
    assert.ok(isRetry(error) && error.after === 3000)
  })

  for (const url of ['', 'file:///etc/passwd', 'nowhere', undefined]) {
    it(`parks an event that leads to ${url}`, async () => {
      const error = await outcomeOf(http.post(() => ({ url: url as string }))(event, delivery))
      assert.ok(isPark(error))
      assert.match(error.message, /http\.post: expected an http or https address/)
    })
  }

  it('refuses what cannot be a request', () => {
    const code = 'TIDINGS_LISTENER_INVALID'
    assert.throws(() => http.post({ url: 'nowhere' }), { code })
    assert.throws(() => http.post(undefined as never), { code })
    const options = { tokn: 'X' } as HttpPostOptions
    assert.throws(() => http.post({ url: 'https://x.example' }, options), { code, message: /did you mean "token"/ })
  })
})
