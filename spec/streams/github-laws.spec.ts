import { describe, it } from 'node:test'
import fc from 'fast-check'
import { streamLaws } from '../../lib/testing/index.ts'
import { github } from '../../streams/github.ts'
import { fetchOf, serve, type Thread, thread } from './github-service.ts'

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
        minute: fc.nat(5),
        title: fc.string(),
      },
      { noNullPrototype: true },
    )
    .map(({ number, minute, title, ...parts }): Thread => {
      const { subject, ...usual } = thread(number)
      const updated_at = `2026-01-01T12:0${minute}:00Z`
      return { ...usual, ...parts, updated_at, subject: { ...subject, title } }
    }),
  truth: ({ id, reason, updated_at }) => [id, reason, ...(lasting.includes(reason) ? [] : [updated_at])].join(' '),
  serve: (threads) => fetchOf(serve(threads, { most: 2 })),
  numRuns: 4,
})

describe('the laws of github notifications', () => {
  for (const [name, law] of Object.entries(notifications)) it(name, law)
})
