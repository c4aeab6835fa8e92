import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agent, memoryLog, type StoredEvent, start } from '../../lib/index.ts'
import { virtualClock } from '../../lib/testing/index.ts'
import { github } from '../../streams/github.ts'
import { localService, type Told } from '../support/local-service.ts'
import { until } from '../support/until.ts'
import { draftsOf, watchStream } from '../support/watch-stream.ts'
import { itemOf } from './github-payloads.ts'
import { fetchOf, parts, secrets, serve, serveRepository, thread } from './github-service.ts'

interface Test {
  after(work: () => unknown): void
}

const repositories = ['octocat/hello-world']

/** Values that no item should have. */
const odd = [null, 42, 'text', [], {}, true, { __proto__: null, id: { $gt: '' } }]

describe('items of github that are not what they should be', () => {
  it('are left out and counted, whatever they lack', async (t) => {
    const good = thread(1)
    const without = Object.keys(good).map((key) => ({ ...thread(2), [key]: null }))
    const service = await localService(t, () => ({ body: [...odd, good, ...without] }))
    const lines: unknown[][] = []
    const line = (...one: unknown[]): void => void lines.push(one)
    const logger = { debug: line, info: line, warn: line, error: line }
    const drafts = await draftsOf(github({ baseUrl: service.url }), { ...secrets, logger })
    // Without `unread` and `last_read_at`, a notification is one still: the same one.
    assert.deepEqual(
      drafts.map(({ identifier }) => identifier),
      ['9000000001', '9000000002'],
    )
    assert.ok(
      lines.some(
        ([fields, words]) => words === 'items without what an event needs' && JSON.stringify(fields) === '{"items":12}',
      ),
    )
  })

  for (const part of parts) {
    it(`are left out of the ${part}`, async (t) => {
      const good = itemOf[part](1)
      const broken = ['id', 'number', 'html_url', 'user', 'starred_at', 'head', 'tag_name', 'head_sha', 'updated_at']
        .filter((key) => key in good)
        .map((key) => ({ ...itemOf[part](2), [key]: undefined }))
      const items = [...odd, good, ...broken]
      const body = part === 'workflowRuns' ? { workflow_runs: items } : items
      const service = await localService(t, () => ({ body }))
      const stream = github({ baseUrl: service.url, notifications: false, repositories, what: [part] })
      const drafts = await draftsOf(stream, secrets)
      assert.ok(drafts.length >= 1 && drafts.length <= 2, `${drafts.length} drafts`)
      assert.doesNotMatch(JSON.stringify(drafts), /undefined|NaN/)
    })
  }

  it('have texts that are capped and well-formed, and numbers beyond 2^53', async (t) => {
    const long = '\u{1F600}'.repeat(10_000)
    const text = JSON.stringify([
      { ...thread(1), id: 0, subject: { ...thread(1).subject, title: long, type: '\ud800' } },
      {
        ...thread(2),
        subject: { ...thread(2).subject, url: `https://api.github.com/repos/o/r/issues/${'9'.repeat(400)}` },
      },
    ]).replace('"id":0', '"id":12345678901234567890')
    const service = await localService(t, () => ({ body: text }))
    const { see, told } = await watchStream(t, github({ baseUrl: service.url, backfill: 10 }), secrets)
    await see()
    const [first, second] = told.map(({ data }) => data as { title: string; subject: string; number?: number })
    assert.equal(told[0]?.identifier, '12345678901234567890')
    assert.equal(first?.title.length, 8000)
    assert.equal(first?.subject, '\ufffd')
    assert.equal(second?.number, undefined)
  })

  it('cannot close the window with a date in the future', async (t) => {
    const service = await localService(t, serve([thread(1), thread(2, { updated_at: '9999-01-01T00:00:00Z' })]))
    const now = (): number => Date.UTC(2026, 0, 1, 13)
    const { see, told } = await watchStream(t, github({ baseUrl: service.url, backfill: 10 }), { ...secrets, now })
    await see()
    service.answer(serve([thread(1), thread(3)]))
    await see()
    assert.equal(told.length, 3)
  })

  it('may be a list that never ends', async (t) => {
    let page = 1
    const service = await localService(t, () => {
      page += 1
      return { body: [thread(page % 1000)], headers: { link: `</notifications?page=${page}>; rel="next"` } }
    })
    const drafts = await draftsOf(github({ baseUrl: service.url }), secrets)
    assert.equal(service.asked.length, 100)
    assert.equal(drafts.length, 100)
  })
})

