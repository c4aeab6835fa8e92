import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job } from '../../../lib/job/job.ts'
import { manual } from '../../../lib/schedule/index.ts'
import { acting, raw, type Visited, visited } from './visit.ts'

const parts = [job('make', manual(), ({ publish }) => publish('made', '1', 1))]

const QUESTION = '{"name":"make"}'

/** A request to be written as it is: headers may repeat, and none is added but the length of the body. */
interface Written {
  readonly method: string
  readonly target: string
  readonly version: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** The page's own request to run a job, which is let in. */
function good(here: Visited): Written {
  const headers = Object.entries({ host: here.host, ...acting(here), connection: 'close' })
  return { method: 'POST', target: '/api/jobs/run', version: 'HTTP/1.1', headers, body: QUESTION }
}

function textOf({ method, target, version, headers, body }: Written): string {
  const hasLength = headers.some(([name]) => /content-length|transfer-encoding/i.test(name))
  const length = hasLength || body === '' ? [] : [['content-length', String(Buffer.byteLength(body))] as const]
  const lines = [...headers, ...length].map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${target} ${version}\r\n${lines.join('')}\r\n${body}`
}

type Change = (good: Written, here: Visited) => Written

/** The request with this header instead, or without it. */
const header =
  (name: string, value?: string | ((here: Visited) => string)): Change =>
  (good, here) => {
    const others = good.headers.filter(([each]) => each !== name)
    const text = typeof value === 'function' ? value(here) : value
    return { ...good, headers: text === undefined ? others : [...others, [name, text]] }
  }

/** The request with further headers. */
const more =
  (...further: readonly (readonly [string, string])[]): Change =>
  (good) => ({ ...good, headers: [...good.headers, ...further] })

const target =
  (path: string, body = QUESTION): Change =>
  (good) => ({ ...good, target: path, body })

const get =
  (path: string): Change =>
  (good) => ({ ...good, method: 'GET', target: path, body: '' })

const method =
  (name: string): Change =>
  (good) => ({ ...good, method: name })

/** The request of a script, with this instead of the cookie. */
const bearer =
  (token: (here: Visited) => string): Change =>
  (good, here) => ({
    ...good,
    headers: [
      ['host', here.host],
      ['connection', 'close'],
      ['content-type', 'application/json'],
      ['authorization', `Bearer ${token(here)}`],
    ],
  })

const changed = (text: string, at: number): string =>
  text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)

const cookie = (value: (token: string) => string): Change =>
  header('cookie', ({ cookie }) => cookie.replace(/=(.*)/, (_, token: string) => `=${value(token)}`))

/** Requests that each break one thing. */
const bad: Readonly<Record<string, readonly (readonly [words: string, change: Change, status: number])[]>> = {
  'of another host': [
    ['that a rebound name sends', header('host', 'evil.example'), 421],
    ['with our name before theirs', header('host', ({ host }) => `${host}.evil.example`), 421],
    ['with our name as a user', header('host', ({ host }) => `${host}@evil.example`), 421],
    ['with a wrong port', header('host', '127.0.0.1:1'), 421],
    ['without a port', header('host', '127.0.0.1'), 421],
    ['with a dot at the end', header('host', ({ host }) => host.replace('127.0.0.1', 'localhost.')), 421],
    ['by an address that means any', header('host', ({ host }) => host.replace('127.0.0.1', '0.0.0.0')), 421],
    ['without any name', header('host', ''), 421],
    ['without the header', header('host'), 400],
    ['in HTTP/1.0', (good, here) => ({ ...header('host')(good, here), version: 'HTTP/1.0' }), 400],
    ['with two, ours first', more(['Host', 'evil.example']), 400],
    ['with two, theirs first', (good) => ({ ...good, headers: [['host', 'evil.example'], ...good.headers] }), 400],
    ['with ours twice', (good, { host }) => more(['HOST', host])(good, {} as Visited), 400],
    ['in an absolute address', target('http://evil.example/api/jobs/run'), 400],
    ['in an absolute address of ours', (good, here) => target(`http://${here.host}/api/jobs/run`)(good, here), 400],
  ],
  'that hides another': [
    ['by length and encoding', more(['content-length', '15'], ['transfer-encoding', 'chunked']), 400],
    ['by two lengths', more(['content-length', '15'], ['content-length', '3']), 400],
    ['by an unknown encoding', more(['transfer-encoding', 'chunked, identity']), 400],
    ['by a space in the name of a header', more(['transfer-encoding ', 'chunked']), 400],
    ['by a line break in a header', more(['x-other', '1\nhost: evil.example']), 400],
    ['by a folded header', more(['x-other', '1\r\n x-tidings: 1']), 400],
    ['by a length that is no number', more(['content-length', '+15']), 400],
    ['by a chunk that is no chunk', (good, here) => more(['transfer-encoding', 'chunked'])(good, here), 400],
  ],
  'that is too long': [
    ['in its head', more(['x-long', 'x'.repeat(20_000)]), 431],
    ['in its address', get(`/api/jobs?${'x'.repeat(20_000)}`), 431],
    ['by what it announces', more(['content-length', '65537']), 413],
    ['by what comes', (good) => ({ ...chunked(good, ' '.repeat(70_000) + QUESTION) }), 413],
  ],
  'by another method': [
    ['PUT', method('PUT'), 405],
    ['DELETE', method('DELETE'), 405],
    ['PATCH', method('PATCH'), 405],
    ['OPTIONS, which asks for leave', method('OPTIONS'), 405],
    ['TRACE', method('TRACE'), 405],
    ['HEAD', method('HEAD'), 405],
    ['POST to the page itself', target('/'), 405],
    ['GET for an action', get('/api/jobs/run?name=make'), 404],
    [
      'GET that wants to be POST',
      (good, here) => more(['x-http-method-override', 'POST'])(get('/api/jobs/run')(good, here), here),
      404,
    ],
  ],
  'without a token': [
    ['at all', header('cookie'), 401],
    ['but an empty one', cookie(() => ''), 401],
    ['but one with another character at its start', cookie((token) => changed(token, 0)), 401],
    ['but one with another character at its end', cookie((token) => changed(token, 31)), 401],
    ['but one that is shorter', cookie((token) => token.slice(0, -1)), 401],
    ['but one that is longer', cookie((token) => `${token}A`), 401],
    ['but one in other letters', cookie((token) => token.toUpperCase().padEnd(33, 'A')), 401],
    ['but the name of the cookie', header('cookie', ({ cookie }) => cookie.split('=')[0] ?? ''), 401],
    ['but in the cookie of another agent', header('cookie', ({ token }) => `tidings-0123456789ab=${token}`), 401],
    [
      'but in the address of an action',
      (good, here) => header('cookie')(target(`/api/jobs/run?token=${here.token}`)(good, here), here),
      401,
    ],
    ['but a wrong bearer, although a cookie', more(['authorization', 'Bearer nonsense']), 401],
    [
      'but as a password',
      (good, here) => header('cookie')(more(['authorization', `Basic ${btoa(`:${here.token}`)}`])(good, here), here),
      401,
    ],
    ['but in a bearer with more words', bearer(({ token }) => `${token} ${token}`), 401],
    ['for a file', (good, here) => header('cookie')(get('/page.js')(good, here), here), 401],
  ],
  'of one who may only look': [
    ['by cookie', header('cookie', ({ cookie, readOnlyToken }) => cookie.replace(/=.*/, `=${readOnlyToken}`)), 403],
    ['by bearer', bearer(({ readOnlyToken }) => readOnlyToken), 403],
  ],
  'of another site': [
    ['by its origin', header('origin', 'http://evil.example'), 403],
    ['by an origin with our name before theirs', header('origin', ({ host }) => `http://${host}.evil.example`), 403],
    ['by an origin with a path', header('origin', ({ host }) => `http://${host}/`), 403],
    ['by no origin', header('origin'), 403],
    ['by the origin of a sandbox', header('origin', 'null'), 403],
    ['by the origin of a file', header('origin', 'file://'), 403],
    ['on another port of this machine', header('origin', 'http://127.0.0.1:1'), 403],
    ['on another port, as the browser calls it', header('sec-fetch-site', 'same-site'), 403],
    ['as the browser calls it', header('sec-fetch-site', 'cross-site'), 403],
    ['by no page', header('sec-fetch-site', 'none'), 403],
    ['by a browser that does not say', header('sec-fetch-site'), 403],
    [
      'by bearer, as the browser calls it',
      (good, here) => more(['sec-fetch-site', 'cross-site'])(bearer(({ token }) => token)(good, here), here),
      403,
    ],
    [
      'by bearer, with its origin',
      (good, here) => more(['origin', 'http://evil.example'])(bearer(({ token }) => token)(good, here), here),
      403,
    ],
    [
      'that loads an answer as a script',
      (good, here) => header('sec-fetch-site', 'same-site')(get('/api/jobs')(good, here), here),
      403,
    ],
    ['without the header that a form lacks', header('x-tidings'), 403],
    ['with another value of it', header('x-tidings', '0'), 403],
  ],
  'of another type': [
    ['that a form sends', header('content-type', 'application/x-www-form-urlencoded'), 415],
    ['that a form with files sends', header('content-type', 'multipart/form-data; boundary=x'), 415],
    ['that needs no leave', header('content-type', 'text/plain'), 415],
    ['that hides ours', header('content-type', 'text/plain; application/json'), 415],
    ['that begins like ours', header('content-type', 'application/jsonx'), 415],
    ['that is missing', header('content-type'), 415],
    [
      'by bearer',
      (good, here) => header('content-type', 'text/plain')(bearer(({ token }) => token)(good, here), here),
      415,
    ],
  ],
  'for what is not there': [
    ['a file above', get('/../package.json'), 400],
    ['a file above, encoded', get('/%2e%2e/package.json'), 400],
    ['a file above a file', get('/page.js/../../../package.json'), 400],
    ['a file by backslashes', get('/..\\..\\package.json'), 400],
    ['a file of the system', get('//etc/passwd'), 400],
    ['a file with a zero', get('/page.js%00.html'), 400],
    ['a file that begins with a dot', get('/.env'), 400],
    ['the token', get('/ui-token'), 404],
    ['a file of the prototype', get('/__proto__'), 404],
    ['an operation of the prototype', target('/api/__proto__'), 404],
    ['an operation of the constructor', target('/api/constructor/constructor'), 404],
    ['a part of the prototype', target('/api/jobs/run', '{"name":"make","__proto__":{"admin":true}}'), 400],
    ['a part of the prototype in the address', get('/api/jobs/history?name=make&__proto__=1'), 400],
    ['a name that is no text', target('/api/jobs/run', '{"name":{"toString":"make"}}'), 400],
    ['a question that is no object', target('/api/jobs/run', '[]'), 400],
    ['a question that is no JSON', target('/api/jobs/run', '{"name":'), 400],
    ['a backup', target('/api/db/backup', '{"directory":"/tmp/stolen"}'), 404],
    ['an import', target('/api/events/import', '{"type":"t","identifier":"1","data":1}'), 404],
    ['pruning', target('/api/db/prune', '{"count":0}'), 404],
    ['the removal of a job', target('/api/jobs/rm'), 404],
    ['the removal of a listener', target('/api/listeners/rm'), 404],
    ['a question about the whole log', get('/api/flow'), 404],
    ['the socket’s own question', get('/api/'), 404],
  ],
}

