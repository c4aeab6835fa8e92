import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { firstValueFrom, toArray } from 'rxjs'
import { isRetry } from '../../lib/core/control.ts'
import { agent, memoryLog, runOnce, start } from '../../lib/index.ts'
import { github } from '../../streams/github.ts'
import { localService, type Told } from '../support/local-service.ts'
import { watchStream } from '../support/watch-stream.ts'
import { secrets, serve, type Thread, thread } from './github-service.ts'

interface Test {
  after(work: () => unknown): void
}

const noon = Date.UTC(2026, 0, 1, 13)

/** A stream on a service with these notifications, at a time that the test sets. */
async function watched(t: Test, threads: readonly Thread[] = []) {
  const clock = { now: noon }
  const service = await localService(t, serve(threads))
  const stream = github({ baseUrl: service.url, backfill: 1000 })
  const agent = await watchStream(t, stream, { ...secrets, now: () => clock.now })
  return { service, clock, ...agent }
}

/** What a run throws when the service answers this. */
async function failure(t: Test, told: Told, now = noon): Promise<Error & { code?: string; after?: number }> {
  const service = await localService(t, () => told)
  const [job] = github({ baseUrl: service.url }).jobs
  assert.ok(job)
  const error = await firstValueFrom(runOnce(job, { ...secrets, now: () => now }).pipe(toArray())).then(
    () => assert.fail('the run succeeded'),
    (thrown: Error) => thrown,
  )
  assert.equal(service.asked.length, 1)
  return error
}

function threads(count: number): Thread[] {
  return Array.from({ length: count }, (_, at) => thread(at + 1))
}

describe('the pages of github notifications', () => {
  it('are followed by their links, and told oldest first', async (t) => {
    const { service, see, told } = await watched(t, threads(120))
    await see()
    assert.deepEqual(
      told.map(({ data }) => (data as { number: number }).number),
      threads(120).map((_, at) => at + 1),
    )
    assert.deepEqual(
      service.asked.map(({ query }) => query.get('page')),
      [null, '2', '3'],
    )
  })

  it('are asked from the configured server, wherever the links lead', async (t) => {
    const service = await localService(t, (asked) =>
      serve(threads(60))({ ...asked, path: asked.path.slice('/api/v3'.length) }),
    )
    const { see, told } = await watchStream(t, github({ baseUrl: `${service.url}/api/v3/`, backfill: 100 }), secrets)
    await see()
    assert.equal(told.length, 60)
    assert.ok(service.asked.every(({ path }) => path === '/api/v3/notifications'))
    assert.ok(service.asked.every(({ headers }) => headers.authorization === 'token a made-up token'))
  })

  it('are read to their end at first, and then as far back as late ones are expected', async (t) => {
    const old = (number: number): Thread => thread(number, { updated_at: '2025-06-01T12:00:00Z' })
    const before = [old(10), old(11), old(12), old(13)]
    const service = await localService(t, serve([...threads(2), ...before], { most: 1 }))
    const { see, told } = await watchStream(t, github({ baseUrl: service.url, backfill: 100 }), secrets)
    await see()
    assert.equal(service.asked.length, 6)
    service.answer(serve([...threads(3), ...before, old(14)], { most: 1 }))
    await see()
    assert.equal(told.length, 7)
    // The three new ones, and the first that is too old.
    assert.equal(service.asked.length, 6 + 4)
  })

  it('end at a link that leads back', async (t) => {
    const { see, told, service } = await watched(t)
    service.answer(() => ({
      body: [thread(1)],
      headers: { link: '</notifications?all=true&per_page=50>; rel="next"' },
    }))
    await see()
    assert.equal(told.length, 1)
    assert.equal(service.asked.length, 1)
  })

  it('lose nothing if the service fails between two of them', async (t) => {
    const { service, look, see, told } = await watched(t, [thread(1)])
    await see()
    const full = serve(threads(15), { most: 5 })
    service.answer((asked) => (asked.query.get('page') === '2' ? { status: 500 } : full(asked)))
    assert.ok((await look()).error)
    assert.equal(told.length, 1)
    service.answer(full)
    await see()
    assert.equal(told.length, 15)
  })

  it('each keep their validators', async (t) => {
    const { service, see, told } = await watched(t)
    const answer = (tags: Readonly<Record<string, string>>, items: readonly Thread[]) => {
      service.answer((asked) => {
        const etag = tags[asked.query.get('page') ?? '1'] ?? ''
        const full = serve(items)(asked)
        return asked.headers['if-none-match'] === etag
          ? { status: 304 }
          : { ...full, headers: { ...full.headers, etag } }
      })
    }
    answer({ 1: '"a"', 2: '"b"' }, threads(60))
    await see()
    const before = service.asked.length
    await see()
    assert.equal(service.asked.length - before, 2)
    assert.ok(service.asked.slice(before).every(({ headers }) => headers['if-none-match'] !== undefined))
    answer({ 1: '"a"', 2: '"c"' }, [...threads(60), thread(0)])
    await see()
    assert.equal(told.length, 61)
  })
})

describe('a look at github that finds nothing new', () => {
  it('says so', async (t) => {
    const service = await localService(t, ({ headers }) => {
      const etag = '"a"'
      return headers['if-none-match'] === etag
        ? { status: 304, headers: { 'x-poll-interval': '60' } }
        : { body: [], headers: { etag } }
    })
    const lines: string[] = []
    const line = (_: object, words: string): void => void lines.push(words)
    const logger = { debug: line, info: line, warn: line, error: line }
    const log = await memoryLog()
    t.after(() => log.close())
    const stream = github({ baseUrl: service.url })
    await using running = await start(agent('says', [stream]), { log, logger, world: { ...secrets, now: () => noon } })
    for (const [asked, words] of [
      [1, 'job done'],
      [2, 'not modified'],
      [2, 'not asked: GitHub wants a pause'],
    ] as const) {
      lines.length = 0
      await running.trigger('github.notifications')
      assert.equal(service.asked.length, asked)
      assert.ok(lines.includes(words), lines.join(', '))
    }
  })
})

