import { createHmac } from 'node:crypto'
import { request } from 'node:http'
import { lastValueFrom, take, toArray } from 'rxjs'
import {
  agent,
  type Draft,
  type Log,
  memoryLog,
  type Running,
  runOnce,
  type StoredEvent,
  start,
} from '../../lib/index.ts'
import { type HookOptions, hook } from '../../streams/hook.ts'
import { allOf, type Notes, notes } from '../support/agent-harness.ts'
import { until } from '../support/until.ts'
import { secretsOf } from '../support/watch-stream.ts'

/** The secrets of the senders. That of Standard Webhooks is the one of its published example. */
export const keys = {
  GITHUB: "It's a Secret to Everybody",
  STRIPE: 'whsec_a_stripe_secret',
  STANDARD: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
} as const

/** One webhook as its sender sends it. */
export interface Sent {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

function hmac(key: string | Buffer, encoding: 'hex' | 'base64', ...content: readonly (string | Buffer)[]): string {
  return createHmac('sha256', key)
    .update(Buffer.concat(content.map((part) => Buffer.from(part))))
    .digest(encoding)
}

export function bytes(body: unknown): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Signs as GitHub does. */
export function github(body: unknown, id = 'd1', event = 'push', key: string = keys.GITHUB): Sent {
  const raw = bytes(body)
  const signature = `sha256=${hmac(key, 'hex', raw)}`
  const headers = { 'x-github-delivery': id, 'x-github-event': event, 'x-hub-signature-256': signature }
  return { headers: { 'content-type': 'application/json', ...headers }, body: raw }
}

/** Signs as Stripe does, at a time in seconds. */
export function stripe(body: unknown, seconds: number, key: string = keys.STRIPE): Sent {
  const raw = bytes(body)
  const signature = hmac(key, 'hex', `${seconds}.`, raw)
  return { headers: { 'stripe-signature': `t=${seconds},v1=${signature},v0=${'0'.repeat(64)}` }, body: raw }
}

/** Signs as the Standard Webhooks do, at a time in seconds. */
export function standard(body: unknown, seconds: number, id = 'msg_1', key: string = keys.STANDARD): Sent {
  const raw = bytes(body)
  const signature = `v1,${hmac(Buffer.from(key.slice('whsec_'.length), 'base64'), 'base64', `${id}.${seconds}.`, raw)}`
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': signature }
  return { headers, body: raw }
}

/** Sends a request, each over a connection of its own. */
export function post(
  url: string,
  { headers = {}, body = Buffer.alloc(0) }: Partial<Sent> = {},
  method = 'POST',
): Promise<{ readonly status: number; readonly text: string; readonly headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    const length = { 'content-length': String(body.length) }
    const asked = request(url, { method, agent: false, headers: { ...length, ...headers } }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString(), headers: response.headers })
      })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

/** An agent whose hook is open. */
export interface OpenHook {
  readonly url: string
  readonly running: Running
  readonly notes: Notes
  events(): Promise<StoredEvent[]>
}

/** Starts an agent with a hook on a free port; it stops when the test ends. */
export async function openHook(
  t: { after(work: () => unknown): void },
  options: Omit<HookOptions, 'port'> & { readonly port?: number },
  { now = Date.now, wrap = (log) => log }: { readonly now?: () => number; readonly wrap?: (log: Log) => Log } = {},
): Promise<OpenHook> {
  let url = ''
  const log = await memoryLog({ warn: () => undefined })
  const said = notes()
  const stream = hook({ port: 0, listening: (at) => (url = at), ...options })
  const world = { now, secret: secretsOf(keys) }
  const running = await start(agent('spec', [stream]), { log: wrap(log), logger: said, world })
  t.after(async () => {
    await running.stop()
    await log.close()
  })
  await until(() => url !== '', 'the endpoint to open')
  return { url, running, notes: said, events: () => allOf(log) }
}

/** The drafts of one webhook: an example of each event type. */
export async function example(): Promise<readonly Draft[]> {
  const sent = github({ action: 'opened', issue: { number: 1, title: 'The roof leaks' } }, 'a-delivery', 'issues')
  const [endpoint] = hook({
    port: 0,
    from: 'github',
    secret: 'GITHUB',
    listening: (url) => void post(url, sent),
  }).jobs
  if (endpoint === undefined) throw new Error('the stream has no job')
  return lastValueFrom(runOnce(endpoint, { secret: secretsOf(keys) }).pipe(take(1), toArray()))
}
