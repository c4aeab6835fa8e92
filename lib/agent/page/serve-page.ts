import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { quote, TidingsError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Operations } from '../operations/operations.ts'
import { closeServer, HttpStreams } from '../socket/http-stream.ts'
import { pageFiles } from './files.ts'
import { admit, type GuardRules, type Refusal, type Visitor } from './guard.ts'
import type { Page, PageOptions } from './page-options.ts'
import { pageRoutes } from './routes.ts'
import { type Tokens, tokensIn } from './tokens.ts'

/** The addresses of this machine alone. */
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '::1'])

/** Addresses that mean every one of this machine; no name for a browser. */
const ANY: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** Connections at a time; a browser has at most 6 to a host. */
const MOST_CONNECTIONS = 100

/** The most bytes in the head of a request. */
const MOST_HEAD = 16 * 1024

/** How long a request may take to arrive, in ms: its head, and the whole of it. */
const PATIENCE = { head: 10_000, whole: 30_000 }

// Every answer has these, also a refusal. There is no CORS header, so no page of another origin reads an answer.
const headers = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

interface ServeOptions extends Omit<PageOptions, 'port'> {
  readonly logger: Logger
  /** The ports to try. */
  readonly ports: readonly number[]
}

/** Serves a page; see `page`. */
export async function servePage(
  operations: Operations,
  { ports, host = '127.0.0.1', ...options }: ServeOptions,
): Promise<Page> {
  checkHosts(host, options.allowedHosts)
  const [tokens, files] = await Promise.all([tokensIn(options.directory), pageFiles(options.files)])
  const streams = new HttpStreams()
  const visitors = new WeakMap<IncomingMessage, Visitor>()
  const visitorOf = (incoming: object): Visitor => visitors.get(incoming as IncomingMessage) as Visitor
  const routes = pageRoutes(operations, { ...options, files, streams, visitorOf })
  const listener = getRequestListener(routes.fetch, { overrideGlobalObjects: false })
  const { head, whole } = options.patience ?? PATIENCE
  const server = createServer({
    maxHeaderSize: MOST_HEAD,
    headersTimeout: head,
    requestTimeout: whole,
    connectionsCheckingInterval: Math.min(head, 1000),
  })
  server.maxConnections = MOST_CONNECTIONS
  const port = await listenOn(server, host, ports)
  // Such as too many open files: the next connection may succeed.
  server.on('error', (err) => options.logger.warn({ err }, 'page cannot accept a connection'))
  const rules = rulesOf(host, port, tokens, options)
  server.on('request', (incoming, outgoing) => {
    for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value)
    const decision = admit(incoming, rules)
    if ('status' in decision) {
      options.logger.debug({ status: decision.status, reason: decision.words }, 'request refused')
      return refuse(outgoing, decision)
    }
    if (decision.cookie !== undefined) return letIn(outgoing, decision.cookie)
    visitors.set(incoming, decision)
    void listener(incoming, outgoing)
  })
  const name = inUrl(ANY.has(host) ? '127.0.0.1' : host)
  const address = (token: string): string => `http://${name}:${port}/?token=${token}`
  return {
    address: address(tokens.of.act),
    readOnlyAddress: address(tokens.of.look),
    port,
    close: () => closeServer(server, streams),
  }
}

/** @throws TidingsError `TIDINGS_PAGE_INVALID` for a page that others reach, but no name of which is allowed */
function checkHosts(host: string, allowed: readonly string[] = []): void {
  if (!LOOPBACK.has(host) && allowed.length === 0) {
    const words = `--ui-host ${host} needs --ui-allowed-hosts: the names by which browsers reach the page from elsewhere`
    throw new TidingsError('TIDINGS_PAGE_INVALID', words, { details: { host } })
  }
  for (const each of allowed) {
    if (/^([\w-]+(\.[\w-]+)*|\[[\da-f:]+\])(:\d{1,5})?$/i.test(each)) continue
    const words = `an allowed host is a name such as tidings.example or tidings.example:8443, got ${quote(each)}`
    throw new TidingsError('TIDINGS_PAGE_INVALID', words, { details: { host: each } })
  }
}

function rulesOf(
  host: string,
  port: number,
  tokens: Tokens,
  options: Omit<ServeOptions, 'ports' | 'host'>,
): GuardRules {
  // Browsers leave out the port of the scheme.
  const names = [...LOOPBACK, ...(ANY.has(host) ? [] : [host])].map(inUrl)
  const own = names.flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])])
  return {
    hosts: new Set([...own, ...(options.allowedHosts ?? [])].map((each) => each.toLowerCase())),
    tokens,
    readOnly: options.readOnly ?? (() => false),
    trustProxy: options.trustProxy === true,
    metricsOpen: options.metricsOpen === true,
  }
}

function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

async function listenOn(server: Server, host: string, ports: readonly number[]): Promise<number> {
  for (const [i, port] of ports.entries()) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(port, host, () => {
          server.off('error', reject)
          resolve()
        })
      })
      return (server.address() as AddressInfo).port
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'EADDRINUSE' && i < ports.length - 1) continue
      const why = code === 'EADDRINUSE' ? 'another program listens there' : (cause as Error).message
      const words = `the page can't open port ${port} of ${host}: ${why}; choose another, or 0 for any`
      throw new TidingsError('TIDINGS_LISTEN_FAILED', words, { cause, details: { host, port } })
    }
  }
  throw new TidingsError('TIDINGS_LISTEN_FAILED', 'the page has no port to open')
}

function refuse(outgoing: ServerResponse, { status, words }: Refusal): void {
  const isPage = status === 401 && outgoing.req.url === '/'
  outgoing.writeHead(status, {
    'content-type': isPage ? 'text/html; charset=utf-8' : 'application/json',
    'cache-control': 'no-store',
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
  })
  outgoing.end(isPage ? LOCKED : JSON.stringify({ error: { message: words } }))
}

/** For a browser without the cookie, or one that came by a link from elsewhere, which does not send it at first. */
const LOCKED = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Tidings</title>
<p>Open the address that tidings has printed: it has a token. <a href="./">Once more</a></p></html>`

// The address without the token is what stays in the history of the browser.
function letIn(outgoing: ServerResponse, cookie: string): void {
  outgoing.writeHead(303, { location: './', 'set-cookie': cookie, 'cache-control': 'no-store' }).end()
}
