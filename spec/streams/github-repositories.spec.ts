import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StoredEvent } from '../../lib/index.ts'
import type { RepositoryPart } from '../../streams/github.ts'
import { httpSourceSuite } from '../support/http-source-suite.ts'
import { localService } from '../support/local-service.ts'
import { watchStream } from '../support/watch-stream.ts'
import { type Item, itemOf, minute } from './github-payloads.ts'
import { type Paging, parts, secrets, serveRepository } from './github-service.ts'
import { lookingAt, repositorySource } from './github-source.ts'

interface Test {
  after(work: () => unknown): void
}

for (const part of ['issues', 'stars'] as const) httpSourceSuite(repositorySource(part))

/** A stream that looks at one part of a repository. */
async function watched(t: Test, part: RepositoryPart, items: readonly Item[], paging?: Paging) {
  const answerOf = (given: readonly Item[]) => serveRepository({ [part]: given }, paging)
  const service = await localService(t, answerOf(items))
  const agent = await watchStream(t, lookingAt(part, service.url), secrets)
  return { service, ...agent, show: (given: readonly Item[]) => service.answer(answerOf(given)) }
}

function dataOf([event]: readonly StoredEvent[]): unknown {
  assert.ok(event, 'nothing was told')
  return event.data
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at)
}

describe('github repositories', () => {
  for (const part of parts) {
    it(`publish their ${part} once, oldest first, over all pages`, async (t) => {
      const { see, show, told } = await watched(
        t,
        part,
        range(1, 5).map((number) => itemOf[part](number)),
        { most: 2 },
      )
      await see()
      await see()
      show(range(1, 7).map((number) => itemOf[part](number)))
      await see()
      const sorted = told.map(({ identifier }) => identifier)
      assert.deepEqual(sorted, sorted.toSorted())
      assert.equal(sorted.length, 7)
    })

    it(`publish ${part} of one second in the order of the list`, async (t) => {
      const dates = ['created_at', 'published_at', 'starred_at', 'updated_at']
      const same = Object.fromEntries(dates.map((name) => [name, minute(0)]))
      // GitHub's lists begin with the newest; that of the stars is turned around by the service.
      const items = range(1, 5).map((number) => ({ ...itemOf[part](number), ...same }))
      const { see, told } = await watched(t, part, items.toReversed(), { most: 2 })
      await see()
      const sorted = told.map(({ identifier }) => identifier)
      assert.deepEqual(sorted, sorted.toSorted())
      assert.equal(sorted.length, 5)
    })

    it(`publish no ${part} that exist at the first look, unless asked to`, async (t) => {
      const items = range(1, 5).map((number) => itemOf[part](number))
      const service = await localService(t, serveRepository({ [part]: items }, { most: 2 }))
      const none = await watchStream(t, lookingAt(part, service.url, 0), secrets)
      await none.see()
      assert.equal(none.told.length, 0)
      const two = await watchStream(t, lookingAt(part, service.url, 2), secrets)
      await two.see()
      assert.equal(two.told.length, 2)
    })
  }

  it('publish an item that comes two days late, among newer ones', async (t) => {
    const { see, show, told } = await watched(t, 'issues', [itemOf.issues(5), itemOf.issues(6)], { most: 1 })
    await see()
    show([itemOf.issues(5), itemOf.issues(6), itemOf.issues(4, { created_at: '2025-12-30T12:00:00Z' })])
    await see()
    assert.equal(told.length, 3)
  })

  it('publish an issue with what a listener needs', async (t) => {
    const { see, told } = await watched(t, 'issues', [itemOf.issues(3, { labels: [{ name: 'bug' }, 'old', null] })])
    await see()
    assert.equal(told[0]?.identifier, '3000003')
    assert.deepEqual(dataOf(told), {
      repository: 'octocat/hello-world',
      number: 3,
      title: 'Test issue 13',
      url: 'https://github.com/octocat/hello-world/issues/3',
      author: 'octokit-fixture-user-a',
      body: '',
      labels: ['bug', 'old'],
      opened: '2026-01-01T12:03:00.000Z',
    })
  })

  it('publish no pull request as an issue', async (t) => {
    const { see, told } = await watched(t, 'issues', [
      itemOf.issues(1, { pull_request: { url: 'x' } }),
      itemOf.issues(2),
    ])
    await see()
    assert.equal(told.length, 1)
  })

  it('publish a pull request with its branches', async (t) => {
    const { see, told } = await watched(t, 'pullRequests', [itemOf.pullRequests(2, { draft: true })])
    await see()
    assert.deepEqual(dataOf(told), {
      repository: 'octocat/hello-world',
      number: 2,
      title: 'Update the README with new information.',
      url: 'https://github.com/octocat/hello-world/pull/2',
      author: 'Codertocat',
      body: 'This is a pretty simple change that we need to pull into master.',
      labels: [],
      opened: '2026-01-01T12:02:00.000Z',
      draft: true,
      head: 'changes',
      base: 'master',
    })
  })

  it('publish a release when its draft is published, weeks after its commit', async (t) => {
    const old = { created_at: '2025-12-01T00:00:00Z', published_at: null, draft: true }
    const { see, show, told } = await watched(t, 'releases', [itemOf.releases(1), itemOf.releases(2, old)])
    await see()
    assert.equal(told.length, 1)
    show([itemOf.releases(1), itemOf.releases(2, { ...old, draft: false, published_at: minute(30) })])
    await see()
    assert.deepEqual(dataOf(told.slice(1)), {
      repository: 'octocat/hello-world',
      tag: 'v2',
      url: 'https://github.com/Codertocat/Hello-World/releases/tag/0.0.1',
      author: 'Codertocat',
      title: 'v2',
      body: '',
      prerelease: false,
      published: '2026-01-01T12:30:00.000Z',
    })
  })

  it('publish a star once, also when it is taken back and given again', async (t) => {
    const { see, show, told } = await watched(t, 'stars', [itemOf.stars(1)])
    await see()
    assert.equal(told[0]?.identifier, 'octocat/hello-world 6000001')
    show([])
    await see()
    show([itemOf.stars(1, { starred_at: minute(40) })])
    await see()
    assert.equal(told.length, 1)
    assert.deepEqual(dataOf(told), {
      repository: 'octocat/hello-world',
      user: 'user-1',
      url: 'https://github.com/Codertocat',
      starred: '2026-01-01T12:01:00.000Z',
    })
  })

  it('find the last page of the stars, where it is and where it went', async (t) => {
    const day = (number: number): string => `2025-01-${String(number).padStart(2, '0')}T00:00:00Z`
    const old = (to: number): Item[] => range(1, to).map((number) => itemOf.stars(number, { starred_at: day(number) }))
    const answerOf = (items: readonly Item[]) => serveRepository({ stars: items }, { most: 2 })
    const service = await localService(t, answerOf(old(20)))
    const { see, told } = await watchStream(t, lookingAt('stars', service.url, 0), secrets)
    await see()
    assert.ok(service.asked.length < 6, `the first look read ${service.asked.length} pages`)
    service.answer(answerOf([...old(20), ...range(30, 32).map((number) => itemOf.stars(number))]))
    await see()
    assert.equal(told.length, 3)
    // Many take their star back, and the last page is gone.
    service.answer(answerOf([...old(3), itemOf.stars(33)]))
    await see()
    assert.equal(told.length, 4)
  })

  it('publish a failed workflow for each attempt, and no other', async (t) => {
    const failed = itemOf.workflowRuns(1)
    const late = itemOf.workflowRuns(2, { conclusion: 'timed_out' })
    const fine = itemOf.workflowRuns(3, { conclusion: 'success' })
    const { see, show, told } = await watched(t, 'workflowRuns', [failed, fine])
    await see()
    show([{ ...failed, run_attempt: 2, updated_at: minute(50) }, fine, late])
    await see()
    assert.deepEqual(
      told.map(({ identifier }) => identifier),
      ['7000001 1', '7000002 1', '7000001 2'],
    )
    assert.deepEqual(dataOf(told), {
      repository: 'octocat/hello-world',
      workflow: 'Manually triggered workflow',
      title: 'Manually triggered workflow',
      number: 1,
      attempt: 1,
      conclusion: 'failure',
      url: 'https://github.com/octo-org/octo-repo/actions/runs/1589141559',
      branch: 'main',
      commit: '5779607b49aab1200488439f02372c57b4f75444',
      trigger: 'workflow_dispatch',
      author: '',
      failed: '2026-01-01T12:01:00.000Z',
    })
  })
})
