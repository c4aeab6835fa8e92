import {
  always,
  type Draft,
  type Duration,
  defineStream,
  eventType,
  type JobContext,
  job,
  TidingsError,
} from '../lib/index.ts'
import { describe, hasCode } from '../lib/streams.ts'
import { type Arrived, type Reply, serveEndpoint, tooLarge } from './hook/endpoint.ts'
import { type HookSource, type HookVerdict, hookRequest, parseJson, Refused } from './hook/request.ts'
import { asText, providers } from './hook/sources.ts'
import { count, duration, func, like, optional, optionsOf, type Settings, text } from './shared/options.ts'
import { cut, identifierOf } from './shared/wire.ts'

export type { HookRequest, HookSource, HookVerdict } from './hook/request.ts'

/** The options of the `hook` stream. */
export interface HookOptions {
  /** The port to listen on, from 0 to 65535; 0 takes a free one, which `listening` learns. */
  readonly port: number
  /**
   * The address to listen on. Default `'127.0.0.1'`: only this machine, where a proxy with TLS passes webhooks on;
   * `'0.0.0.0'` or `'::'`: every interface, without TLS.
   */
  readonly host?: string
  /** The path of the endpoint, without a query. Default `'/'`; every other path is answered 404. */
  readonly path?: string
  /** Who sends: a provider whose signatures are known, or a function that verifies a request. */
  readonly from: 'github' | 'stripe' | 'standard' | HookSource
  /**
   * The name of the secret that signatures are made with; several while it is replaced: each is accepted. A provider
   * needs one; for a function, default none.
   */
  readonly secret?: string | readonly string[]
  /**
   * How far the signed time of a request may differ from the clock, in ms or as a duration, from 1 s. Default `'5m'`.
   * GitHub signs no time.
   */
  readonly tolerance?: Duration
  /**
   * The largest body, and the largest data of an event, in bytes. Default 262144 (256 KiB), as much as a log takes; for
   * more, raise `limits.data` of `openLog` as well. Anything larger is answered 413.
   */
  readonly maxBytes?: number
  /** Called with the address each time the endpoint is open, such as `http://127.0.0.1:8080/`. Default: only logged. */
  readonly listening?: (url: string) => void
}

/** The data of a `hook.received` event. */
export interface Received {
  /** Who sent it: `github`, `stripe`, `standard`, or `custom` for a function. */
  readonly from: string
  /** The sender's identifier of the happening, also that of the event; its beginning and a digest if it is longer
   * than 1 KiB. */
  readonly delivery: string
  /** The name of what happened, such as `push` or `invoice.paid`, if the sender names it. Cut at 200 characters. */
  readonly event?: string
  /** When it was sent, ISO 8601 in UTC, if the sender signs that. */
  readonly sent?: string
  /**
   * `content-type`, `user-agent` and, of GitHub, `x-github-…`, by their names in lower case; cut at 1000 characters.
   * Signatures do not cover headers.
   */
  readonly headers: Readonly<Record<string, string>>
  /** The body, any JSON: `where('data.body.action', eq('opened'))`. */
  readonly body: unknown
}

const received = eventType('hook.received').of<Received>()

