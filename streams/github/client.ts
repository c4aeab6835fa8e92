import type { Octokit } from '@octokit/core'
import { type Delivery, type JobContext, TidingsError } from '../../lib/index.ts'
import { readBody } from '../shared/http-body.ts'
import { shown } from '../shared/http-failure.ts'
import { optionalPackage } from '../shared/optional-package.ts'
import { type Asker, failureOf, type GithubResponse, type RequestFailure } from './failure.ts'

/** The parts of a run or a delivery that requests need. */
type Asking = Pick<JobContext | Delivery, 'fetch' | 'signal' | 'now' | 'secret' | 'logger'>

/** The account and the server that a client talks to. */
export interface ClientOptions extends Omit<Asker, 'now'> {
  /** The address of the API, without a slash at its end. */
  readonly baseUrl: string
}

/** One request. */
export interface GithubRequest {
  readonly query?: URLSearchParams
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly json?: Readonly<Record<string, unknown>>
}

/**
 * Asks GitHub. The answer has a status of 2xx, or 304.
 *
 * @throws Retry, TidingsError `TIDINGS_HTTP_FAILED`, `TIDINGS_HTTP_BLOCKED`, `TIDINGS_RESPONSE_TOO_LARGE`
 */
export type GithubClient = (method: 'GET' | 'POST', path: string, request?: GithubRequest) => Promise<GithubResponse>

/** The largest body, in bytes: a page of 100 issues with the longest texts stays below it. */
const MAX_BYTES = 32 * 1024 * 1024

/** The redirects that a request follows: GitHub sends one for a renamed repository. */
const MOST_REDIRECTS = 5

/** How often a request without an answer, or with a 5xx, is repeated, and the unit of the waits, in ms: 100, then 400. */
const RETRIES = { retries: 2, retryAfterBaseValue: 100 }

const PACKAGES = ['@octokit/core', '@octokit/plugin-throttling', '@octokit/plugin-retry']

let clients = 0

/**
 * Makes a client for one run or delivery. Octokit is imported here, so that only those who use it need it.
 *
 * What its plugins do: `throttling` recognises primary and secondary rate limits; the run does not sleep in it, but ends
 * with a `Retry` (`onRateLimit` and `onSecondaryRateLimit` refuse). `retry` repeats a GET after 0.1 and 0.4 s when the
 * connection breaks or GitHub answers 5xx without a `Retry-After`, so that one bad gateway does not cost a run. Both
 * use timers of the system, of a millisecond otherwise. The limiters are new for each client: they remember times of
 * the wall clock, and would wait for it if it stepped back.
 */
export async function githubClient(asking: Asking, options: ClientOptions): Promise<GithubClient> {
  const { who, token, baseUrl } = options
  const auth = asking.secret(token)
  const { Octokit, throttling, retry } = await optionalPackage(who, PACKAGES, loadOctokit)
  const refuse = (): boolean => false
  const { logger } = asking
  const octokit = new (Octokit.plugin(finalFailures, throttling, retry))({
    auth,
    baseUrl,
    userAgent: 'tidings',
    throttle: { id: `tidings ${++clients}`, onRateLimit: refuse, onSecondaryRateLimit: refuse },
    retry: { ...RETRIES, doNotRetry: [] },
    request: { fetch: boundedFetch(asking, who), signal: asking.signal },
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (words) => logger.warn(words),
      error: (words) => logger.error(words),
    },
  })
  return async (method, path, { query = new URLSearchParams(), headers = {}, json } = {}) => {
    try {
      return await octokit.request({
        method,
        url: query.size === 0 ? path : `${path}?${query}`,
        headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28', ...headers },
        ...(json === undefined ? {} : { data: json }),
        // A POST without an answer may have arrived: it is not repeated here.
        ...(method === 'GET' ? {} : { request: { retries: 0 } }),
      })
    } catch (thrown) {
      const { status, response } = thrown as RequestFailure
      if (status === 304 && response !== undefined) return response
      throw asking.signal.aborted ? thrown : failureOf(thrown, { ...options, now: asking.now })
    }
  }
}

async function loadOctokit() {
  const [{ Octokit }, { throttling }, { retry }] = await Promise.all([
    import('@octokit/core'),
    import('@octokit/plugin-throttling'),
    import('@octokit/plugin-retry'),
  ])
  return { Octokit, throttling, retry }
}

/** A plugin, registered before `retry`, that lets only those failures be repeated which a moment may heal. */
function finalFailures(octokit: Octokit): void {
  octokit.hook.error('request', (error, options) => {
    const { status = 0, response, cause } = error as RequestFailure
    const heals = status >= 500 && response?.headers['retry-after'] === undefined && !(cause instanceof TidingsError)
    if (!heals) (options.request as { retries?: number }).retries = 0
    throw error
  })
}

/**
 * The `fetch` for Octokit: bounds the size of answers, and follows redirects only within the origin, since others would
 * receive the token.
 */
function boundedFetch({ fetch, logger }: Pick<Asking, 'fetch' | 'logger'>, who: string): typeof globalThis.fetch {
  return async (input, init) => {
    let url = new URL(input)
    for (let redirects = 0; ; redirects++) {
      const response = await fetch(url, { ...init, redirect: 'manual' })
      const location = [301, 302, 307, 308].includes(response.status) ? response.headers.get('location') : null
      if (location === null) return whole(response, `${who}: ${init?.method ?? 'GET'} ${shown(url)}`)
      await response.body?.cancel()
      const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined
      if (next?.origin !== url.origin || redirects === MOST_REDIRECTS) {
        const words = `${who}: ${shown(url)} redirects to ${next === undefined ? 'nowhere' : shown(next)}, which is not asked`
        throw new TidingsError('TIDINGS_HTTP_BLOCKED', words, { details: { url: shown(url) } })
      }
      logger.info({ from: shown(url), to: shown(next) }, 'moved')
      url = next
    }
  }
}

/** The statuses whose answers have no body. */
const EMPTY = [204, 205, 304]

/** Reads an answer up to the limit. Its body counts as JSON: GitHub sends nothing else, and Octokit trusts the header. */
async function whole(response: Response, what: string): Promise<Response> {
  const { status, statusText } = response
  if (status < 200 || status > 599) {
    throw new TidingsError('TIDINGS_HTTP_FAILED', `${what} answered ${status}`, { details: { status } })
  }
  const headers = new Headers(response.headers)
  headers.set('content-type', 'application/json; charset=utf-8')
  const { bytes } = await readBody(response, what, MAX_BYTES)
  return new Response(EMPTY.includes(status) ? null : bytes, { status, statusText, headers })
}
