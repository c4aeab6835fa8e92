import { createHash } from 'node:crypto'
import { type JobContext, TidingsError } from '../../lib/index.ts'
import { defined, hasCode } from '../../lib/streams.ts'
import { type Body, readBody } from './http-body.ts'
import { connectionFailure, placeOf, retryOf, shown, statusFailure } from './http-failure.ts'
import { isPrivateHost } from './private-host.ts'

/** The service that a client talks to. */
export interface ClientOptions {
  /** The stream, for errors. */
  readonly stream: string
  /** The address that paths are relative to, without a slash at its end. */
  readonly baseUrl: string
  /** Headers of every request to the origin of `baseUrl`; default none. Credentials belong here. */
  readonly headers?: Readonly<Record<string, string>>
  /** Whether paths are secret: messages then show the origin alone. Default false. */
  readonly secretPaths?: boolean
  /** The largest body to read, in bytes after decompression; default 8 MiB. */
  readonly maxBytes?: number
  /** Reads the wait that a 429 or 5xx asks for in its own way, in seconds; default: only `Retry-After` counts. */
  readonly retryAfter?: (body: string, headers: Headers) => number | undefined
}

/** One request. */
export interface ClientRequest {
  /** Query parameters; undefined ones are left out, and arrays repeat the parameter. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly (string | number)[] | undefined>>
  /** Headers of this request, whatever its origin. */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Asks whether the answer has changed since the last successful run, by its ETag or Last-Modified; default false. For
   * URLs that stay the same from run to run: each keeps its validators in the job's state.
   */
  readonly conditional?: boolean
  /** With `conditional`: asks for the whole answer, whether it has changed or not, and keeps its validators. Default false. */
  readonly whole?: boolean
}

/** A successful answer. */
export interface Answer extends Body {
  /** The URL that answered, after redirects. */
  readonly url: URL
  /** The URL to ask from now on, if the service has moved for good (301, 308). */
  readonly moved?: URL
  readonly status: number
  readonly headers: Headers
  /** The body as JSON. @throws TidingsError `TIDINGS_RESPONSE_INVALID` */
  json(): unknown
}

/** Redirects that a request follows. */
const MOST_REDIRECTS = 5

/** The largest body, in bytes. */
const MAX_BYTES = 8 * 1024 * 1024

/** Where a document is asked for: at its own address, or at the same path of a server that stands in for its own. */
export function askedAt(url: string, baseUrl: string | undefined): URL {
  const { pathname, search } = new URL(url)
  return new URL(baseUrl === undefined ? url : `${baseUrl}${pathname}${search}`)
}

/** Makes a client of a service for one run of a job. */
export function httpClient(context: JobContext, options: ClientOptions): HttpClient {
  return new HttpClient(context, options)
}

/**
 * Asks an HTTP service on behalf of one run, through the context's `fetch`.
 *
 * - A status of 429 or 5xx with a `Retry-After` becomes a `Retry`; every other failure fails the run, and the next slot
 *   looks again.
 * - Redirects are followed up to five times. Credentials stay with their origin, and a public host cannot redirect to a
 *   private address.
 * - Validators are job state: they are stored with the run's last event, and not at all if the run fails.
 */
export class HttpClient {
  readonly #context: JobContext
  readonly #options: ClientOptions

  constructor(context: JobContext, options: ClientOptions) {
    this.#context = context
    this.#options = options
  }