function chunked(good: Written, body: string): Written {
  const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
  return { ...good, headers: [...good.headers, ['transfer-encoding', 'chunked']], body: chunk }
}

/** The status of the first answer, and how many there are. */
function statusOf(answer: string): { readonly status: number; readonly answers: number } {
  const lines = answer.match(/^HTTP\/1\.1 \d{3}/gm) ?? []
  return { status: Number(lines[0]?.slice(-3)), answers: lines.length }
}

describe('the guard of the page', () => {
  it('lets in what each bad request breaks one thing of', async (t) => {
    const here = await visited(t, parts)
    assert.deepEqual(statusOf(await raw(here.host, textOf(good(here)))), { status: 200, answers: 1 })
    assert.deepEqual(here.ran, ['jobs.run'])
    const byScript = bearer(({ token }) => token)(good(here), here)
    assert.deepEqual(statusOf(await raw(here.host, textOf(byScript))), { status: 200, answers: 1 })
    // As nginx asks, unless told otherwise.
    const older = { ...good(here), version: 'HTTP/1.0' }
    assert.deepEqual(statusOf(await raw(here.host, textOf(older))), { status: 200, answers: 1 })
    const whole = chunked(good(here), QUESTION)
    assert.deepEqual(statusOf(await raw(here.host, textOf(whole))), { status: 200, answers: 1 })
  })

  it('takes a request in the body of a refused one for a body', async (t) => {
    const here = await visited(t, parts)
    const inner = textOf(good(here))
    const kept = { ...good(here), headers: good(here).headers.filter(([name]) => name !== 'connection'), body: inner }
    const outer = header('host', 'evil.example')(kept, here)
    const last = header('cookie')(get('/')(good(here), here), here)
    const answer = await raw(here.host, textOf(outer) + textOf(last))
    assert.deepEqual(answer.match(/^HTTP\/1\.1 \d{3}/gm), ['HTTP/1.1 421', 'HTTP/1.1 401'])
    assert.deepEqual(here.ran, [])
  })

  for (const [kind, cases] of Object.entries(bad)) {
    it(`refuses a request ${kind}, before any operation runs`, { timeout: 60_000 }, async (t) => {
      const here = await visited(t, parts)
      for (const [words, change, status] of cases) {
        const answer = await raw(here.host, textOf(change(good(here), here)))
        assert.deepEqual(statusOf(answer), { status, answers: 1 }, `${words}: ${answer}`)
        assert.deepEqual(here.ran, [], words)
        assert.doesNotMatch(answer, /access-control/i)
        assert.ok(!answer.includes(here.token) && !answer.includes(here.readOnlyToken), `${words}: ${answer}`)
      }
    })
  }
})
