import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TidingsError } from '../../lib/index.ts'

/** Where an endpoint listens, and what it accepts. */
export interface EndpointOptions {
  readonly port: number
  readonly host: string
  readonly path: string
  /** The largest body, in bytes. */
  readonly maxBytes: number
  /** How long a sender may take for the headers, and for the whole request, in ms. */
  readonly patience?: { readonly headers: number; readonly request: number }
  /** The number of requests that are received or answered at the same time. */
  readonly most?: number
}

/** A request that was received whole. */
export interface Arrived {
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** The answer to a request: a status and a few words. */
export interface Reply {
  readonly status: number
  readonly text: string
}

/** What an endpoint is used for. */
export interface EndpointUse {
  /** Called with the address once the endpoint listens. */
  opened(url: string): void
  /** Answers a request. If it rejects, the endpoint closes with that error. */
  receive(arrived: Arrived): Promise<Reply>
}

/** A slow sender holds a connection and up to `maxBytes` of memory no longer than this, in ms. */
const PATIENCE = { headers: 10_000, request: 30_000 }

/** Requests at the same time: with bodies of 256 KiB, they take 25 MiB. */
const MOST_REQUESTS = 100

/** Connections at the same time; further ones are closed at once. */
const MOST_CONNECTIONS = 1000

/** A connection on which nothing happens is closed after so many ms. */
const IDLE = { betweenRequests: 5000, within: 60_000 }

/**
 * Receives POST requests on one path until the signal aborts. Then it takes no more requests, and resolves when those
 * that it has are answered. A request whose body has not arrived by then is answered 503.
 *
 * @throws TidingsError `TIDINGS_LISTEN_FAILED` when the port can't be opened
 */
export async function serveEndpoint(options: EndpointOptions, signal: AbortSignal, use: EndpointUse): Promise<void> {
  if (signal.aborted) return
  await new Endpoint(options, signal, use).serve()
}

class Endpoint {
  readonly #options: EndpointOptions
  readonly #signal: AbortSignal
  readonly #use: EndpointUse
  readonly #server: Server
  readonly #answered = new Set<Promise<void>>()
  #end: (error?: Error) => void = () => undefined

  constructor(options: EndpointOptions, signal: AbortSignal, use: EndpointUse) {
    this.#options = options
    this.#signal = signal
    this.#use = use
    const { headers, request } = options.patience ?? PATIENCE
    this.#server = createServer(
      {
        headersTimeout: headers,
        requestTimeout: request,
        connectionsCheckingInterval: Math.min(1000, headers),
        keepAliveTimeout: IDLE.betweenRequests,
      },
      (asked, response) => this.#accept(asked, response),
    )
    this.#server.timeout = IDLE.within
    this.#server.maxConnections = MOST_CONNECTIONS
  }

  async serve(): Promise<void> {
    const server = this.#server
    const { host, port, path } = this.#options
    const ended = new Promise<void>((resolve, reject) => {
      this.#end = (error) => (error === undefined ? resolve() : reject(error))
    })
    const abort = (): void => this.#end()
    this.#signal.addEventListener('abort', abort, { once: true })
    server.on('error', (cause) => this.#end(listenFailed(host, port, cause)))
    server.listen(port, host, () => this.#use.opened(urlOf(server.address() as AddressInfo, path)))
    try {
      await ended
    } finally {
      this.#signal.removeEventListener('abort', abort)
      const closed = new Promise((resolve) => server.close(resolve))
      await Promise.all(this.#answered)
      server.closeAllConnections()
      await closed
    }
  }

  #accept(asked: IncomingMessage, response: ServerResponse): void {
    const { most = MOST_REQUESTS } = this.#options
    // Without a listener, a connection that breaks would be an uncaught error.
    response.on('error', () => undefined)
    if (this.#answered.size >= most) return this.#answer(response, { status: 503, text: 'too many requests at once' })
    const closed = new Promise<void>((resolve) => response.once('close', resolve))
    this.#answered.add(closed)
    void closed.then(() => this.#answered.delete(closed))
    void this.#handle(asked, response)
  }

  async #handle(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const early = this.#refusal(asked)
    if (early !== undefined) return this.#answer(response, early)
    const body = await readBody(asked, this.#options.maxBytes, this.#signal)
    if (body === undefined) return
    if (!Buffer.isBuffer(body)) return this.#answer(response, body)
    try {
      this.#answer(response, await this.#use.receive({ headers: asked.headers, body }))
    } catch (error) {
      this.#answer(response, { status: 503, text: 'out of order' })
      this.#end(error as Error)
    }
  }

  #refusal({ url = '', method, headers }: IncomingMessage): Reply | undefined {
    const { path, maxBytes } = this.#options
    if (url.split('?', 1)[0] !== path) return { status: 404, text: 'not found' }
    if (method !== 'POST') return { status: 405, text: 'only POST is accepted' }
    return Number(headers['content-length']) > maxBytes ? tooLarge(maxBytes) : undefined
  }

  #answer(response: ServerResponse, { status, text }: Reply): void {
    if (response.destroyed) return
    const extra = { 405: { allow: 'POST' }, 503: { 'retry-after': '5' } }[status] ?? {}
    const closing = this.#signal.aborted ? { connection: 'close' } : {}
    const body = Buffer.from(`${text}\n`)
    const type = { 'content-type': 'text/plain; charset=utf-8', 'content-length': body.length }
    response.writeHead(status, { ...type, ...extra, ...closing }).end(body)
  }
}

/** Reads a body; the reply if it is too large or the endpoint ends; undefined if the connection broke. */
function readBody(asked: IncomingMessage, maxBytes: number, signal: AbortSignal): Promise<Buffer | Reply | undefined> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let size = 0
    const settle = (result: Buffer | Reply | undefined): void => {
      signal.removeEventListener('abort', stop)
      asked.removeListener('data', take)
      // Whatever follows is discarded: an answer could get lost on a connection that is cut.
      asked.resume()
      resolve(result)
    }
    const stop = (): void => settle({ status: 503, text: 'stopping' })
    const take = (part: Buffer): void => {
      size += part.length
      parts.push(part)
      if (size > maxBytes) settle(tooLarge(maxBytes))
    }
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    asked.on('data', take)
    asked.once('end', () => settle(Buffer.concat(parts)))
    asked.once('error', () => settle(undefined))
    asked.once('close', () => settle(undefined))
  })
}

/** The reply to a request that is larger than `maxBytes`. */
export function tooLarge(maxBytes: number): Reply {
  return { status: 413, text: `larger than ${maxBytes} bytes` }
}

function urlOf({ address, family, port }: AddressInfo, path: string): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}${path}`
}

function listenFailed(host: string, port: number, cause: Error): TidingsError {
  const { code } = cause as NodeJS.ErrnoException
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'it is in use by another program or another hook',
    EACCES: 'this user may not open it',
    EADDRNOTAVAIL: 'this machine does not have that address',
    ENOTFOUND: 'there is no such host',
  }
  const words = `stream hook: port ${port} of ${host} can't be opened: ${reasons[code ?? ''] ?? cause.message}`
  return new TidingsError('TIDINGS_LISTEN_FAILED', words, { cause, details: { host, port } })
}
