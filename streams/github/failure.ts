import { Retry, TidingsError } from '../../lib/index.ts'
import { shown, statusFailure } from '../shared/http-failure.ts'

/** An answer of GitHub, as Octokit gives it: headers in lower case, the body parsed if it is JSON. */
export interface GithubResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | number | undefined>>
  readonly data: unknown
}

/** What Octokit throws. */
export interface RequestFailure extends Error {
  readonly status?: number
  readonly request?: { readonly method: string; readonly url: string }
  /** Missing if GitHub did not answer. */
  readonly response?: GithubResponse
}

/** Who asks, for errors. */
export interface Asker {
  /** Names the stream or handler: `'stream github'`. */
  readonly who: string
  /** The name of the secret that holds the token. */
  readonly token: string
  /** The time, in ms since the epoch. */
  readonly now: () => number
  /** The repository that the request is about, `owner/name`. */
  readonly repository?: string
}

/** The shortest and the longest wait for a rate limit, in ms. GitHub's limits are per hour; anything longer is a clock. */
const SHORTEST_WAIT = 1000
const LONGEST_WAIT = 3_600_000

/** The wait without a time in the answer, in ms: what GitHub's guide says for secondary limits. */
const USUAL_WAIT = 60_000

/**
 * Turns what Octokit throws into what happens next: `Retry` after the time that GitHub gives, for a rate limit or a
 * failure with a `Retry-After`; otherwise `TIDINGS_HTTP_FAILED` with what a person can do about it.
 */
export function failureOf(thrown: unknown, asker: Asker): unknown {
  const failure = thrown as RequestFailure
  if (failure.cause instanceof TidingsError) return failure.cause
  const { request, response } = failure
  if (request === undefined) return thrown
  const url = new URL(request.url)
  if (response === undefined) {
    const words = `${asker.who}: ${request.method} ${shown(url)} failed: ${failure.message}`
    const details = { method: request.method, url: shown(url) }
    return new TidingsError('TIDINGS_HTTP_FAILED', words, { cause: failure.cause, details })
  }
  const wait = waitOf(response, asker.now())
  const { code, message, details } = statusFailure(
    asker.who,
    request.method,
    url,
    { status: response.status, statusText: '' },
    reasonOf(response),
  )
  const hint = wait === undefined ? hintOf(response, asker) : 'a rate limit'
  const error = new TidingsError(code, hint === '' ? message : `${message} (${hint})`, { details })
  return wait === undefined ? error : new Retry({ after: wait, cause: error })
}

/** Whether a failure is a limit on the number of requests: GitHub answers those with 403 or 429. */
function isRateLimit({ status, headers, data }: GithubResponse): boolean {
  if (status === 429) return true
  return status === 403 && (String(headers['x-ratelimit-remaining']) === '0' || /rate limit/i.test(messageIn(data)))
}

/** How long to wait before asking again, in ms; undefined if waiting would not help, or GitHub gives no time. */
function waitOf(response: GithubResponse, now: number): number | undefined {
  const { headers, status } = response
  const seconds = Number(headers['retry-after'] ?? Number.NaN)
  const limited = isRateLimit(response)
  if (!limited && (status < 500 || Number.isNaN(seconds))) return undefined
  if (seconds >= 0) return bounded(seconds * 1000)
  if (String(headers['x-ratelimit-remaining']) !== '0') return USUAL_WAIT
  // A time that has passed tells that the clocks differ.
  const left = Number(headers['x-ratelimit-reset']) * 1000 - now
  return left > 0 ? bounded(left) : USUAL_WAIT
}

function bounded(wait: number): number {
  return Math.min(Math.max(Math.ceil(wait), SHORTEST_WAIT), LONGEST_WAIT)
}

/** What a person can do about a failure. */
function hintOf({ status, headers }: GithubResponse, { token, repository }: Asker): string {
  const sso = /url=(\S+)/.exec(String(headers['x-github-sso'] ?? ''))?.[1]
  if (sso !== undefined) return `authorize the token ${token} for the organization's single sign-on: ${sso}`
  if (status === 401) return `the token ${token} is wrong, has expired or was revoked`
  if (status === 403) {
    const needed = headers['x-accepted-github-permissions'] ?? headers['x-accepted-oauth-scopes'] ?? ''
    return `the token ${token} may not do this${needed === '' ? '' : `; it needs ${needed}`}`
  }
  if (status === 404 && repository !== undefined) {
    return `there is no repository ${repository}, or the token ${token} may not see it`
  }
  if (status === 410 && repository !== undefined) return `${repository} has this switched off, or it was deleted`
  return ''
}

function reasonOf({ data }: GithubResponse): string {
  return typeof data === 'string' ? data : messageIn(data)
}

function messageIn(data: unknown): string {
  const message = (data as { readonly message?: unknown } | null | undefined)?.message
  return typeof message === 'string' ? message : ''
}
