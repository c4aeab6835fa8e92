import type { IncomingHttpHeaders } from 'node:http'
import { quote } from '../../core/errors.ts'
import type { Rights, Tokens } from './tokens.ts'

// Decision 0070: everything that a request must be, before any operation runs. The guards stand in the order of this
// table, and the first that refuses answers.
//
//   guard             refuses                                                          with
//   hasOneHost        two Host headers                                                  400
//   isAllowedHost     a Host that is not on the list, with its port: DNS rebinding      421
//   isPlainTarget     an absolute URI, or a path with anything but names and slashes    400
//   isKnownMethod     other methods than GET and POST, POST outside of api/             405
//   isShort           a body that is announced as longer than a question                413
//   comesFromHere     requests of other sites, and of other ports of this host          403
//   hasToken          neither token, cookie nor bearer                                  401
//   mayAct            POST with the rights to look                                      403
//   hasOrigin         POST of a page from elsewhere                                     403
//   hasSite           POST that a browser does not call same-origin                     403
//   hasHeader         POST without x-tidings, which a form can't send                   403
//   isJson            POST of other types than JSON, which need no leave of the browser 415

/** The most bytes that a body may announce. */
const MOST = 64 * 1024

/** Pages without a token. */
const open: ReadonlySet<string> = new Set(['/healthz', '/readyz'])

/** A request, as Node has parsed its head. */
export interface Asked {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
}

/** What the guards compare with. */
export interface GuardRules {
  /** The hosts that the page answers to, with their ports, in lower case. */
  readonly hosts: ReadonlySet<string>
  readonly tokens: Tokens
  /** Whether no visitor may act now, whatever the token. */
  readOnly(): boolean
  /** Whether the headers of a proxy are believed. */
  readonly trustProxy: boolean
  /** Whether the numbers are there without a token. */
  readonly metricsOpen: boolean
}

/** A request that may pass. */
export interface Visitor {
  readonly rights: Rights
  /** Who asks, for the log. */
  readonly by: string
  /** Present if the address has a token: the browser gets this cookie, and is sent on. */
  readonly cookie?: string
}

/** A request that may not pass: the status and the words of its answer. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 405 | 413 | 415 | 421
  readonly words: string
}

/** A request with what each guard may know of it. */
interface Case {
  readonly asked: Asked
  readonly path: string
  readonly query: URLSearchParams
  readonly rules: GuardRules
  readonly proof: Proof
}

/** How a request proves that it may ask. */
interface Proof {
  readonly by: 'query' | 'bearer' | 'cookie' | 'none'
  readonly rights: Rights | undefined
}

type Guard = (each: Case) => Refusal | undefined

const guards: readonly Guard[] = [
  hasOneHost,
  isAllowedHost,
  isPlainTarget,
  isKnownMethod,
  isShort,
  comesFromHere,
  hasToken,
  mayAct,
  hasOrigin,
  hasSite,
  hasHeader,
  isJson,
]

/** Decides about a request by its head alone. */
export function admit(asked: Asked, rules: GuardRules): Visitor | Refusal {
  const [path = '', search = ''] = (asked.url ?? '').split(/\?(.*)/s)
  const query = new URLSearchParams(search)
  const each: Case = { asked, path, query, rules, proof: proofOf(asked, path, query, rules.tokens) }
  for (const guard of guards) {
    const refusal = guard(each)
    if (refusal !== undefined) return refusal
  }
  return visitorOf(each)
}

function hasOneHost({ asked }: Case): Refusal | undefined {
  const hosts = asked.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host')
  return hosts.length === 1 ? undefined : { status: 400, words: 'a request has one Host header' }
}

function isAllowedHost({ asked, rules }: Case): Refusal | undefined {
  const host = asked.headers.host ?? ''
  if (rules.hosts.has(host.toLowerCase())) return undefined
  return { status: 421, words: `this is not ${quote(host)}: allow it with --ui-allowed-hosts` }
}

function isPlainTarget({ path }: Case): Refusal | undefined {
  // Guard, router and browser must agree on what a path means, so it has nothing to interpret.
  if (/^(\/[\w-]+(\.[\w-]+)*)*\/?$/.test(path) && path !== '') return undefined
  return { status: 400, words: 'a path has names and slashes alone' }
}

function isKnownMethod({ asked: { method }, path }: Case): Refusal | undefined {
  if (method === 'GET' || (method === 'POST' && path.startsWith('/api/'))) return undefined
  return { status: 405, words: `there is no ${method} ${path}` }
}