describe('the pace of github', () => {
  it('is the one that the service asks for', async (t) => {
    const { service, clock, see } = await watched(t)
    service.answer(() => ({ body: [], headers: { 'x-poll-interval': '120' } }))
    await see()
    clock.now += 60_000
    await see()
    assert.equal(service.asked.length, 1)
    clock.now += 60_000
    await see()
    assert.equal(service.asked.length, 2)
  })

  it('is asked for by a 304 as well, which has no body', async (t) => {
    const { service, clock, see } = await watched(t)
    service.answer(({ headers }) =>
      headers['if-modified-since'] === undefined
        ? { body: [], headers: { 'last-modified': 'Thu, 01 Jan 2026 12:00:00 GMT' } }
        : { status: 304, headers: { 'x-poll-interval': '300' } },
    )
    for (const after of [0, 60_000, 60_000]) {
      clock.now += after
      await see()
    }
    assert.equal(service.asked.length, 2)
    assert.equal(service.asked[1]?.headers['if-modified-since'], 'Thu, 01 Jan 2026 12:00:00 GMT')
  })

  it('is bounded, and does not depend on a clock that stepped back', async (t) => {
    const { service, clock, see } = await watched(t)
    service.answer(() => ({ body: [], headers: { 'x-poll-interval': '999999999' } }))
    await see()
    clock.now -= 86_400_000
    await see()
    assert.equal(service.asked.length, 2)
    clock.now += 3_600_000
    await see()
    assert.equal(service.asked.length, 3)
  })
})

describe('a limit of github', () => {
  const seconds = (ms: number): string => String(Math.floor(ms / 1000))
  for (const [what, told, after] of [
    [
      'primary',
      {
        status: 403,
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': seconds(noon + 600_000) },
        body: { message: 'API rate limit exceeded for user ID 1.' },
      },
      600_000,
    ],
    [
      'primary, with a clock that is ahead',
      {
        status: 403,
        headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': seconds(noon - 600_000) },
        body: { message: 'API rate limit exceeded for user ID 1.' },
      },
      60_000,
    ],
    [
      'primary, with a clock that is a year behind',
      { status: 429, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': seconds(noon + 31_536_000_000) } },
      3_600_000,
    ],
    [
      'secondary, with a time',
      {
        status: 403,
        headers: { 'retry-after': '77', 'x-ratelimit-remaining': '4000' },
        body: { message: 'You have exceeded a secondary rate limit.' },
      },
      77_000,
    ],
    [
      'secondary, without a time',
      { status: 429, body: { message: 'You have exceeded a secondary rate limit.' } },
      60_000,
    ],
    ['of a service that is down', { status: 503, headers: { 'retry-after': '30' } }, 30_000],
  ] as const) {
    it(`is a retry: ${what}`, async (t) => {
      const error = await failure(t, told)
      assert.ok(isRetry(error), error.message)
      assert.equal(error.after, after)
      assert.equal((error.cause as { code?: string }).code, 'TIDINGS_HTTP_FAILED')
    })
  }
})

describe('a failure of github', () => {
  for (const [what, told, words] of [
    [
      'a bad token',
      { status: 401, body: { message: 'Bad credentials' } },
      /stream github: GET http\S+\/notifications answered 401: Bad credentials \(the token GITHUB_TOKEN is wrong/,
    ],
    [
      'a token that may not do this',
      {
        status: 403,
        headers: { 'x-accepted-oauth-scopes': 'notifications, repo' },
        body: { message: 'Resource not accessible by personal access token' },
      },
      /403: Resource not accessible.*the token GITHUB_TOKEN may not do this; it needs notifications, repo/,
    ],
    [
      "an organization's single sign-on",
      {
        status: 403,
        headers: { 'x-github-sso': 'required; url=https://github.com/orgs/octo/sso?authorization_request=A' },
        body: { message: 'Resource protected by organization SAML enforcement.' },
      },
      /authorize the token GITHUB_TOKEN for the organization's single sign-on: https:\/\/github\.com\/orgs\/octo\/sso/,
    ],
    ['an odd status', { status: 422, body: { message: 'Validation Failed' } }, /422: Validation Failed$/],
  ] as const) {
    it(`says what to do about ${what}, without the token`, async (t) => {
      const error = await failure(t, told)
      assert.equal(error.code, 'TIDINGS_HTTP_FAILED')
      assert.match(error.message, words)
      assert.doesNotMatch(JSON.stringify(error) + error.message, /made-up/)
    })
  }

  it('is a redirect to another server, which gets no token', async (t) => {
    const other = await localService(t, () => ({ body: [] }))
    const error = await failure(t, { status: 302, headers: { location: `${other.url}/login` } })
    assert.equal(error.code, 'TIDINGS_HTTP_BLOCKED')
    assert.equal(other.asked.length, 0)
  })
})

describe('github notifications that are renumbered', () => {
  it('are held, since nearly all of them seem new', async (t) => {
    const { service, see, told, running } = await watched(t, threads(30))
    await see()
    service.answer(serve(threads(30).map((one) => ({ ...one, id: `1${one.id}` }))))
    await see()
    assert.equal(told.length, 30)
    const { jobs } = await running.status()
    assert.equal(jobs.find(({ name }) => name === 'github.notifications')?.held, 30)
  })
})