describe('a repository that github does not show', () => {
  const [repository] = repositories
  const run = async (t: Test, answer: () => Told): Promise<Error> => {
    const service = await localService(t, answer)
    const stream = github({ baseUrl: service.url, notifications: false, repositories, what: ['issues'], token: 'MINE' })
    return draftsOf(stream, { secret: () => 'x' }).then(
      () => assert.fail('the run succeeded'),
      (error: Error) => error,
    )
  }
  it('is named, with the token', async (t) => {
    const error = await run(t, () => ({ status: 404, body: { message: 'Not Found' } }))
    assert.match(error.message, /there is no repository octocat\/hello-world, or the token MINE may not see it/)
  })

  it('is named when its issues are switched off', async (t) => {
    const error = await run(t, () => ({ status: 410, body: { message: 'Issues are disabled for this repo' } }))
    assert.match(error.message, /410: Issues are disabled for this repo \(octocat\/hello-world has this switched off/)
  })

  it('is followed when it was renamed, and its items stay the same', async (t) => {
    const answer = serveRepository({ issues: [itemOf.issues(1)] })
    const service = await localService(t, answer)
    const stream = github({ baseUrl: service.url, notifications: false, repositories, what: ['issues'], backfill: 10 })
    const { see, told } = await watchStream(t, stream, secrets)
    await see()
    const renamed = serveRepository({ issues: [itemOf.issues(1), itemOf.issues(2)] })
    service.answer((asked) =>
      asked.path === '/repositories/1296269/issues'
        ? renamed({ ...asked, path: `/repos/${repository}/issues` })
        : { status: 301, headers: { location: `${service.url}/repositories/1296269/issues?${asked.query}` } },
    )
    await see()
    assert.equal(told.length, 2)
    assert.equal(service.asked.at(-1)?.headers.authorization, 'token a made-up token')
  })

  it('may redirect in a circle', async (t) => {
    const service = await localService(t, () => ({ status: 301, headers: { location: '/repositories/1/issues' } }))
    const stream = github({ baseUrl: service.url, notifications: false, repositories, what: ['issues'] })
    await assert.rejects(draftsOf(stream, secrets), { code: 'TIDINGS_HTTP_BLOCKED' })
    assert.equal(service.asked.length, 6)
  })
})

describe('github, when time passes strangely', () => {
  it('ends a run whose connection hangs when the agent stops', async (t) => {
    const service = await localService(t, () => ({ hang: true }))
    const { running } = await watchStream(t, github({ baseUrl: service.url }), secrets)
    const ended = running.trigger('github.notifications')
    await until(() => service.asked.length > 0)
    await running.stop()
    await ended
  })

  it('does not ask again when the agent stops while it waits to repeat a request', async (t) => {
    const stop = new AbortController()
    const service = await localService(t, () => {
      stop.abort(new Error('enough'))
      return { status: 502 }
    })
    await assert.rejects(draftsOf(github({ baseUrl: service.url }), { ...secrets, signal: stop.signal }))
    assert.equal(service.asked.length, 1)
  })

  it('keeps asking when the date of this machine is set back', { timeout: 20_000 }, async (t) => {
    const service = await localService(t, serve([thread(1)]))
    const stream = github({ baseUrl: service.url })
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 })
    await draftsOf(stream, secrets)
    t.mock.timers.reset()
    await draftsOf(stream, secrets)
    assert.equal(service.asked.length, 2)
  })

  it('keeps looking when the wall clock steps back', async (t) => {
    const clock = virtualClock(new Date('2026-01-02T12:00:00Z'))
    const log = await memoryLog({ clock })
    t.after(() => log.close())
    let threads = [thread(1)]
    const fetch: typeof globalThis.fetch = (...request) => fetchOf(serve(threads))(...request)
    const world = { ...secrets, fetch, now: () => clock.now() }
    const stream = github({ backfill: 10 })
    await using running = await start(agent('steps', [stream]), { log, clock, logger: false, world })
    const told: StoredEvent[] = []
    running.events$.subscribe((event) => told.push(event))
    for (const number of [2, 3]) {
      await running.trigger('github.notifications')
      clock.step(-86_400_000)
      threads = [...threads, thread(number)]
    }
    await running.trigger('github.notifications')
    assert.equal(told.length, 3)
  })
})

describe('the options of github', () => {
  for (const [what, given, words] of [
    [
      'a repository without its owner',
      { repositories: ['node'] },
      /repositories: expected an array in which each is a repository/,
    ],
    ['a way out of the path', { repositories: ['a/..'] }, /repositories/],
    ['a reason that does not exist', { notifications: ['asign'] }, /notifications: expected true, false or some of/],
    [
      'a part that does not exist',
      { what: ['pulls'] },
      /what: expected an array in which each is one of issues, pullRequests/,
    ],
    ['a misspelt name', { repos: ['a/b'] }, /has no "repos"/],
    ['nothing to look at', { notifications: false }, /nothing to look at/],
  ] as const) {
    it(`refuse ${what}`, () => {
      assert.throws(() => github(given as object), { code: 'TIDINGS_STREAM_INVALID', message: words })
    })
  }

  it('choose the reasons', async (t) => {
    const service = await localService(
      t,
      serve([thread(1), thread(2, { reason: 'mention' }), thread(3, { reason: 'x' })]),
    )
    const drafts = await draftsOf(github({ baseUrl: service.url, notifications: ['mention'] }), secrets)
    assert.deepEqual(
      drafts.map(({ type }) => type),
      ['github.mention'],
    )
  })

  it('name the jobs by what they look at', () => {
    assert.deepEqual(
      github({ repositories: ['a/b', 'c/d.js'], what: ['stars'], as: 'gh' }).jobs.map(({ name }) => name),
      ['gh.notifications', 'gh.stars/a/b', 'gh.stars/c/d.js'],
    )
  })
})
