import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HttpStreams } from '../../../lib/agent/socket/http-stream.ts'
import { virtualClock } from '../../../lib/testing/virtual-clock.ts'

describe('server-sent events', () => {
  it('have a comment after each 15 s of silence, and no timer once they end', async () => {
    const clock = virtualClock()
    const streams = new HttpStreams(clock)
    let say: (value: object) => void = () => undefined
    async function* values(signal: AbortSignal): AsyncGenerator<object> {
      const ended = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined)))
      for (;;) {
        const value = await Promise.race([new Promise<object>((resolve) => (say = resolve)), ended])
        if (value === undefined) return
        yield value
      }
    }
    const { body, headers } = await streams.answer('all', values, assert.fail, JSON.stringify)
    assert.equal(headers.get('x-accel-buffering'), 'no')
    let text = ''
    const reading = (async () => {
      for await (const chunk of body as ReadableStream<Uint8Array>) text += new TextDecoder().decode(chunk)
    })()
    await clock.advance(14_999)
    assert.equal(text, '')
    await clock.advance(1)
    assert.equal(text, ': ping\n\n')
    say({ seq: 7 })
    await clock.advance(14_000)
    say({ n: 1 })
    await clock.advance(14_000)
    assert.equal(text, ': ping\n\nid: 7\ndata: {"seq":7}\n\ndata: {"n":1}\n\n')
    await clock.advance(31_000)
    assert.match(text, /(: ping\n\n){2}$/)
    streams.end()
    await reading
    assert.equal(clock.timers, 0)
  })
})
