import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { github, openHook, post, standard, stripe } from '../hook-service.ts'

const NOW = Date.UTC(2026, 0, 1)

/** In ms. */
const HOUR = 3_600_000

describe('a hook and its senders', () => {
  it('lets the agent stop while senders hang, before and within a webhook', async (t) => {
    const { url, running, events } = await openHook(t, { from: 'github', secret: 'GITHUB' })
    const { port, hostname } = new URL(url)
    const ended: Promise<string>[] = []
    for (const sent of ['', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc']) {
      const socket = connect(Number(port), hostname)
      socket.setEncoding('utf8').on('error', () => undefined)
      let all = ''
      socket.on('data', (part: string) => (all += part))
      ended.push(new Promise((resolve) => socket.on('close', () => resolve(all))))
      await new Promise<void>((resolve) => socket.write(sent === '' ? ' ' : sent, () => resolve()))
    }
    // They do not keep others out.
    assert.equal((await post(url, github({ n: 1 }))).status, 200)
    await running.stop()
    const [, half] = await Promise.all(ended)
    assert.match(half ?? '', /^HTTP\/1\.1 503 /)
    assert.equal((await events()).length, 1)
  })

  it('publishes each webhook again, once, that its sender gives another identifier', async (t) => {
    const { url, events } = await openHook(t, { from: 'github', secret: 'GITHUB' })
    const bodies = Array.from({ length: 25 }, (_, n) => ({ n }))
    // A pushed event has nothing to compare with, so there is no flood: the identifier is all that tells webhooks apart.
    for (const prefix of ['old', 'new', 'new']) {
      for (const body of bodies) assert.equal((await post(url, github(body, `${prefix}-${body.n}`))).status, 200)
    }
    const ids = (await events()).map(({ identifier }) => identifier)
    assert.equal(ids.length, 50)
    assert.equal(new Set(ids).size, 50)
  })

  for (const [where, skew] of [
    ['ahead', 5 * HOUR],
    ['behind', -5 * HOUR],
  ] as const) {
    it(`refuses what a sender signed by a clock that is ${where}, and takes it when the clocks agree`, async (t) => {
      for (const [from, sign] of [
        ['stripe', (seconds: number) => stripe({ id: 'evt_1' }, seconds)],
        ['standard', (seconds: number) => standard({ n: 1 }, seconds)],
      ] as const) {
        const time = { now: NOW }
        const { url, events } = await openHook(t, { from, secret: from.toUpperCase() }, { now: () => time.now })
        const sent = sign((NOW + skew) / 1000)
        assert.equal((await post(url, sent)).status, 401)
        // Either clock is set.
        assert.equal((await post(url, sign(NOW / 1000))).status, 200)
        time.now = NOW + skew
        assert.equal((await post(url, sent)).status, 200)
        assert.equal((await events()).length, 1)
      }
    })
  }
})
