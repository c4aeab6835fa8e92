import { isRetry } from '../../../lib/core/control.ts'
import type { JobContext } from '../../../lib/index.ts'
import { comment } from '../../../streams/github/comment.ts'
import { github } from '../../../streams/github.ts'
import { httpClient } from '../../../streams/shared/http-client.ts'
import { send } from '../../../streams/shared/http-handler.ts'
import { deliveryOf } from '../../support/delivery.ts'
import { draftsOf } from '../../support/watch-stream.ts'

/** What a service does, and a fetch that does it. */
type Case = readonly [what: string, answer: () => Response]

/** What a service does, and what comes of it. */
export type Failure = readonly [what: string, then: string]

const headers = { 'retry-after': '120' }
const refused = (): never => {
  throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') })
}

const statuses: readonly Case[] = [
  ['429 or 5xx, with `Retry-After: 120`', () => new Response('', { status: 429, headers })],
  ['429 or 5xx without it', () => new Response('', { status: 503 })],
  ['401, 403, 404 or another 4xx', () => new Response('', { status: 404 })],
  ['no answer, or half of one', refused],
]

const NOT_JSON = 'text that is not JSON, where JSON is due'

const sourceCases: readonly Case[] = [
  ['304 to a conditional request', () => new Response(null, { status: 304 })],
  ...statuses,
  [NOT_JSON, () => new Response('<html>')],
  ['more than the stream reads, decompressed', () => new Response(new Uint8Array(9 * 1024 * 1024))],
  [
    'a redirect to a private address',
    () => new Response('', { status: 302, headers: { location: 'http://10.0.0.1/' } }),
  ],
]

/** GitHub says most limits with a 403. */
const githubStatuses: readonly Case[] = [
  ['a rate limit (403 or 429), with `Retry-After: 120`', () => Response.json({}, { status: 429, headers })],
  [
    'a rate limit without it',
    () => Response.json({ message: 'You have exceeded a secondary rate limit.' }, { status: 403 }),
  ],
  ['5xx, with `Retry-After: 120`', () => Response.json({}, { status: 503, headers })],
  ['5xx without it, three times in a row', () => Response.json({}, { status: 502 })],
  ['401, 403, 404 or another 4xx', () => Response.json({}, { status: 404 })],
  ['no answer, or half of one, three times in a row', refused],
]

const githubCases: readonly Case[] = [
  ...githubStatuses,
  [NOT_JSON, () => new Response('<html>')],
  ['more than 32 MiB, decompressed', () => new Response(new Uint8Array(33 * 1024 * 1024))],
  [
    'a redirect to another server',
    () => new Response('', { status: 302, headers: { location: 'https://x.example/' } }),
  ],
]

/**
 * What a run does on each failure of its service: found out by failing, so that it is true.
 *
 * @param readsJson whether the stream reads JSON
 */
export function sourceFailures(readsJson: boolean): Promise<readonly Failure[]> {
  const cases = sourceCases.filter(([what]) => readsJson || what !== NOT_JSON)
  return outcomes(cases, async (fetch) => {
    const state = { get: async () => ({ etag: '"1"' }), set: () => undefined, delete: () => undefined }
    const logger = { info: () => undefined, warn: () => undefined }
    const context = { fetch, state, logger, signal: new AbortController().signal, now: () => 0 }
    const client = httpClient(context as unknown as JobContext, { stream: 'x', baseUrl: 'https://service.example' })
    const answer = await client.get('/items', { conditional: true })
    if (answer === undefined) return 'The run publishes nothing and logs `not modified`.'
    return String(answer.json())
  })
}

/** What a run of `github`, which has a client of its own, does on each failure. */
export function githubFailures(): Promise<readonly Failure[]> {
  const stream = github({ notifications: false, repositories: ['a/b'], what: ['issues'] })
  const logger = { info: () => undefined, warn: () => undefined, error: () => undefined } as never
  return outcomes(githubCases, async (fetch) => {
    await draftsOf(stream, { fetch, logger, secret: () => 'x' })
    return 'The run succeeds.'
  })
}

/** What a delivery to `github.comment` does on each failure. */
export function commentFailures(): Promise<readonly Failure[]> {
  const handle = comment(() => ({ repository: 'a/b', number: 1, body: 'x' }))
  const work = async (fetch: typeof globalThis.fetch): Promise<string> => {
    await handle({}, deliveryOf({ fetch, secret: () => 'x' }))
    return 'The delivery succeeds.'
  }
  return outcomes(githubStatuses, work, 'delivery')
}

/** What a delivery does on each failure of its service. */
export function handlerFailures(): Promise<readonly Failure[]> {
  return outcomes(
    statuses,
    async (fetch) => {
      const delivery = { fetch, signal: new AbortController().signal, now: () => 0 }
      await send(delivery, 'x', { method: 'POST', url: 'https://service.example/items' })
      return 'The delivery succeeds.'
    },
    'delivery',
  )
}

async function outcomes(
  cases: readonly Case[],
  work: (fetch: typeof globalThis.fetch) => Promise<string>,
  unit: 'run' | 'delivery' = 'run',
): Promise<readonly Failure[]> {
  const rows = cases.map(async ([what, answer]) => {
    const then = await work(async () => answer()).catch((error: Error) => wordsOf(error, unit))
    return [what, then] as const
  })
  return Promise.all(rows)
}

function wordsOf(error: Error & { readonly code?: unknown }, unit: 'run' | 'delivery'): string {
  if (isRetry(error))
    return `The ${unit} is tried again after ${Number(error.after) / 1000} s, or what the service asks for.`
  if (error.name === 'Park') return 'The event is parked, with the reason: another attempt would fail as well.'
  if (unit === 'run') return `The run fails with \`${String(error.code)}\`; the next look asks again.`
  return `The delivery fails with \`${String(error.code)}\`, and is tried again as the listener's \`backoff\` says.`
}
