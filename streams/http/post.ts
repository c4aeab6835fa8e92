import { type Delivery, Park, TidingsError } from '../../lib/index.ts'
import { describe } from '../../lib/streams.ts'
import { bearer } from '../shared/bearer.ts'
import { type HandlerRequest, send } from '../shared/http-handler.ts'
import { optional, optionsOf, settingsOf, text } from '../shared/options.ts'

/** A request of `http.post`. */
export interface HttpRequest {
  /** The address, which the event may choose: then check it, or it leads anywhere. */
  readonly url: string
  /** Default `POST`. */
  readonly method?: 'POST' | 'PUT' | 'PATCH'
  /** Sent as JSON; default the value that the listener hears, mostly the event, unless there is a `body`. */
  readonly json?: unknown
  /** Sent as it is; its content type belongs in `headers`. */
  readonly body?: string
  /** Further headers; default none. */
  readonly headers?: Readonly<Record<string, string>>
}

/** The options of `http.post`. */
export interface HttpPostOptions {
  /** The name of a secret that is sent as `Authorization: Bearer …`; default none. */
  readonly token?: string
  /** The header that carries `delivery.key`, the same for every attempt; default `Idempotency-Key`. */
  readonly keyHeader?: string
}

const schema = optionsOf<HttpPostOptions>()({ token: optional(text()), keyHeader: text('Idempotency-Key') })

/**
 * Returns a handler that sends one request for each value that its listener hears.
 *
 * 429 and 5xx are retried after the `Retry-After` of the answer, or with the backoff of the listener; any other answer
 * outside 2xx parks the event. Redirects are not followed. A service that knows `Idempotency-Key` acts once, however often
 * the event is delivered; any other may act again if its answer gets lost.
 *
 * @param request the request, or a function that makes it of the value and the delivery
 * @throws TidingsError `TIDINGS_LISTENER_INVALID`, naming what does not fit
 */
export function post<V>(
  request: HttpRequest | ((value: V, delivery: Delivery) => HttpRequest | Promise<HttpRequest>),
  options: HttpPostOptions = {},
): (value: V, delivery: Delivery) => Promise<void> {
  const { token, keyHeader } = settingsOf('http.post', schema, options)
  if (typeof request !== 'function' && !isWeb(request?.url)) {
    const words = `http.post needs { url } or a function that returns it, got ${describe(request)}`
    throw new TidingsError('TIDINGS_LISTENER_INVALID', words, { details: { handler: 'http.post', path: 'url' } })
  }
  return async (value, delivery) => {
    const made = typeof request === 'function' ? await request(value, delivery) : request
    if (!isWeb(made?.url)) throw new Park(`http.post: expected an http or https address, got ${describe(made?.url)}`)
    const { url, method = 'POST', body, json = body === undefined ? value : undefined, headers } = made
    const own = new Headers({ [keyHeader]: delivery.key, ...bearer(delivery, token) })
    for (const [name, one] of Object.entries(headers ?? {})) own.set(name, one)
    const sent: HandlerRequest = { method, url, headers: Object.fromEntries(own), ignoresAnswer: true }
    await send(delivery, 'http.post', { ...sent, ...(body === undefined ? { json } : { body }) })
  }
}

function isWeb(url: unknown): boolean {
  return typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}
