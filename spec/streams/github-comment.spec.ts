import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPark, isRetry } from '../../lib/core/control.ts'
import { agent, type Delivery, eventType, type LevelLog, listener, memoryLog, on, start } from '../../lib/index.ts'
import { github, type NewComment } from '../../streams/github.ts'
import { type Asked, localService, type Told } from '../support/local-service.ts'
import { page, secrets } from './github-service.ts'

interface Test {
  after(work: () => unknown): void
}

const note = eventType('note').of<{ text: string }>()
const noon = Date.UTC(2026, 0, 1, 12)
const there: NewComment = { repository: 'octocat/hello-world', number: 7, body: 'Thanks!' }

/** An issue with its comments, 2 on a page. */
function issue(): { readonly answer: (asked: Asked) => Told; readonly bodies: string[] } {
  const bodies = ['First!', 'Second!', 'Third!']
  const answer = (asked: Asked): Told => {
    if (asked.path !== '/repos/octocat/hello-world/issues/7/comments')
      return { status: 404, body: { message: 'Not Found' } }
    const comments = bodies.map((body, id) => ({ id, body }))
    if (asked.method === 'GET') return page(comments, asked, { most: 2 })
    bodies.push((JSON.parse(asked.body) as { body: string }).body)
    return { status: 201, body: { id: bodies.length - 1, body: bodies.at(-1) } }
  }
  return { answer, bodies }
}

/** Publishes notes to a listener that comments; resolves when they are handled. */
async function hear(log: LevelLog, baseUrl: string, texts: readonly string[]): Promise<void> {
  const handle = github.comment<{ data: { text: string } }>(({ data }) => ({ ...there, body: data.text }), { baseUrl })
  const answers = listener('answers', on(note), handle, { backoff: { min: 1, max: 1 }, from: 'start' })
  await using running = await start(agent('answers', [answers]), { log, logger: false, world: secrets })
  for (const text of texts) await running.publish(note(text, { text }))
  await running.drained()
}

/** What one delivery comes to when the service answers this. */
async function outcome(
  t: Test,
  answer: (asked: Asked) => Told,
  made: unknown = there,
  key = '0123',
): Promise<Error | undefined> {
  const { url } = await localService(t, answer)
  const delivery = {
    key,
    attempt: 1,
    event: { created: noon },
    signal: new AbortController().signal,
    fetch: globalThis.fetch,
    now: () => noon,
    ...secrets,
  } as unknown as Delivery
  const handle = github.comment(() => made as NewComment, { baseUrl: url })
  return handle(undefined, delivery).then(
    () => undefined,
    (error: unknown) => error as Error,
  )
}

describe('github.comment', () => {
  it('comments once for each event', async (t) => {
    const { answer, bodies } = issue()
    const { url, asked } = await localService(t, answer)
    await using log = await memoryLog()
    await hear(log, url, ['one', 'two'])
    assert.equal(bodies.length, 5)
    assert.match(bodies[3] ?? '', /^one\n\n<!-- tidings:[0-9a-f-]{36} -->$/)
    assert.match(bodies[4] ?? '', /^two\n\n<!-- tidings:/)
    assert.equal(asked.at(-1)?.headers.authorization, 'token a made-up token')
  })

  it('comments once if the answer is lost', async (t) => {
    const { answer, bodies } = issue()
    let posts = 0
    const { url } = await localService(t, (asked) => {
      const told = answer(asked)
      return asked.method === 'POST' && (posts += 1) === 1 ? { ...told, cut: 3 } : told
    })
    await using log = await memoryLog()
    await hear(log, url, ['one'])
    assert.equal(bodies.length, 4)
    assert.equal(posts, 1)
  })

  it('comments once if the process dies before its ack', async (t) => {
    const { answer, bodies } = issue()
    const service = await localService(t, answer)
    await using log = await memoryLog()
    await hear(log, service.url, ['one'])
    const key = /tidings:(\S+)/.exec(bodies.at(-1) ?? '')?.[1]
    // What is delivered again after a crash has the same key, and is a first attempt.
    assert.equal(await outcome(t, answer, there, key), undefined)
    assert.equal(bodies.length, 4)
  })

  it('searches only comments since the event', async (t) => {
    const queries: (string | null)[] = []
    await outcome(t, (asked) => {
      queries.push(asked.query.get('since'))
      return asked.method === 'GET' ? { body: [] } : { status: 201, body: {} }
    })
    assert.deepEqual(queries, ['2025-12-31T12:00:00.000Z', null])
  })

  it('retries when GitHub asks for it', async (t) => {
    const error = await outcome(t, () => ({
      status: 403,
      headers: { 'retry-after': '90' },
      body: { message: 'You have exceeded a secondary rate limit.' },
    }))
    assert.ok(isRetry(error))
    assert.equal(error.after, 90_000)
  })

  it('leaves a service that is down to the backoff of the listener, and posts once', async (t) => {
    let posts = 0
    const error = await outcome(t, ({ method }) => {
      if (method === 'GET') return { body: [] }
      posts += 1
      return { status: 502 }
    })
    assert.ok(error !== undefined && !isRetry(error) && !isPark(error))
    assert.equal((error as { code?: string }).code, 'TIDINGS_HTTP_FAILED')
    assert.equal(posts, 1)
  })

  for (const [status, message, words] of [
    [404, 'Not Found', /there is no repository octocat\/hello-world, or the token GITHUB_TOKEN may not see it/],
    [403, 'Resource not accessible by personal access token', /the token GITHUB_TOKEN may not do this/],
    [422, 'Validation Failed', /422: Validation Failed/],
    [410, 'Issues are disabled for this repo', /octocat\/hello-world has this switched off/],
  ] as const) {
    it(`parks what GitHub refuses with ${status}`, async (t) => {
      const error = await outcome(t, () => ({ status, body: { message } }))
      assert.ok(isPark(error), String(error))
      assert.match(error.message, words)
      assert.doesNotMatch(error.message, /made-up/)
    })
  }

  for (const made of [null, {}, { ...there, repository: '../x' }, { ...there, number: 1.5 }, { ...there, body: ' ' }]) {
    it(`parks ${JSON.stringify(made)}`, async (t) => {
      const error = await outcome(t, () => assert.fail('it asked'), made)
      assert.ok(isPark(error), String(error))
      assert.match(error.message, /github\.comment: expected a comment such as/)
    })
  }

  it('refuses options that do not fit', () => {
    const wrong = { code: 'TIDINGS_LISTENER_INVALID', message: /github\.comment/ }
    assert.throws(() => github.comment(() => there, { baseUrl: 'x' }), wrong)
    assert.throws(() => github.comment(() => there, { tokn: 'x' } as object), wrong)
    assert.throws(() => github.comment(there as never), wrong)
  })
})
