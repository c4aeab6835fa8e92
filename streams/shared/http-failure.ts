import { Retry, TidingsError } from '../../lib/index.ts'
import { serviceTime } from './service-time.ts'

/** The longest wait that a service may ask for, in ms: a day. */
const LONGEST_WAIT = 86_400_000

/** A URL for messages: without its query and credentials, which may hold secrets. */
export function shown(url: URL): string {
  return `${placeOf(url)}${url.pathname}`
}

/** The scheme and host of a URL; its `origin` is "null" unless the scheme is one of the web. */
export function placeOf({ protocol, host }: URL): string {
  return `${protocol}//${host}`
}

/** The error of an answer that is not a success. `excerpt`: the beginning of its body. */
export function statusFailure(
  who: string,
  method: string,
  url: URL,
  { status, statusText }: Pick<Response, 'status' | 'statusText'>,
  excerpt: string,
): TidingsError {
  const said = excerpt
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, 200)
    .toWellFormed()
  const words = `${who}: ${method} ${shown(url)} answered ${`${status} ${statusText}`.trim()}${said === '' ? '' : `: ${said}`}`
  return new TidingsError('TIDINGS_HTTP_FAILED', words, { details: { status, method, url: shown(url) } })
}

/** The error of a request without a whole answer: `cause` is what `fetch` threw, or the reading of the body. */
export function connectionFailure(who: string, method: string, url: URL, cause: unknown): TidingsError {
  const reason = ((cause as Error).cause as Error | undefined)?.message ?? (cause as Error).message
  const words = `${who}: ${method} ${shown(url)} failed: ${reason}`
  return new TidingsError('TIDINGS_HTTP_FAILED', words, { cause, details: { method, url: shown(url) } })
}

/**
 * A `Retry` after the time that the service asks for; undefined if it asks for none, or a wait would not help.
 *
 * @param seconds what the service asks for in a way of its own; `Retry-After` counts more
 */
export function retryOf(
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  now: number,
  cause: unknown,
  seconds?: number,
): Retry | undefined {
  if (status !== 429 && status < 500) return undefined
  const after = waitIn(headers.get('retry-after') ?? seconds?.toFixed(3) ?? null, serviceTime(headers, now))
  return after === undefined ? undefined : new Retry({ after, cause })
}

/** Reads a `Retry-After` (RFC 9110): seconds, or a date. In ms, at most a day; undefined if it is neither. */
function waitIn(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  const seconds = /^\s*\d+(\.\d+)?\s*$/.test(header) ? Number(header) : (Date.parse(header) - now) / 1000
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(0, Math.ceil(seconds * 1000)), LONGEST_WAIT)
}
