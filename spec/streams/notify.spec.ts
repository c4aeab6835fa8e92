import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { isPark, isRetry } from '../../lib/core/control.ts'
import { TidingsError } from '../../lib/index.ts'
import { desktopCommand } from '../../streams/notify/desktop.ts'
import { notify } from '../../streams/notify.ts'
import { type DeliveryParts, deliveryOf, outcomeOf, storedEvent } from '../support/delivery.ts'
import { type Asked, localService, type Told } from '../support/local-service.ts'
import { secretsOf } from '../support/watch-stream.ts'

const event = storedEvent('test.said', { text: 'hello' })
type Event = typeof event
type Test = { after(work: () => unknown): void }

const SIGNING = `whsec_${Buffer.from('0123456789abcdef').toString('base64')}`
const PATH = 'T01/hidden-part'

/** Each service: a handler at an address, and what the service received of a text. */
const services: Readonly<
  Record<
    string,
    {
      handler(
        url: string,
        text: (event: Event) => string,
      ): (event: Event, delivery: ReturnType<typeof deliveryOf>) => unknown
      text(asked: Asked): unknown
    }
  >
> = {
  'notify.slack': { handler: (_, text) => notify.slack(text), text: ({ body }) => JSON.parse(body).text },
  'notify.discord': { handler: (_, text) => notify.discord(text), text: ({ body }) => JSON.parse(body).content },
  'notify.telegram': {
    handler: (baseUrl, text) => notify.telegram(text, { chat: -100, baseUrl }),
    text: ({ body }) => JSON.parse(body).text,
  },
  'notify.ntfy': {
    handler: (baseUrl, text) => notify.ntfy(text, { topic: 'home', baseUrl, token: 'NTFY_TOKEN' }),
    text: ({ body }) => JSON.parse(body).message,
  },
  'notify.webhook': { handler: (_, text) => notify.webhook(text), text: ({ body }) => JSON.parse(body) },
}

async function prepare(t: Test, told: Told = {}, parts: DeliveryParts = {}) {
  const service = await localService(t, () => told)
  const hook = `${service.url}/services/${PATH}`
  const names = { SLACK_WEBHOOK: hook, DISCORD_WEBHOOK: `${hook}?thread_id=7`, WEBHOOK_URL: hook, SIGNING }
  const secret = secretsOf({ ...names, TELEGRAM_TOKEN: '123:hidden-part', NTFY_TOKEN: 'hidden-part' })
  return { service, delivery: deliveryOf({ secret, ...parts }, event) }
}

