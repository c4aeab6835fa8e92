import { createHmac } from 'node:crypto'
import { type Delivery, Park } from '../../lib/index.ts'
import { bearer } from '../shared/bearer.ts'
import { send } from '../shared/http-handler.ts'
import { checkFunction, optional, optionsOf, settingsOf, text } from '../shared/options.ts'
import { type Handle, hookAddress, type Make } from './message.ts'

/** The options of `notify.webhook`. */
export interface WebhookOptions {
  /** The name of the secret with the address; default `WEBHOOK_URL`. */
  readonly url?: string
  /** The name of a secret, `whsec_…`, to sign with as Standard Webhooks describes; default none: not signed. */
  readonly secret?: string
  /** The name of a secret that is sent as `Authorization: Bearer …`; default none. */
  readonly token?: string
}

const schema = optionsOf<WebhookOptions>()({
  url: text('WEBHOOK_URL'),
  secret: optional(text()),
  token: optional(text()),
})

/**
 * Returns a handler that posts JSON to a webhook. `webhook-id` and `Idempotency-Key` carry `delivery.key`, the same for every
 * attempt, so that the receiver can act once. With a `secret`, `webhook-signature` and `webhook-timestamp` prove the sender:
 * `tidings/streams/hook` and every library of Standard Webhooks check them.
 *
 * @param message makes the JSON of what the listener hears
 */
export function webhook<V>(message: Make<V, unknown>, options: WebhookOptions = {}): Handle<V> {
  const { url, secret, token } = settingsOf('notify.webhook', schema, options)
  checkFunction('notify.webhook', message)
  return async (value, delivery) => {
    const body = JSON.stringify(await message(value, delivery)) ?? 'null'
    const { key } = delivery
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': key,
      'webhook-id': key,
      ...(secret === undefined ? {} : signature(delivery, secret, body)),
      ...bearer(delivery, token),
    }
    await send(delivery, 'notify.webhook', {
      method: 'POST',
      ignoresAnswer: true,
      ...hookAddress(delivery, 'notify.webhook', url),
      headers,
      body,
    })
  }
}

function signature({ secret, now, key }: Delivery, name: string, body: string): Record<string, string> {
  const [, encoded] = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/.exec(secret(name)) ?? []
  if (encoded === undefined) throw new Park(`notify.webhook: the secret ${name} is not whsec_ and base64`)
  const timestamp = String(Math.floor(now() / 1000))
  const hmac = createHmac('sha256', Buffer.from(encoded, 'base64')).update(`${key}.${timestamp}.${body}`)
  return { 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${hmac.digest('base64')}` }
}
