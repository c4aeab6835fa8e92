import { type Delivery, Park } from '../../lib/index.ts'
import { hasCode } from '../../lib/streams.ts'
import { type Body, readBody } from './http-body.ts'
import { connectionFailure, retryOf, shown, statusFailure } from './http-failure.ts'

/** One request of a handler. */
export interface HandlerRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is. */
  readonly body?: string
  /** Replaces the URL in messages, for services that want a secret in its path; default origin and path. */
  readonly shownAs?: string
  /** Whether a success counts without its body, which is not read then: a request that was taken is not sent again. */
  readonly ignoresAnswer?: true
  /** Reads the wait that the body of a 429 or 5xx asks for, in seconds; default: only `Retry-After` counts. */
  readonly retryAfter?: (body: string) => number | undefined
  /** The largest answer to read, in bytes; default 1 MiB. */
  readonly maxBytes?: number
}

/** What the service answered. */
export interface HandlerAnswer extends Body {
  readonly status: number
  readonly headers: Headers
}

/** The largest answer that a handler reads, in bytes. */
const MAX_BYTES = 1024 * 1024

/**
 * Sends the request of a handler, and turns what fails into what happens next:
 *
 * - 429 or 5xx with a `Retry-After`: `Retry` after that time
 * - 429 or 5xx without one, or no answer: an ordinary failure, so the listener's backoff applies
 * - any other 3xx or 4xx: `Park` with the reason; a second attempt would fail as well
 *
 * @param who names the handler in errors: `'todoist.addTask'`
 */
export async function send(
  delivery: Pick<Delivery, 'fetch' | 'signal' | 'now'>,
  who: string,
  request: HandlerRequest,
): Promise<HandlerAnswer> {
  const { method, json, body = json === undefined ? undefined : JSON.stringify(json) } = request
  const url = new URL(request.url)
  const at = request.shownAs === undefined ? url : new URL(request.shownAs)
  const headers = { ...(json === undefined ? {} : { 'content-type': 'application/json' }), ...request.headers }
  let response: Response
  let read: Body
  try {
    const { fetch, signal } = delivery
    // A redirected POST would lose its body, and credentials could leave their origin.
    response = await fetch(url, {
      method,
      headers,
      signal,
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    })
    read = await bodyOf(response, request, `${who}: ${method} ${shown(at)}`, signal)
  } catch (cause) {
    if (delivery.signal.aborted || hasCode(cause, 'TIDINGS_RESPONSE_TOO_LARGE')) throw cause
    throw connectionFailure(who, method, at, cause)
  }
  if (response.ok) return { ...read, status: response.status, headers: response.headers }
  const failure = statusFailure(who, method, at, response, read.text())
  const retry = retryOf(response, delivery.now(), failure, request.retryAfter?.(read.text()))
  if (retry !== undefined) throw retry
  if (response.status === 429 || response.status >= 500) throw failure
  throw new Park(failure.message, { cause: failure })
}

const NO_BODY: Body = { bytes: new Uint8Array(), text: () => '' }

/** Reads the body. That of a failure is only part of a message: without it, the status decides all the same. */
async function bodyOf(
  response: Response,
  { ignoresAnswer, maxBytes = MAX_BYTES }: HandlerRequest,
  who: string,
  signal: AbortSignal,
): Promise<Body> {
  if (response.ok && ignoresAnswer) {
    // A connection that is gone by now changes nothing.
    await response.body?.cancel().catch(() => undefined)
    return NO_BODY
  }
  try {
    return await readBody(response, who, maxBytes)
  } catch (cause) {
    if (response.ok || signal.aborted) throw cause
    return NO_BODY
  }
}
