import { type HookRequest, type HookSource, type HookVerdict, parseJson, Refused } from './request.ts'

/** How one provider signs: its source, and how its secret becomes the key. */
interface Provider {
  readonly key: (secret: string) => Buffer
  readonly source: (tolerance: number) => HookSource
}

/** The providers that `from` names. */
export const providers = {
  // https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
  github: { key: asText, source: () => github },
  // https://docs.stripe.com/webhooks/signature
  stripe: { key: asText, source: (tolerance) => (request) => stripe(request, tolerance) },
  // https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
  standard: { key: standardKey, source: (tolerance) => (request) => standard(request, tolerance) },
} satisfies Readonly<Record<string, Provider>>

/** The key of a secret that is used as it is. */
export function asText(secret: string): Buffer {
  return Buffer.from(secret)
}

/** The beginning of a body that is form-encoded. */
const FORM = 'payload='

function github({ headers, body, verify, json }: HookRequest): HookVerdict {
  const signature = headers['x-hub-signature-256']
  if (signature === undefined) throw new Refused(401, 'the header X-Hub-Signature-256 is missing')
  if (!signature.startsWith('sha256=') || !verify(signature.slice('sha256='.length))) throw mismatch()
  const identifier = needed(headers, 'x-github-delivery')
  const names = Object.keys(headers).filter((name) => name.startsWith('x-github-'))
  // The signed bytes decide, not the content type: a form inside a JSON text would otherwise be a forgery.
  const isForm = body.toString('latin1', 0, FORM.length) === FORM
  return {
    identifier,
    event: headers['x-github-event'],
    body: isForm ? parseJson(new URLSearchParams(body.toString()).get('payload') ?? '') : json(),
    headers: ['content-type', 'user-agent', ...names],
  }
}

function stripe({ headers, body, verify, json, now }: HookRequest, tolerance: number): HookVerdict {
  const header = headers['stripe-signature']
  if (header === undefined) throw new Refused(401, 'the header Stripe-Signature is missing')
  const fields = header.split(',').map((field) => field.split('=', 2) as [string, string | undefined])
  const time = fields.find(([name]) => name === 't')?.[1] ?? ''
  const signatures = fields.flatMap(([name, value]) => (name === 'v1' && value !== undefined ? [value] : []))
  const sent = checkedTime(time, now(), tolerance)
  if (!signatures.some((signature) => verify(signature, [`${time}.`, body]))) throw mismatch()
  const event = json()
  const { id, type } = Object(event) as { readonly id?: unknown; readonly type?: unknown }
  if (typeof id !== 'string' || id === '') throw new Refused(400, 'the event has no id')
  return { identifier: id, event: typeof type === 'string' ? type : undefined, sent, body: event }
}

function standard({ headers, body, verify, json, now }: HookRequest, tolerance: number): HookVerdict {
  // Svix, where the standard comes from, sends its own names by default.
  const prefix = headers['webhook-id'] === undefined && headers['svix-id'] !== undefined ? 'svix' : 'webhook'
  const [id, time, given] = ['id', 'timestamp', 'signature'].map((name) => headers[`${prefix}-${name}`])
  if (id === undefined || id === '' || time === undefined || given === undefined) {
    throw new Refused(401, 'a header is missing: webhook-id, webhook-timestamp or webhook-signature')
  }
  const sent = checkedTime(time, now(), tolerance)
  const signatures = given.split(' ').filter((one) => one.startsWith('v1,'))
  const content = [`${id}.${time}.`, body]
  if (!signatures.some((one) => verify(one.slice('v1,'.length), content, 'base64'))) throw mismatch()
  const event = json()
  const { type } = Object(event) as { readonly type?: unknown }
  return { identifier: id, event: typeof type === 'string' ? type : undefined, sent, body: event }
}

/** The key of a secret of Standard Webhooks: base64, mostly after `whsec_`. */
function standardKey(secret: string): Buffer {
  const base64 = secret.replace(/^whsec_/, '')
  const key = Buffer.from(base64, 'base64')
  if (key.length === 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw new Error('it is not whsec_ and base64')
  return key
}

// A signature stays right for ever, so without this, an old request could be sent again by anyone who saw it.
function checkedTime(seconds: string, now: number, tolerance: number): string {
  const at = /^\d{1,12}$/.test(seconds) ? Number(seconds) * 1000 : Number.NaN
  if (Number.isNaN(at)) throw new Refused(401, 'the timestamp is missing or not a number of seconds')
  const off = Math.abs(now - at)
  if (off > tolerance) throw new Refused(401, `the timestamp is ${Math.round(off / 1000)} s off: compare the clocks`)
  return new Date(at).toISOString()
}

function needed(headers: Readonly<Record<string, string>>, name: string): string {
  const value = headers[name]
  if (value === undefined || value === '') throw new Refused(400, `the header ${name} is missing`)
  return value
}

function mismatch(): Refused {
  return new Refused(401, 'the signature does not match: compare the secrets')
}
