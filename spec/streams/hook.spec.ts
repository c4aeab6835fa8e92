import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { lastValueFrom } from 'rxjs'
import { type Log, runOnce, TidingsError } from '../../lib/index.ts'
import { type HookOptions, hook, type Received } from '../../streams/hook.ts'
import { wrap } from '../support/agent-harness.ts'
import { until } from '../support/until.ts'
import { example, github, keys, openHook, post, type Sent, standard, stripe } from './hook-service.ts'

const AT = 1_700_000_000
const now = (): number => AT * 1000

/** Each provider: its options, and how it signs the happening with this number. */
const senders: Readonly<Record<'github' | 'stripe' | 'standard', (n: number, text?: string) => Sent>> = {
  github: (n, text = '') => github({ n, text }, `id-${n}`, 'push'),
  stripe: (n, text = '') => stripe({ id: `id-${n}`, type: 'push', n, text }, AT),
  standard: (n, text = '') => standard({ type: 'push', n, text }, AT, `id-${n}`),
}
const names = Object.keys(senders) as (keyof typeof senders)[]

/** A webhook with a single byte changed: each byte that is signed, or part of the signature, in turn. */
function* changedIn({ headers, body }: Sent, mask: number): Generator<Sent> {
  const signed = ['x-hub-signature-256', 'stripe-signature', 'webhook-id', 'webhook-timestamp', 'webhook-signature']
  const flipped = (original: Buffer, at: number): Buffer => {
    const changed = Buffer.from(original)
    changed[at] = (changed[at] as number) ^ mask
    return changed
  }
  for (let at = 0; at < body.length; at++) yield { headers, body: flipped(body, at) }
  for (const name of signed) {
    const original = Buffer.from(headers[name] ?? '')
    // The signature of an older scheme follows that of Stripe, and does not count.
    const length = name === 'stripe-signature' ? original.indexOf(',v0=') : original.length
    for (let at = 0; at < length; at++) {
      const changed = flipped(original, at)
      // Headers are printable, and a space at an end does not belong to them.
      if (changed.every((byte) => byte > 0x20 && byte < 0x7f)) {
        yield { headers: { ...headers, [name]: changed.toString() }, body }
      }
    }
  }
}