const options = optionsOf<HookOptions>()({
  port: count(undefined, { max: 65_535 }),
  host: text('127.0.0.1'),
  path: like<string>(
    "a path such as '/hook', without ? and #",
    (value) => typeof value === 'string' && /^\/[^?#\s]*$/.test(value),
    '/',
  ),
  from: like<HookOptions['from']>(
    'github, stripe, standard or a function',
    (value) => typeof value === 'function' || (typeof value === 'string' && Object.hasOwn(providers, value)),
  ),
  secret: optional(
    like<string | readonly string[]>(
      'the name of a secret, or several names',
      (value) => [value].flat().length > 0 && [value].flat().every((one) => typeof one === 'string' && one !== ''),
    ),
  ),
  tolerance: duration('5m', { min: 1000 }),
  maxBytes: count(256 * 1024, { min: 1, max: 32 * 1024 * 1024 }),
  listening: optional(func<NonNullable<HookOptions['listening']>>()),
})

/**
 * Publishes the webhooks that other services send to an endpoint of this agent: an HTTP server that is open while the
 * agent runs. A webhook is published once by its sender's identifier, however often it is sent: `X-GitHub-Delivery`, the
 * id of a Stripe event, `webhook-id` of Standard Webhooks, or what a function says. So a request that is replayed tells
 * nothing, and two endpoints that get the same delivery of GitHub tell it once.
 *
 * | answer | when |
 * |---|---|
 * | 200 | the event is in the log, now or from an earlier request |
 * | 400 | the signature is right, but the body is not JSON, or has no identifier |
 * | 401 | the signature is missing or wrong, or its time is off by more than `tolerance` |
 * | 404, 405 | another path, another method than POST |
 * | 413 | the body is larger than `maxBytes`, or than the log takes |
 * | 500 | the function of `from` failed |
 * | 503 | the log can't store the event now, there are 100 requests at once, or the agent stops: send it again |
 *
 * Signatures are checked over the raw bytes, before they are parsed, and compared in constant time. The stream
 * logs why it refuses a request, at most once in ten seconds; the sender of a wrong signature learns no reason.
 *
 * **Limits.** GitHub sends up to 25 MB, expects an answer within 10 s and does not repeat a failed delivery by itself;
 * Stripe repeats for three days, most senders of Standard Webhooks for about a day. GitHub signs the body alone, not the
 * delivery's id: put TLS in front of an endpoint that others can reach. A sender may take 10 s for its headers and 30 s
 * for a request.
 *
 * **Errors.** `TIDINGS_LISTEN_FAILED` when the port can't be opened, `TIDINGS_SECRET_MISSING` without its
 * secret; the run is tried again, after pauses that grow from 1 s to 10 min. Secrets are read when a run begins.
 *
 * @example
 * ```ts
 * import { agent, listener, on, where } from 'tidings'
 * import { eq } from 'tidings/filters'
 * import { hook } from 'tidings/streams/hook'
 *
 * const pushes = on(hook.received).pipe(where('data.event', eq('push')))
 * export default agent('home', [
 *   hook({ port: 8080, path: '/github', from: 'github', secret: 'GITHUB_WEBHOOK_SECRET' }),
 *   hook({
 *     as: 'doorbell',
 *     port: 8081,
 *     secret: 'DOORBELL_KEY',
 *     from: ({ headers, verify }) => verify(headers['x-signature']) && { identifier: headers['x-id'] ?? '' },
 *   }),
 *   listener('pushes', pushes, ({ data }) => console.log(data.body)),
 * ])
 * ```
 */
export const hook = defineStream({
  name: 'hook',
  summary: 'Signed webhooks that other services send to an endpoint of this agent.',
  events: { received },
  options,
  jobs: (settings) => {
    if (settings.secret === undefined && typeof settings.from === 'string') {
      const words = `the options of stream "hook" don't fit: secret: ${settings.from} signs with a secret, which needs a name`
      throw new TidingsError('TIDINGS_STREAM_INVALID', words, { details: { stream: 'hook', path: 'secret' } })
    }
    return [job('endpoint', always(), (context) => endpoint(settings, context), { publishes: [received] })]
  },
})

type HookSettings = Settings<typeof options.fields>

/**
 * Publishes that may be rejected in one run. The engine keeps each error until the run ends, and reports the run as
 * failed only then.
 */
const MOST_REJECTED = 100

/** The pause between two lines about refused requests with the same status, in ms. */
const QUIET = 10_000

function endpoint(settings: HookSettings, context: JobContext): Promise<void> {
  const { from, listening, tolerance } = settings
  const { logger } = context
  const source = typeof from === 'string' ? providers[from].source(tolerance) : from
  const { secrets, keys } = keysOf(settings, context)
  const report = refusalLog(context)
  let rejected = 0

  const receive = async (arrived: Arrived): Promise<Reply> => {
    let draft: Draft
    try {
      const verdict = await source(hookRequest(arrived, keys, { secrets, now: context.now }))
      if (!verdict) throw new Refused(401, 'the function of from does not accept it')
      draft = draftOf(verdict, typeof from === 'string' ? from : 'custom', arrived, settings.maxBytes)
    } catch (error) {
      if (!(error instanceof Refused)) {
        logger.error({ err: error }, 'webhook not verified')
        return { status: 500, text: 'not verified' }
      }
      report(error)
      return { status: error.status, text: error.status === 401 ? 'not accepted' : error.message }
    }
    try {
      return { status: 200, text: (await context.publish(draft)).status }
    } catch (error) {
      if (context.signal.aborted) return { status: 503, text: 'stopping' }
      logger.error({ err: error, delivery: draft.identifier }, 'webhook not stored')
      rejected += 1
      if (rejected === MOST_REJECTED) throw error
      return hasCode(error, 'TIDINGS_DATA_TOO_LARGE')
        ? { status: 413, text: 'larger than the log takes' }
        : { status: 503, text: 'not stored' }
    }
  }

  const opened = (url: string): void => {
    logger.info({ url }, 'endpoint open')
    listening?.(url)
  }
  return serveEndpoint(settings, context.signal, { opened, receive })
}

function keysOf(
  { from, secret = [] }: HookSettings,
  context: JobContext,
): { readonly secrets: readonly string[]; readonly keys: readonly Buffer[] } {
  const toKey = typeof from === 'string' ? providers[from].key : asText
  const names = [secret].flat() as readonly string[]
  const secrets = names.map((name) => context.secret(name))
  const keys = secrets.map((value, i) => {
    // Anyone can sign with an empty key.
    if (value === '') throw invalidSecret(names[i], 'it is empty')
    try {
      return toKey(value)
    } catch (error) {
      throw invalidSecret(names[i], (error as Error).message)
    }
  })
  return { secrets, keys }
}

function invalidSecret(name = '', why: string): TidingsError {
  const words = `stream hook: the secret ${name} is not a key: ${why}`
  return new TidingsError('TIDINGS_SECRET_MISSING', words, { details: { name } })
}

/** @throws Refused 413; TypeError for a verdict that is not one */
function draftOf(verdict: HookVerdict, from: string, arrived: Arrived, maxBytes: number): Draft {
  const { identifier, event, sent, headers: names = ['content-type', 'user-agent'] } = verdict
  const delivery = typeof identifier === 'string' ? identifierOf(identifier) : undefined
  if (delivery === undefined) {
    throw new TypeError(`from must return an identifier that is text and not empty, got ${describe(identifier)}`)
  }
  const headers = names.flatMap((name) => {
    const value = arrived.headers[name]
    return typeof value === 'string' ? [[name, cut(value, 1000)]] : []
  })
  const data: Received = {
    from,
    delivery,
    ...(event === undefined ? {} : { event: cut(event, 200) }),
    ...(sent === undefined ? {} : { sent }),
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: verdict.body === undefined ? parseJson(arrived.body) : verdict.body,
  }
  if (Buffer.byteLength(JSON.stringify(data)) > maxBytes) throw new Refused(413, tooLarge(maxBytes).text)
  return received(delivery, data)
}

/** Logs refused webhooks, so many that a flood of them can't fill the log file. */
function refusalLog({ logger, now }: JobContext): (refused: Refused) => void {
  const quiet = new Map<number, { until: number; skipped: number }>()
  return ({ status, message: why }) => {
    const known = quiet.get(status)
    if (known !== undefined && now() < known.until) {
      known.skipped += 1
      return
    }
    logger.warn({ status, why, ...(known?.skipped ? { skipped: known.skipped } : {}) }, 'webhook refused')
    quiet.set(status, { until: now() + QUIET, skipped: 0 })
  }
}
