import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPark, isRetry } from '../../lib/core/control.ts'
import { type EmailMessage, notify } from '../../streams/notify.ts'
import { type DeliveryParts, deliveryOf, outcomeOf, storedEvent } from '../support/delivery.ts'
import { smtpServer } from '../support/smtp-server.ts'
import { until } from '../support/until.ts'

const event = storedEvent('test.said', { text: 'hello' })
const options = { from: 'Home <home@example.com>', to: 'ann@example.com' }
const message: EmailMessage = { subject: 'Grüße', text: 'hello\n.\nworld' }

type Test = { after(work: () => unknown): void }

async function prepare(t: Test, answer?: (command: string) => string | undefined, parts: DeliveryParts = {}) {
  const server = await smtpServer(t, answer)
  const delivery = deliveryOf({ secret: () => server.url, ...parts }, event)
  return { server, delivery }
}

describe('notify.email', () => {
  it('sends one message, named by the key of the delivery', async (t) => {
    const { server, delivery } = await prepare(t)
    await notify.email(() => message, options)(event, delivery)
    assert.ok(server.commands.includes('MAIL FROM:<home@example.com>'), server.commands.join('\n'))
    assert.ok(server.commands.includes('RCPT TO:<ann@example.com>'))
    const [mail = assert.fail()] = server.messages
    assert.match(mail, new RegExp(`^Message-ID: <${delivery.key}@example.com>`, 'mi'))
    assert.match(mail, /^Subject: =\?UTF-8\?Q\?Gr=C3=BC=C3=9Fe\?=/m)
    assert.match(mail, /^Date: Thu, 01 Jan 2026/m)
    assert.match(mail, /hello\r\n\.\.\r\nworld/)
  })

  it('takes a text, recipients of the message, and HTML', async (t) => {
    const { server, delivery } = await prepare(t)
    await notify.email(() => '\nFirst\nSecond', options)(event, delivery)
    assert.match(server.messages[0] ?? '', /^Subject: First\r$/m)
    const to = ['bob@example.com', 'Eve <eve@example.com>']
    const made = { ...message, to, html: '<b>hi</b>', replyTo: 'me@example.com' }
    await notify.email(async () => made, { from: 'home@example.com' })(event, delivery)
    assert.deepEqual(server.commands.filter((command) => command.startsWith('RCPT')).slice(1), [
      'RCPT TO:<bob@example.com>',
      'RCPT TO:<eve@example.com>',
    ])
    assert.match(server.messages[1] ?? '', /^Reply-To: me@example.com[^]*<b>hi<\/b>/m)
  })

  for (const made of [
    { ...message, subject: 'Hi\r\nBcc: all@example.com' },
    { ...message, to: 'ann@example.com\nBcc: all@example.com' },
    { ...message, replyTo: 'a@b.example\r\nX: y' },
    { ...message, to: [] },
    { ...message, text: '' },
    { ...message, text: { path: '/etc/passwd' } as unknown as string },
    { ...message, html: { path: '/etc/passwd' } as unknown as string },
    undefined as unknown as EmailMessage,
  ]) {
    it(`parks ${JSON.stringify(made)}`, async (t) => {
      const { server, delivery } = await prepare(t)
      const error = await outcomeOf(notify.email(() => made, options)(event, delivery))
      assert.ok(isPark(error), String(error))
      assert.deepEqual(server.commands, [])
    })
  }

  for (const [command, answer, parks] of [
    ['RCPT', '550 unknown', true],
    ['RCPT', '450 later', false],
    ['MAIL', '530 log in first', true],
    ['.', '554 spam', true],
    ['.', '451 later', false],
    ['DATA', '421 too busy', false],
  ] as const) {
    it(`${parks ? 'parks' : 'fails ordinarily'} after ${answer.slice(0, 3)} to ${command}`, async (t) => {
      const { server, delivery } = await prepare(t, (given) => (given.startsWith(command) ? answer : undefined))
      const error = await outcomeOf(notify.email(() => message, options)(event, delivery))
      assert.ok(error, 'it succeeded')
      assert.equal(isPark(error), parks, error.message)
      assert.ok(!isRetry(error))
      assert.match(error.message, new RegExp(`^notify.email: .*${answer.slice(0, 3)}`, 's'))
      assert.deepEqual(server.messages, [])
    })
  }

  it('fails ordinarily without a server', async () => {
    const delivery = deliveryOf({ secret: () => 'smtp://me:hidden@127.0.0.1:1' }, event)
    const error = await outcomeOf(notify.email(() => message, options)(event, delivery))
    assert.ok(error && !isPark(error))
    assert.doesNotMatch(error.message, /hidden/)
  })

  it('ends with the signal of the delivery', async (t) => {
    const controller = new AbortController()
    const { server, delivery } = await prepare(t, (command) => (command.startsWith('MAIL') ? 'hang' : undefined), {
      signal: controller.signal,
    })
    const ended = outcomeOf(notify.email(() => message, options)(event, delivery))
    await until(async () => (server.commands.some((command) => command.startsWith('MAIL')) ? true : undefined))
    const reason = new Error('time is up')
    controller.abort(reason)
    assert.equal(await ended, reason)
  })

  it('parks with an address that is not for mail', async () => {
    for (const url of ['https://hidden.example', 'hidden']) {
      const error = await outcomeOf(
        notify.email(() => message, options)(event, deliveryOf({ secret: () => url }, event)),
      )
      assert.ok(isPark(error) && !error.message.includes('hidden'))
    }
  })
})
