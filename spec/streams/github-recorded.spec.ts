import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isPark } from '../../lib/core/control.ts'
import { github, type Issue } from '../../streams/github.ts'
import { deliveryOf, outcomeOf } from '../support/delivery.ts'
import { watchStream } from '../support/watch-stream.ts'
import { type Exchange, exchangesOf } from './github-payloads.ts'
import { secrets } from './github-service.ts'

/** The recorded answer, as `fetch` gives it. */
function answerOf({ status, response, headers }: Exchange): Response {
  return new Response(JSON.stringify(response), { status, headers: { ...headers } })
}

describe('github, as it was recorded', () => {
  it('tells the issues of all pages, oldest first, and then asks only for news', async (t) => {
    const pages = exchangesOf('paginate-issues')
    const statuses: number[] = []
    const world: typeof fetch = async (input, init) => {
      const { origin, searchParams } = new URL(new Request(input).url)
      assert.equal(origin, 'https://api.github.com')
      const page = pages[Number(searchParams.get('page') ?? 1) - 1]
      assert.ok(page, `there is no page ${searchParams.get('page')}`)
      const isKnown = new Headers(init?.headers).get('if-none-match') === page.headers['etag']
      statuses.push(isKnown ? 304 : page.status)
      return isKnown ? new Response(null, { status: 304 }) : answerOf(page)
    }
    const stream = github({
      notifications: false,
      repositories: ['octokit-fixture-org/paginate-issues'],
      what: ['issues'],
      backfill: 100,
    })
    const { see, told } = await watchStream(t, stream, { ...secrets, fetch: world })
    await see()
    await see()
    assert.deepEqual(
      told.map(({ data }) => (data as Issue).number),
      Array.from({ length: 13 }, (_, at) => at + 1),
    )
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 304, 304, 304, 304, 304])
  })

  it('parks a comment that it finds invalid', async () => {
    const [invalid] = exchangesOf('errors')
    assert.ok(invalid)
    const world: typeof fetch = async (_, init) => (init?.method === 'GET' ? Response.json([]) : answerOf(invalid))
    const comment = github.comment(() => ({ repository: 'octokit-fixture-org/errors', number: 1, body: 'Thanks!' }))
    const error = await outcomeOf(comment({}, deliveryOf({ ...secrets, fetch: world })))
    assert.ok(isPark(error), error?.message)
    assert.match(error.message, /answered 422: Validation Failed/)
  })
})