for (const [name, { handler, text }] of Object.entries(services)) {
  describe(name, () => {
    it('sends the text once', async (t) => {
      const { service, delivery } = await prepare(t)
      await handler(service.url, ({ data }) => `${data.text} — ok\ud800`)(event, delivery)
      assert.equal(service.asked.length, 1)
      const [asked = assert.fail()] = service.asked
      assert.equal(asked.method, 'POST')
      assert.equal(asked.headers['content-type'], 'application/json')
      if (name !== 'notify.webhook') assert.equal(text(asked), 'hello — ok\u{FFFD}')
    })

    it('parks what the service refuses, and shows no secret', async (t) => {
      const { service, delivery } = await prepare(t, { status: 404, body: 'unknown' })
      const error = await outcomeOf(handler(service.url, () => 'x')(event, delivery))
      assert.ok(isPark(error), String(error))
      assert.match(error.message, new RegExp(`^${name}: POST http.* answered 404.*: unknown`))
      assert.doesNotMatch(JSON.stringify([error.message, error.details, error.cause]), /hidden/)
    })

    it('waits as long as the service asks for', async (t) => {
      const { service, delivery } = await prepare(t, { status: 429, headers: { 'retry-after': '30' } })
      const error = await outcomeOf(handler(service.url, () => 'x')(event, delivery))
      assert.ok(isRetry(error) && error.after === 30_000)
    })

    it('fails ordinarily without an answer, and shows no secret', async (t) => {
      const fetch = () => Promise.reject(new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') }))
      const { service, delivery } = await prepare(t, {}, { fetch })
      const error = await outcomeOf(handler(service.url, () => 'x')(event, delivery))
      assert.ok(error instanceof TidingsError && error.code === 'TIDINGS_HTTP_FAILED' && !isPark(error))
      assert.doesNotMatch(error.message, /hidden/)
    })

    it('ends with the signal of the delivery', async (t) => {
      const reason = new Error('time is up')
      const { service, delivery } = await prepare(t, { hang: true }, { signal: AbortSignal.abort(reason) })
      assert.equal(await outcomeOf(handler(service.url, () => 'x')(event, delivery)), reason)
    })

    if (name !== 'notify.webhook') {
      it('cuts a long text, and parks an empty one', async (t) => {
        const { service, delivery } = await prepare(t)
        await handler(service.url, () => '€'.repeat(50_000))(event, delivery)
        const sent = String(text(service.asked[0] ?? assert.fail()))
        assert.match(sent, /^€+…$/)
        for (const none of ['', ' \n', undefined]) {
          const error = await outcomeOf(handler(service.url, () => none as string)(event, delivery))
          assert.ok(isPark(error) && /has no text/.test(error.message))
        }
        assert.equal(service.asked.length, 1)
      })
    }
  })
}

describe('the limits of texts', () => {
  const lengthOf = async (t: Test, name: string) => {
    const { service, delivery } = await prepare(t)
    const { handler, text } = services[name] ?? assert.fail()
    await handler(service.url, () => '€'.repeat(50_000))(event, delivery)
    return String(text(service.asked[0] ?? assert.fail()))
  }

  it('are those of the services', async (t) => {
    assert.equal((await lengthOf(t, 'notify.slack')).length, 40_000)
    assert.equal((await lengthOf(t, 'notify.discord')).length, 2000)
    assert.equal((await lengthOf(t, 'notify.telegram')).length, 4096)
    const bytes = Buffer.byteLength(await lengthOf(t, 'notify.ntfy'))
    assert.ok(bytes <= 4096 && bytes > 4090, String(bytes))
  })
})

describe('the wait that a body asks for', () => {
  it('is honoured by Discord and Telegram', async (t) => {
    const discord = await prepare(t, { status: 429, body: { message: 'slow down', retry_after: 0.65, global: false } })
    const one = await outcomeOf(notify.discord(() => 'x')(event, discord.delivery))
    assert.ok(isRetry(one) && one.after === 650)
    const body = { ok: false, error_code: 429, parameters: { retry_after: 17 } }
    const telegram = await prepare(t, { status: 429, body })
    const handler = notify.telegram(() => 'x', { chat: 1, baseUrl: telegram.service.url })
    const two = await outcomeOf(handler(event, telegram.delivery))
    assert.ok(isRetry(two) && two.after === 17_000)
  })

  it('may be missing', async (t) => {
    for (const body of ['', '[]', 'null', '{"retry_after":"soon","parameters":null}']) {
      const { delivery } = await prepare(t, { status: 429, body })
      const error = await outcomeOf(notify.discord(() => 'x')(event, delivery))
      assert.ok(error instanceof TidingsError && error.code === 'TIDINGS_HTTP_FAILED')
    }
  })
})

describe('mentions', () => {
  const text = '<!channel> <@U1> @everyone @ann a@b.example <https://x.example|x> & <b>'
  const sent = async (
    t: Test,
    make: (baseUrl: string) => (event: Event, delivery: ReturnType<typeof deliveryOf>) => unknown,
  ) => {
    const { service, delivery } = await prepare(t)
    await make(service.url)(event, delivery)
    return JSON.parse(service.asked[0]?.body ?? '')
  }

  it('in Slack call people only if they may', async (t) => {
    const plain = await sent(t, () => notify.slack(() => text))
    assert.equal(plain.text, text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'))
    const blocks = [{ type: 'section', text: { type: 'mrkdwn', text } }]
    const message = await sent(t, () => notify.slack(() => ({ text, blocks })))
    assert.equal(message.blocks[0].text.text, text.replace('<!', '&lt;!').replace('<@', '&lt;@'))
    assert.equal((await sent(t, () => notify.slack(() => text, { mentions: true }))).text, text)
  })

  it('in Discord call people only if they may', async (t) => {
    assert.deepEqual((await sent(t, () => notify.discord(() => text))).allowed_mentions, { parse: [] })
    const open = await sent(t, () => notify.discord(() => ({ content: text, username: 'Home' }), { mentions: true }))
    assert.deepEqual(open, { content: text, username: 'Home' })
  })

  it('in Telegram call people only if they may', async (t) => {
    const handler = (mentions: boolean) => (baseUrl: string) =>
      notify.telegram(() => text, { chat: '@a', baseUrl, mentions })
    const plain = await sent(t, handler(false))
    assert.match(plain.text, /@\u2060everyone @\u2060ann a@b\.example/)
    assert.equal((await sent(t, handler(true))).text, text)
  })
})

describe('a message object', () => {
  it('of ntfy has its fields', async (t) => {
    const { service, delivery } = await prepare(t)
    const message = { message: 'hi', title: 'Home', priority: 5, tags: ['house'], click: 'https://x.example' } as const
    await notify.ntfy(() => message, { topic: 'home', baseUrl: service.url })(event, delivery)
    const sent = { topic: 'home', ...message, sequence_id: delivery.key }
    assert.deepEqual(JSON.parse(service.asked[0]?.body ?? ''), sent)
    assert.equal(service.asked[0]?.headers.authorization, undefined)
  })

  it('of Telegram has its format', async (t) => {
    const { service, delivery } = await prepare(t)
    const message = { text: '<b>@ann</b>', format: 'HTML', silent: true } as const
    await notify.telegram(() => message, { chat: 5, baseUrl: service.url })(event, delivery)
    const json = { chat_id: 5, text: message.text, parse_mode: 'HTML', disable_notification: true }
    assert.deepEqual(JSON.parse(service.asked[0]?.body ?? ''), json)
    assert.equal(service.asked[0]?.path, '/bot123:hidden-part/sendMessage')
  })
})

describe('notify.webhook', () => {
  it('signs as Standard Webhooks says, with the key of the delivery as id', async (t) => {
    const { service, delivery } = await prepare(t)
    await notify.webhook(({ data }: Event) => data, { secret: 'SIGNING' })(event, delivery)
    const [{ headers, body } = assert.fail()] = service.asked
    assert.equal(headers['webhook-id'], delivery.key)
    assert.equal(headers['idempotency-key'], delivery.key)
    assert.equal(headers['webhook-timestamp'], String(delivery.now() / 1000))
    const content = `${delivery.key}.${headers['webhook-timestamp']}.${body}`
    const hmac = createHmac('sha256', '0123456789abcdef').update(content).digest('base64')
    assert.equal(headers['webhook-signature'], `v1,${hmac}`)
    assert.equal(body, '{"text":"hello"}')
  })

  it('parks with a secret that cannot be one', async (t) => {
    const secret = secretsOf({ WEBHOOK_URL: 'hidden', SIGNING: 'not base64: hidden' })
    for (const options of [{}, { secret: 'SIGNING' }]) {
      const { delivery } = await prepare(t, {}, { secret })
      const error = await outcomeOf(notify.webhook(() => 1, options)(event, delivery))
      assert.ok(isPark(error) && !error.message.includes('hidden'), error?.message)
    }
  })
})

describe('notify.desktop', () => {
  const title = '--help "; rm -rf ~\0 & <b>'

  it('passes texts as arguments', () => {
    const mac = desktopCommand('darwin', title, 'body') ?? assert.fail()
    assert.deepEqual(mac.slice(-3), ['--', title, 'body'])
    assert.ok(mac.slice(0, -3).every((part) => !part.includes('rm')))
    assert.deepEqual(desktopCommand('linux', title, '<i> & co'), [
      'notify-send',
      '--app-name=tidings',
      '--',
      title,
      '&lt;i&gt; &amp; co',
    ])
    assert.equal(desktopCommand('aix', 'a', 'b'), undefined)
  })

  it('runs the program of this platform', {
    skip: desktopCommand(process.platform, '', '') === undefined,
  }, async (t) => {
    const ran: (readonly string[])[] = []
    const exec = async (file: string, args: readonly string[]) => {
      ran.push([file, ...args])
      return { stdout: '', stderr: '' }
    }
    const { delivery } = await prepare(t, {}, { exec })
    await notify.desktop(() => ({ title, body: 'b' }))(event, delivery)
    assert.deepEqual(ran, [desktopCommand(process.platform, title.replace('\0', ''), 'b')])
  })

  it('parks where the program is missing', async (t) => {
    const cause = Object.assign(new Error('spawn notify-send ENOENT'), { code: 'ENOENT' })
    const exec = () => Promise.reject(new TidingsError('TIDINGS_EXEC_FAILED', 'failed', { cause }))
    const { delivery } = await prepare(t, {}, { exec })
    const error = await outcomeOf(notify.desktop(() => 'x')(event, delivery))
    assert.ok(isPark(error) && /notify\.desktop (needs|knows no)/.test(error.message))
  })
})

describe('the options of notify', () => {
  it('are refused by name', () => {
    const code = 'TIDINGS_LISTENER_INVALID'
    assert.throws(() => notify.ntfy(() => 'x', { topic: 'a/b' }), { code, message: /topic: expected a topic/ })
    assert.throws(() => notify.telegram(() => 'x', {} as { chat: string }), { code, message: /chat: / })
    assert.throws(() => notify.slack(() => 'x', { hook: 'X' } as object), { code, message: /has no "hook"/ })
    assert.throws(() => notify.slack('x' as never), { code, message: /needs a function/ })
  })
})