function isShort({ asked: { headers } }: Case): Refusal | undefined {
  return Number(headers['content-length'] ?? 0) <= MOST
    ? undefined
    : { status: 413, words: `a body has at most ${MOST} bytes` }
}

function comesFromHere({ asked: { headers }, path }: Case): Refusal | undefined {
  const site = headers['sec-fetch-site']
  // Links from elsewhere may open the page itself.
  if (site === undefined || site === 'same-origin' || site === 'none' || path === '/') return undefined
  return { status: 403, words: `requests from ${quote(String(site))} are refused` }
}

function hasToken({ path, proof, rules }: Case): Refusal | undefined {
  const isOpen = open.has(path) || (path === '/metrics' && rules.metricsOpen)
  if (isOpen || proof.rights !== undefined) return undefined
  return { status: 401, words: 'open the address that tidings has printed: it has a token' }
}

function mayAct({ asked, proof, rules }: Case): Refusal | undefined {
  if (asked.method !== 'POST' || (proof.rights === 'act' && !rules.readOnly())) return undefined
  return { status: 403, words: 'this page is read-only' }
}

function hasOrigin({ asked: { method, headers }, proof, rules }: Case): Refusal | undefined {
  const { origin } = headers
  if (method !== 'POST' || (proof.by === 'bearer' && origin === undefined)) return undefined
  const url = originOf(origin)
  if (url !== undefined && rules.hosts.has(url.host)) return undefined
  return { status: 403, words: `the origin ${quote(origin ?? 'none')} may not act here` }
}

function hasSite({ asked: { method, headers }, proof }: Case): Refusal | undefined {
  const site = headers['sec-fetch-site']
  if (method !== 'POST' || site === 'same-origin') return undefined
  // Browsers send the header to https and to this machine; only there its absence means anything.
  const isSent = site !== undefined || isTrustworthy(originOf(headers.origin))
  if (proof.by === 'bearer' ? site === undefined : !isSent) return undefined
  return { status: 403, words: `an action needs Sec-Fetch-Site: same-origin, got ${quote(String(site ?? 'none'))}` }
}

function hasHeader({ asked: { method, headers }, proof }: Case): Refusal | undefined {
  if (method !== 'POST' || proof.by === 'bearer' || headers['x-tidings'] === '1') return undefined
  return { status: 403, words: 'an action needs the header x-tidings: 1' }
}

function isJson({ asked: { method, headers } }: Case): Refusal | undefined {
  if (method !== 'POST' || /^application\/json *(;|$)/i.test(headers['content-type'] ?? '')) return undefined
  return { status: 415, words: 'a question is application/json' }
}

function proofOf({ headers }: Asked, path: string, query: URLSearchParams, tokens: Tokens): Proof {
  const inQuery = path === '/' ? query.get('token') : null
  if (inQuery !== null) return { by: 'query', rights: tokens.rightsOf(inQuery) }
  const { authorization } = headers
  if (authorization !== undefined) {
    const [, bearer] = /^bearer +(\S+) *$/i.exec(authorization) ?? []
    return { by: 'bearer', rights: bearer === undefined ? undefined : tokens.rightsOf(bearer) }
  }
  const [, cookie] =
    (headers.cookie ?? '')
      .split(/; */)
      .map((each) => each.split('='))
      .find(([name]) => name === tokens.cookie) ?? []
  return cookie === undefined ? { by: 'none', rights: undefined } : { by: 'cookie', rights: tokens.rightsOf(cookie) }
}

function visitorOf({ asked: { headers }, proof, rules, query }: Case): Visitor {
  const named = rules.trustProxy ? headers['x-forwarded-user'] : undefined
  const by = named === undefined ? (proof.by === 'bearer' ? 'script' : 'page') : String(named).slice(0, 100)
  const visitor: Visitor = { rights: rules.readOnly() ? 'look' : (proof.rights ?? 'look'), by }
  if (proof.by !== 'query') return visitor
  const isSecure = rules.trustProxy && headers['x-forwarded-proto'] === 'https'
  // Without a path, the cookie is for the folder of the page, wherever a proxy has put it.
  const cookie = `${rules.tokens.cookie}=${query.get('token')}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`
  return { ...visitor, cookie }
}

/** The URL of an origin of the web; undefined for anything else. */
function originOf(origin: string | undefined): URL | undefined {
  try {
    const url = new URL(origin ?? '')
    return url.origin === origin && /^https?:$/.test(url.protocol) ? url : undefined
  } catch {
    return undefined
  }
}

function isTrustworthy(url: URL | undefined): boolean {
  return url?.protocol === 'https:' || /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url?.hostname ?? '')
}
