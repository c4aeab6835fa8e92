import { describe, it } from 'node:test'
import fc from 'fast-check'
import { streamLaws } from '../../lib/testing/index.ts'
import { github, type RepositoryPart } from '../../streams/github.ts'
import { type Item, itemOf, minute } from './github-payloads.ts'
import { fetchOf, serve, serveRepository, type Thread, thread } from './github-service.ts'

const plain = { noNullPrototype: true }

/** Few, since each request waits some milliseconds in the limiters of Octokit. */
const numRuns = 2

/** The reasons that stay with a thread, as GitHub's documentation has it. */
const lasting = ['assign', 'review_requested', 'invitation', 'security_advisory_credit']

const notifications = streamLaws(github, {
  options: {},
  wire: fc
    .record(
      {
        number: fc.integer({ min: 1, max: 5 }),
        reason: fc.constantFrom('assign', 'mention', 'review_requested', 'subscribed', 'new', 'newer'),
        unread: fc.boolean(),
        updated: fc.nat(5),
        title: fc.string(),
      },
      plain,
    )
    .map(({ number, updated, title, ...parts }): Thread => {
      const { subject, ...usual } = thread(number)
      return { ...usual, ...parts, updated_at: minute(updated), subject: { ...subject, title } }
    }),
  truth: ({ id, reason, updated_at }) => [id, reason, ...(lasting.includes(reason) ? [] : [updated_at])].join(' '),
  serve: (threads) => fetchOf(serve(threads, { most: 2 })),
  numRuns,
})

describe('the laws of github notifications', () => {
  for (const [name, law] of Object.entries(notifications)) it(name, law)
})

const number = fc.integer({ min: 1, max: 6 })

/** A repository's lists: items as GitHub sends them, edited in every way that leaves them the same happening. */
const lists: Record<RepositoryPart, [fc.Arbitrary<Item>, (item: Item) => string | undefined]> = {
  issues: [
    fc
      .record(
        {
          number,
          title: fc.string(),
          state: fc.constantFrom('open', 'closed'),
          pull_request: fc.constantFrom(undefined, undefined, {}),
        },
        plain,
      )
      .map(({ number, ...parts }) => itemOf.issues(number, parts)),
    ({ id, pull_request }) => (pull_request === undefined ? String(id) : undefined),
  ],
  pullRequests: [
    fc
      .record(
        {
          number,
          title: fc.string(),
          body: fc.constantFrom(null, '', 'A simple change.'),
          state: fc.constantFrom('open', 'closed'),
          draft: fc.boolean(),
          merged: fc.boolean(),
          branch: fc.constantFrom('changes', 'renamed'),
        },
        plain,
      )
      .map(({ number, merged, branch, ...parts }) => {
        const { head, base } = itemOf.pullRequests(number) as Record<'head' | 'base', Item>
        const updated_at = minute(number + 10)
        return itemOf.pullRequests(number, {
          ...parts,
          updated_at,
          merged_at: merged ? updated_at : null,
          head: { ...head, ref: branch },
          base: { ...base, ref: merged ? 'main' : 'next' },
        })
      }),
    ({ id }) => String(id),
  ],
  releases: [
    fc
      .record({ number, name: fc.string(), prerelease: fc.boolean(), draft: fc.boolean() }, plain)
      .map(({ number, ...parts }) =>
        itemOf.releases(number, { ...parts, ...(parts.draft ? { published_at: null } : {}) }),
      ),
    ({ id, draft }) => (draft === true ? undefined : String(id)),
  ],
  stars: [
    fc
      .record({ number, starred: fc.nat(5) }, plain)
      .map(({ number, starred }) => itemOf.stars(number, { starred_at: minute(starred) })),
    ({ user }) => String((user as Item)['id']),
  ],
  workflowRuns: [
    fc
      .record(
        {
          number,
          run_attempt: fc.integer({ min: 1, max: 2 }),
          conclusion: fc.constantFrom('failure', 'timed_out', 'success', null),
        },
        plain,
      )
      .map(({ number, ...parts }) =>
        itemOf.workflowRuns(number, { ...parts, updated_at: minute(number + parts.run_attempt) }),
      ),
    ({ id, run_attempt, conclusion }) =>
      ['failure', 'timed_out'].includes(conclusion as string) ? `${id} ${run_attempt}` : undefined,
  ],
}

for (const [part, [wire, truth]] of Object.entries(lists)) {
  const laws = streamLaws(github, {
    options: { notifications: false, repositories: ['octocat/hello-world'], what: [part as RepositoryPart] },
    wire,
    truth,
    serve: (items) => fetchOf(serveRepository({ [part]: items }, { most: 2 })),
    numRuns,
  })
  describe(`the laws of the ${part} of github`, () => {
    for (const [name, law] of Object.entries(laws)) it(name, law)
  })
}
