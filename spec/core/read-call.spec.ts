import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readCall } from '../../lib/core/read-call.ts'

const url = 'https://shop.example/'

const form = (): FormData => {
  const data = new FormData()
  data.set('name', 'value')
  return data
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('name=')
  yield Buffer.from('value')
}

describe('what a call of fetch sends', () => {
  const calls: Readonly<Record<string, () => Parameters<typeof fetch>>> = {
    text: () => [url, { method: 'POST', body: 'name=value' }],
    bytes: () => [new URL(url), { method: 'PUT', body: Buffer.from('name=value') }],
    'a Request': () => [new Request(url, { method: 'POST', body: 'name=value' })],
    'a Request and headers': () => [
      new Request(url, { method: 'POST', body: 'name=value' }),
      { headers: { key: '7' } },
    ],
    'a Request whose body is replaced': () => [new Request(url, { method: 'POST', body: 'a' }), { body: 'name=value' }],
    'a stream': () => [url, { method: 'POST', body: new Blob(['name=', 'value']).stream(), duplex: 'half' }],
    'an iterable': () => [url, { method: 'POST', body: pieces() as never, duplex: 'half' }],
  }
  for (const [kind, call] of Object.entries(calls)) {
    it(`is read from ${kind}, and still there for the one who answers`, async () => {
      const { request, body, passed } = await readCall(...call())
      assert.equal(body, 'name=value')
      const answered = new Request(...passed)
      assert.equal(await answered.text(), 'name=value')
      assert.equal(answered.method, request.method)
      assert.equal(answered.headers.get('key'), kind === 'a Request and headers' ? '7' : null)
    })
  }

  it('is the same text for equal forms, and nothing without a body', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => readCall(url, { method: 'POST', body: form() })))
    assert.equal(one?.body, other?.body)
    assert.match(one?.body ?? '', /name="name"\r\n\r\nvalue\r\n/)
    assert.equal((await new Request(...(one?.passed ?? [''])).formData()).get('name'), 'value')
    assert.equal((await readCall(url)).body, '')
  })
})