  /**
   * Gets a path below `baseUrl`, or a whole URL. Undefined: not modified since the last successful run.
   *
   * @throws Retry, TidingsError `TIDINGS_HTTP_FAILED`, `TIDINGS_HTTP_BLOCKED`, `TIDINGS_RESPONSE_TOO_LARGE`
   */
  async get(path: string, request: ClientRequest = {}): Promise<Answer | undefined> {
    const url = this.#urlOf(path, request.query)
    const key = `http ${createHash('sha256').update(url.href).digest('base64url').slice(0, 22)}`
    const known = request.conditional === true ? await this.#context.state.get<Validators>(key) : undefined
    const asked = request.whole === true ? undefined : known
    const { response, url: at, moved } = await this.#follow(url, { ...request.headers, ...conditions(asked) })
    if (response.status === 304 && asked !== undefined) {
      this.#context.logger.info({ url: this.#shown(at) }, 'not modified')
      return undefined
    }
    const who = `stream ${this.#options.stream}: GET ${this.#shown(at)}`
    const body = await this.#read(response, at, who)
    if (!response.ok) {
      const failure = statusFailure(`stream ${this.#options.stream}`, 'GET', this.#visible(at), response, body.text())
      const seconds = this.#options.retryAfter?.(body.text(), response.headers)
      throw retryOf(response, this.#context.now(), failure, seconds) ?? failure
    }
    if (request.conditional === true) this.#remember(key, known, response.headers)
    const { status, headers } = response
    return { ...body, url: at, ...defined({ moved }), status, headers, json: () => parseJson(body, who) }
  }

  #urlOf(path: string, query: ClientRequest['query'] = {}): URL {
    const url = new URL(/^https?:\/\//i.test(path) ? path : `${this.#options.baseUrl}${path}`)
    for (const [name, value] of Object.entries(query)) {
      for (const one of [value ?? []].flat()) url.searchParams.append(name, String(one))
    }
    return url
  }

  async #follow(first: URL, headers: Readonly<Record<string, string>>): Promise<Followed> {
    const { baseUrl, headers: own = {} } = this.#options
    const home = new URL(baseUrl)
    let url = first
    let moved: URL | undefined
    let lasting = true
    for (let redirects = 0; ; redirects++) {
      if (url.origin !== home.origin && isPrivateHost(url) && !isPrivateHost(home))
        throw this.#blocked(url, 'is private')
      const credentials = url.origin === home.origin ? own : {}
      const response = await this.#fetch(url, { ...credentials, ...headers })
      const location = [301, 302, 303, 307, 308].includes(response.status) ? response.headers.get('location') : null
      if (location === null) return { response, url, moved }
      await response.body?.cancel()
      if (redirects === MOST_REDIRECTS) throw this.#blocked(url, `is the ${MOST_REDIRECTS + 1}th redirect`)
      if (!URL.canParse(location, url.href)) throw this.#blocked(url, 'redirects to an invalid URL')
      const next = new URL(location, url)
      const worse = url.protocol === 'https:' && next.protocol !== 'https:'
      if (worse || !/^https?:$/.test(next.protocol)) throw this.#blocked(next, `is not ${url.protocol.slice(0, -1)}`)
      url = next
      // Behind a temporary redirect, nothing is for good.
      lasting &&= response.status === 301 || response.status === 308
      if (lasting) moved = url
    }
  }

  async #fetch(url: URL, headers: Readonly<Record<string, string>>): Promise<Response> {
    const { fetch, signal } = this.#context
    try {
      return await fetch(url, { headers, signal, redirect: 'manual' })
    } catch (cause) {
      throw this.#unreachable(url, cause)
    }
  }

  async #read(response: Response, url: URL, who: string): Promise<Body> {
    try {
      return await readBody(response, who, this.#options.maxBytes ?? MAX_BYTES)
    } catch (cause) {
      if (hasCode(cause, 'TIDINGS_RESPONSE_TOO_LARGE')) throw cause
      throw this.#unreachable(url, cause)
    }
  }

  // An unchanged validator needs no write.
  #remember(key: string, known: Validators | undefined, headers: Headers): void {
    const etag = headers.get('etag') ?? undefined
    const lastModified = headers.get('last-modified') ?? undefined
    if (known?.etag === etag && known?.lastModified === lastModified) return
    const found = { ...(etag === undefined ? {} : { etag }), ...(lastModified === undefined ? {} : { lastModified }) }
    if (Object.keys(found).length === 0) this.#context.state.delete(key)
    else this.#context.state.set(key, found)
  }

  #unreachable(url: URL, cause: unknown): unknown {
    if (this.#context.signal.aborted) return cause
    return connectionFailure(`stream ${this.#options.stream}`, 'GET', this.#visible(url), cause)
  }

  #visible(url: URL): URL {
    return this.#options.secretPaths === true ? new URL(placeOf(url)) : url
  }

  #shown(url: URL): string {
    return shown(this.#visible(url))
  }

  #blocked(url: URL, why: string): TidingsError {
    const words = `stream ${this.#options.stream}: ${this.#shown(url)} ${why}, and is not asked`
    return new TidingsError('TIDINGS_HTTP_BLOCKED', words, { details: { url: this.#shown(url) } })
  }
}

/** The answer at the end of a chain of redirects. */
interface Followed {
  readonly response: Response
  readonly url: URL
  readonly moved: URL | undefined
}

interface Validators {
  readonly etag?: string
  readonly lastModified?: string
}

function conditions({ etag, lastModified }: Validators = {}): Record<string, string> {
  return {
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
    ...(lastModified === undefined ? {} : { 'if-modified-since': lastModified }),
  }
}

function parseJson(body: Body, who: string): unknown {
  try {
    return JSON.parse(body.text())
  } catch (cause) {
    throw new TidingsError('TIDINGS_RESPONSE_INVALID', `${who} did not answer JSON: ${(cause as Error).message}`, {
      cause,
    })
  }
}