describe('the hook stream', () => {
  for (const from of names) {
    const options = { from, secret: from.toUpperCase() }
    const send = senders[from]

    it(`publishes each webhook of ${from} once, by its sender's identifier`, async (t) => {
      const { url, events } = await openHook(t, options, { now })
      assert.deepEqual(
        [await post(url, send(1)), await post(url, send(2))].map(({ status }) => status),
        [200, 200],
      )
      const again = await post(url, send(1))
      assert.deepEqual([again.status, again.text], [200, 'duplicate\n'])
      const stored = await events()
      assert.deepEqual(
        stored.map(({ type, identifier }) => [type, identifier]),
        [
          ['hook.received', 'id-1'],
          ['hook.received', 'id-2'],
        ],
      )
      const data = stored[0]?.data as Received
      assert.deepEqual([data.from, data.delivery, data.event], [from, 'id-1', 'push'])
      assert.equal((data.body as { n: number }).n, 1)
      assert.equal(data.sent, from === 'github' ? undefined : new Date(now()).toISOString())
    })

    it(`answers one new and many duplicates when ${from} sends the same at once`, async (t) => {
      const { url, events } = await openHook(t, options, { now })
      const replies = await Promise.all(Array.from({ length: 20 }, () => post(url, send(1))))
      assert.equal(replies.filter(({ status, text }) => status === 200 && text === 'new\n').length, 1)
      assert.equal(replies.filter(({ status, text }) => status === 200 && text === 'duplicate\n').length, 19)
      assert.equal((await events()).length, 1)
    })

    it(`refuses a webhook of ${from} with any byte changed`, { timeout: 60_000 }, async (t) => {
      const { url, events } = await openHook(t, options, { now })
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(1, 2, 4, 8, 16, 32, 255), fc.string({ maxLength: 30 }), async (mask, text) => {
          for (const forged of changedIn(send(1, text), mask)) {
            const reply = await post(url, forged)
            assert.deepEqual([reply.status, reply.text], [401, 'not accepted\n'])
          }
        }),
        { numRuns: 2 },
      )
      assert.deepEqual(await events(), [])
    })

    it(`refuses a webhook of ${from} without a signature, or with that of another secret`, async (t) => {
      const { url, events, notes } = await openHook(t, options, { now })
      const { headers, body } = send(1)
      const wrong = { github: github('{}', 'd', 'push', 'x'), stripe: stripe('{}', AT, 'x') }
      const others = { ...wrong, standard: standard('{}', AT, 'd', 'whsec_AAAA') }
      for (const sent of [{ body }, { headers: {}, body }, others[from]]) {
        assert.deepEqual((({ status, text }) => [status, text])(await post(url, sent)), [401, 'not accepted\n'])
      }
      const bare = Object.fromEntries(Object.entries(headers).filter(([name]) => !name.includes('signature')))
      assert.equal((await post(url, { headers: bare, body })).status, 401)
      assert.deepEqual(await events(), [])
      // One line for all of them, with the reason.
      assert.equal(notes.said('webhook refused').length, 1)
      assert.doesNotMatch(JSON.stringify(notes.lines), /Everybody|whsec_|MfKQ/)
    })
  }

  it('accepts the published examples of GitHub and Standard Webhooks', async (t) => {
    const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'
    const headers = { 'x-hub-signature-256': signature, 'x-github-delivery': 'd', 'x-github-event': 'ping' }
    const first = await openHook(t, { from: 'github', secret: 'GITHUB' })
    // The signature is right; the example is not JSON.
    const reply = await post(first.url, { headers, body: Buffer.from('Hello, World!') })
    assert.deepEqual([reply.status, reply.text], [400, 'the body is not JSON\n'])

    const second = await openHook(t, { from: 'standard', secret: 'STANDARD' }, { now: () => 1_614_265_330_000 })
    const sent = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    }
    const body = Buffer.from('{"test": 2432232314}')
    assert.equal((await post(second.url, { headers: sent, body })).status, 200)
  })

  it('accepts requests within the tolerance alone, by the clock of the run', async (t) => {
    for (const [sign, from] of [
      [(at: number) => stripe({ id: `s${at}` }, at), 'stripe'],
      [(at: number) => standard({}, at, `s${at}`), 'standard'],
    ] as const) {
      const { url } = await openHook(t, { from, secret: from.toUpperCase(), tolerance: '1m' }, { now })
      const statuses: number[] = []
      for (const off of [-61, -60, 0, 60, 61]) statuses.push((await post(url, sign(AT + off))).status)
      assert.deepEqual(statuses, [401, 200, 200, 200, 401])
    }
  })

  it('accepts each of several secrets, and any of several signatures', async (t) => {
    const both = await openHook(t, { from: 'github', secret: ['STRIPE', 'GITHUB'] })
    assert.equal((await post(both.url, github({}, 'a'))).status, 200)
    assert.equal((await post(both.url, github({}, 'b', 'push', keys.STRIPE))).status, 200)
    assert.equal((await post(both.url, github({}, 'c', 'push', keys.STANDARD))).status, 401)

    const { url } = await openHook(t, { from: 'standard', secret: 'STANDARD' }, { now })
    const { headers, body } = standard({}, AT)
    const several = `v1a,xyz v1,${'A'.repeat(43)}= ${headers['webhook-signature']}`
    assert.equal((await post(url, { headers: { ...headers, 'webhook-signature': several }, body })).status, 200)
    const svix = Object.entries(standard({}, AT, 'msg_2').headers).map(([name, value]) => [
      name.replace('webhook', 'svix'),
      value,
    ])
    assert.equal((await post(url, { headers: Object.fromEntries(svix), body: Buffer.from('{}') })).status, 200)
  })

  it('reads the form that GitHub sends, whatever the content type says', async (t) => {
    const { url, events } = await openHook(t, { from: 'github', secret: 'GITHUB' })
    const form = github(`payload=${encodeURIComponent('{"action":"opened & closed"}')}`, 'form', 'issues')
    assert.equal((await post(url, form)).status, 200)
    const trap = github({ title: 'x&payload={"forged":true}&' }, 'trap')
    const headers = { ...trap.headers, 'content-type': 'application/x-www-form-urlencoded' }
    assert.equal((await post(url, { headers, body: trap.body })).status, 200)
    assert.deepEqual(
      (await events()).map(({ data }) => (data as Received).body),
      [{ action: 'opened & closed' }, { title: 'x&payload={"forged":true}&' }],
    )
  })

  it('refuses a trusted request that it can not keep', async (t) => {
    const { url, events } = await openHook(t, { from: 'github', secret: 'GITHUB', maxBytes: 4000 })
    const refused = async (body: string | Buffer, id = 'x'): Promise<number> =>
      (await post(url, github(body, id))).status
    assert.equal(await refused('{"a":'), 400)
    assert.equal(await refused(''), 400)
    assert.equal(await refused(Buffer.from([0x22, 0xff, 0x22])), 400)
    assert.equal(await refused('1e999'), 400)
    assert.equal(await refused(`${'['.repeat(600)}${']'.repeat(600)}`), 400)
    assert.equal(await refused('payload=nonsense'), 400)
    assert.equal(await refused('{}', ''), 400)
    // Small on the wire, but larger as JSON.
    assert.equal(await refused(`[${'1e20,'.repeat(300)}1]`), 413)
    assert.deepEqual(await events(), [])
  })

  it('shortens an identifier that is too long, and keeps hostile data as it is', async (t) => {
    const { url, events } = await openHook(t, { from: 'stripe', secret: 'STRIPE' }, { now })
    const long = { id: 'x'.repeat(5000), type: 'y'.repeat(5000) }
    assert.equal((await post(url, stripe(long, AT))).text, 'new\n')
    assert.equal((await post(url, stripe(long, AT))).text, 'duplicate\n')
    const odd = '{"id":"\\ud800","__proto__":{"x":1},"constructor":null,"type":{}}'
    assert.equal((await post(url, stripe(odd, AT))).status, 200)
    const [first, second] = await events()
    assert.ok(first && second)
    assert.match(first.identifier, /^x{200} [\w-]{43}$/)
    assert.equal((first.data as Received).event?.length, 200)
    assert.match(second.identifier, /^\ufffd [\w-]{43}$/)
    assert.deepEqual(Object.keys((second.data as { body: object }).body), ['id', '__proto__', 'constructor', 'type'])
    for (const wrong of ['{}', 'null', '[]', '{"id":7}', '{"id":""}']) {
      assert.equal((await post(url, stripe(wrong, AT))).status, 400)
    }
  })

  it('answers 503 when the event is not in the log, and takes it when it is sent again', async (t) => {
    let broken = true
    const accept = (log: Log) => (drafts: Parameters<typeof log.accept>[0], origin: never) =>
      broken ? Promise.reject(new TidingsError('TIDINGS_LOG_FAILED', 'the disk is full')) : log.accept(drafts, origin)
    const options = { from: 'github', secret: 'GITHUB' } as const
    const { url, events, notes } = await openHook(t, options, { wrap: (log) => wrap(log, { accept: accept(log) }) })
    const first = await post(url, github({}))
    assert.equal(first.status, 503)
    assert.ok(Number(first.headers['retry-after']) > 0)
    assert.equal(notes.said('webhook not stored').length, 1)
    broken = false
    assert.equal((await post(url, github({}))).text, 'new\n')
    assert.equal((await events()).length, 1)
  })

  it('answers a webhook that is being stored while the agent stops', async (t) => {
    let release: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    let asked = false
    const slow = (log: Log): Log =>
      wrap(log, {
        accept: async (...given) => {
          asked ||= given[0].length > 0
          if (given[0].length > 0) await gate
          return log.accept(...given)
        },
      })
    const { url, running, events } = await openHook(t, { from: 'github', secret: 'GITHUB' }, { wrap: slow })
    const reply = post(url, github({}))
    await until(() => asked)
    const stopped = running.stop()
    await assert.rejects(post(url, github({}, 'late')), { code: 'ECONNREFUSED' })
    release()
    assert.deepEqual((({ status, text }) => [status, text])(await reply), [200, 'new\n'])
    await stopped
    assert.equal((await events()).length, 1)
  })

  it('ends the run after 100 webhooks that the log rejects', { timeout: 60_000 }, async (t) => {
    const options = { from: 'github', secret: 'GITHUB' } as const
    const accept = () => Promise.reject(new TidingsError('TIDINGS_LOG_FAILED', 'the disk is full'))
    const { url, notes } = await openHook(t, options, { wrap: (log) => wrap(log, { accept }) })
    for (let n = 0; n < 100; n++) assert.equal((await post(url, github({}))).status, 503)
    await until(() => notes.said('job failed').length > 0)
  })

  it('tries to open a port that is in use again, and says which', async (t) => {
    const { url } = await openHook(t, { from: 'github', secret: 'GITHUB' })
    const port = Number(new URL(url).port)
    const [endpoint] = hook({ port, from: 'github', secret: 'GITHUB' }).jobs
    assert.ok(endpoint)
    await assert.rejects(lastValueFrom(runOnce(endpoint, { secret: () => 'x' }), { defaultValue: undefined }), {
      code: 'TIDINGS_LISTEN_FAILED',
      message: `stream hook: port ${port} of 127.0.0.1 can't be opened: it is in use by another program or another hook`,
    })
  })

  it('asks a function, which verifies by itself or with a secret', async (t) => {
    const { url, events, notes } = await openHook(t, {
      secret: 'GITHUB',
      from: ({ headers, verify, secrets, body, json, now: time }) => {
        assert.deepEqual(secrets, [keys.GITHUB])
        assert.ok(body.length > 0 && time() > 0)
        if (headers['x-mode'] === 'throw') throw new Error('a mistake')
        if (headers['x-mode'] === 'nothing') return { identifier: '' }
        const fits = verify(headers['x-sign'], ['salt', body], 'base64')
        return fits && { identifier: headers['x-id'] ?? '', event: 'door', body: { was: json() }, headers: ['x-id'] }
      },
    })
    const sign = (body: string, extra: Record<string, string> = {}): Sent => {
      const hub = github(`salt${body}`).headers['x-hub-signature-256'] ?? ''
      const base64 = Buffer.from(hub.slice('sha256='.length), 'hex').toString('base64')
      return { headers: { 'x-sign': base64, 'x-id': 'ring 1', ...extra }, body: Buffer.from(body) }
    }
    assert.equal((await post(url, sign('"ding"'))).status, 200)
    assert.equal((await post(url, { ...sign('"ding"'), body: Buffer.from('"dong"') })).status, 401)
    assert.equal((await post(url, sign('ding'))).status, 400)
    assert.equal((await post(url, sign('1', { 'x-mode': 'throw' }))).status, 500)
    assert.equal((await post(url, sign('1', { 'x-mode': 'nothing' }))).status, 500)
    assert.equal(notes.said('webhook not verified').length, 2)
    assert.deepEqual(
      (await events()).map(({ identifier, data }) => [identifier, data]),
      [
        [
          'ring 1',
          { from: 'custom', delivery: 'ring 1', event: 'door', headers: { 'x-id': 'ring 1' }, body: { was: 'ding' } },
        ],
      ],
    )
  })

  it('refuses options that can not work, by name', () => {
    const details = (options: unknown): unknown => {
      try {
        hook(options as HookOptions)
        return undefined
      } catch (error) {
        assert.equal((error as TidingsError).code, 'TIDINGS_STREAM_INVALID')
        return (error as TidingsError).details.path
      }
    }
    const fine = { port: 8080, from: 'github', secret: 'X' }
    assert.equal(details(fine), undefined)
    assert.equal(details({ ...fine, secret: undefined }), 'secret')
    assert.equal(details({ ...fine, secret: [] }), 'secret')
    assert.equal(details({ ...fine, port: 65_536 }), 'port')
    assert.equal(details({ ...fine, port: '8080' }), 'port')
    assert.equal(details({ ...fine, from: 'gitlab' }), 'from')
    assert.equal(details({ ...fine, from: 'toString' }), 'from')
    assert.equal(details({ ...fine, path: 'x' }), 'path')
    assert.equal(details({ ...fine, path: '/x?y' }), 'path')
    assert.equal(details({ ...fine, tolerance: '1ms' }), 'tolerance')
    assert.equal(details({ ...fine, secrets: 'X' }), 'secrets')
    assert.equal(details({ port: 1, from: () => undefined }), undefined)
  })

  it('names a secret that is not a key, without its value', async () => {
    for (const [from, value] of [
      ['github', ''],
      ['standard', 'whsec_'],
      ['standard', 'not base64!'],
    ] as const) {
      const [endpoint] = hook({ port: 0, from, secret: 'KEY' }).jobs
      assert.ok(endpoint)
      const run = lastValueFrom(runOnce(endpoint, { secret: () => value }), { defaultValue: undefined })
      await assert.rejects(run, (error: TidingsError) => {
        assert.equal(error.code, 'TIDINGS_SECRET_MISSING')
        assert.match(error.message, /the secret KEY is not a key/)
        assert.doesNotMatch(error.message, /not base64!/)
        return true
      })
    }
  })

  it('has an example', async () => {
    assert.deepEqual(
      (await example()).map(({ type, identifier }) => [type, identifier]),
      [['hook.received', 'a-delivery']],
    )
  })
})
