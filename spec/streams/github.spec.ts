import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StoredEvent } from '../../lib/index.ts'
import { github, type Notification } from '../../streams/github.ts'
import { httpSourceSuite } from '../support/http-source-suite.ts'
import { localService } from '../support/local-service.ts'
import { watchStream } from '../support/watch-stream.ts'
import { minute } from './github-payloads.ts'
import { example, secrets, serve, type Thread, thread } from './github-service.ts'

httpSourceSuite({
  name: 'github',
  stream: (url) => github({ baseUrl: url, backfill: 100 }),
  serve: (items, skewOf) =>
    serve(items.map((number) => thread(number, { updated_at: minute(number, skewOf?.(number)) }))),
  renumbering: {
    serve: (items) => serve(items.map((number) => thread(number, { id: `8${number}` }))),
    outcome: 'held',
  },
  pages: {
    serve: (items) =>
      serve(
        items.map((number) => thread(number)),
        { most: 2 },
      ),
    pageOf: ({ query }) => Number(query.get('page') ?? 1),
  },
  world: secrets,
  conditional: true,
})

function dataOf([event]: readonly StoredEvent[]): Notification {
  assert.ok(event, 'nothing was told')
  return event.data as Notification
}

/** A stream on a service with these notifications. */
async function watched(t: { after(work: () => unknown): void }, threads: readonly Thread[] = [], now?: () => number) {
  const service = await localService(t, serve(threads))
  const stream = github({ baseUrl: service.url, backfill: 100 })
  const agent = await watchStream(t, stream, { ...secrets, ...(now === undefined ? {} : { now }) })
  return { service, stream, ...agent }
}

describe('github notifications', () => {
  it('carry what a listener needs', async (t) => {
    const { see, told } = await watched(t, [thread(7)])
    await see()
    assert.equal(told[0]?.type, 'github.issue.assigned')
    assert.equal(told[0]?.identifier, '9000000007')
    assert.deepEqual(told[0]?.data, {
      thread: '9000000007',
      reason: 'assign',
      title: 'Greetings 7',
      subject: 'Issue',
      number: 7,
      url: 'https://github.com/octocat/hello-world/issues/7',
      repository: 'octocat/hello-world',
      private: false,
      unread: true,
      updated: '2026-01-01T12:07:00.000Z',
    })
  })

  it('and repositories have an event type for each thing that happens', async (t) => {
    const drafts = await example(t)
    assert.deepEqual(
      drafts.map(({ type }) => type),
      [
        'github.issue.assigned',
        'github.approval.requested',
        'github.author',
        'github.ci.activity',
        'github.commented',
        'github.invitation',
        'github.manual',
        'github.feature.requested',
        'github.mention',
        'github.review.requested',
        'github.advisory.credit',
        'github.security.alert',
        'github.state.changed',
        'github.subscribed',
        'github.team.mention',
        'github.notification',
        'github.issue',
        'github.pull.request',
        'github.release',
        'github.star',
        'github.workflow.failed',
      ],
    )
  })
})

describe('a thread that is updated', () => {
  it('is told again if it was a mention', async (t) => {
    const { service, see, told } = await watched(t, [thread(1, { reason: 'mention' })])
    await see()
    const updated_at = '2026-01-01T12:30:00Z'
    service.answer(serve([thread(1, { reason: 'mention', updated_at })]))
    await see()
    assert.deepEqual(
      told.map(({ identifier }) => identifier),
      ['9000000001 2026-01-01T12:01:00.000Z', '9000000001 2026-01-01T12:30:00.000Z'],
    )
  })

  it('is not told again if it was an assignment', async (t) => {
    const { service, see, told } = await watched(t, [thread(1)])
    await see()
    service.answer(serve([thread(1, { updated_at: '2026-01-01T12:30:00Z' })]))
    await see()
    assert.equal(told.length, 1)
  })

  it('is not told if it was an assignment long before the first look', async (t) => {
    const old = [thread(1, { updated_at: '2025-10-01T12:00:00Z' }), thread(3, { updated_at: '2025-11-01T12:00:00Z' })]
    const service = await localService(t, serve([...old, thread(2)], { most: 1 }))
    const { see, told } = await watchStream(t, github({ baseUrl: service.url }), secrets)
    await see()
    service.answer(serve([thread(1, { updated_at: '2026-01-01T12:30:00Z' }), thread(2)]))
    await see()
    assert.equal(told.length, 0)
  })

  it('is told again when the reason changes', async (t) => {
    const { service, see, told } = await watched(t, [thread(1)])
    await see()
    service.answer(serve([thread(1, { reason: 'review_requested', updated_at: '2026-01-01T12:30:00Z' })]))
    await see()
    assert.deepEqual(
      told.map(({ type }) => type),
      ['github.issue.assigned', 'github.review.requested'],
    )
  })

  it('is not told again when it is read, or its title is edited', async (t) => {
    const mention = thread(1, { reason: 'mention' })
    const { service, see, told } = await watched(t, [mention])
    await see()
    const subject = { ...mention.subject, title: 'A better title' }
    service.answer(serve([{ ...mention, unread: false, last_read_at: '2026-01-01T12:40:00Z', subject }]))
    await see()
    assert.equal(told.length, 1)
  })
})

describe('the page of a notification', () => {
  const about = (type: string, url: string | null): Thread =>
    thread(1, { subject: { title: 'x', url, latest_comment_url: null, type } })
  const api = 'https://api.github.com/repos/octocat/hello-world'
  for (const [type, url, expected] of [
    ['PullRequest', `${api}/pulls/42`, { url: 'https://github.com/octocat/hello-world/pull/42', number: 42 }],
    ['Discussion', `${api}/discussions/3`, { url: 'https://github.com/octocat/hello-world/discussions/3', number: 3 }],
    ['Commit', `${api}/commits/abc123`, { url: 'https://github.com/octocat/hello-world/commit/abc123' }],
    ['Release', `${api}/releases/99`, { url: 'https://github.com/octocat/hello-world/releases' }],
    ['CheckSuite', null, { url: 'https://github.com/octocat/hello-world/actions' }],
    ['__proto__', null, { url: 'https://github.com/octocat/hello-world' }],
    ['Issue', 'javascript:alert(1)', { url: 'https://github.com/octocat/hello-world' }],
  ] as const) {
    it(`is ${expected.url.slice('https://github.com'.length)} for ${type} at ${url}`, async (t) => {
      const { see, told } = await watched(t, [about(type, url)])
      await see()
      const { url: page, number } = dataOf(told)
      assert.deepEqual({ url: page, ...(number === undefined ? {} : { number }) }, expected)
    })
  }

  it('is on the server that the repository is on, and so is the identifier', async (t) => {
    const { repository } = thread(1)
    const own = thread(1, { repository: { ...repository, html_url: 'https://ghe.example/octocat/hello-world' } })
    const { see, told } = await watched(t, [own])
    await see()
    assert.equal(dataOf(told).url, 'https://ghe.example/octocat/hello-world/issues/1')
    assert.equal(told[0]?.identifier, 'ghe.example 9000000001')
  })
})
