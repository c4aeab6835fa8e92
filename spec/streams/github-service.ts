import type { Draft } from '../../lib/index.ts'
import { github } from '../../streams/github.ts'
import { type Asked, localService, type Told } from '../support/local-service.ts'
import { draftsOf, secretsOf } from '../support/watch-stream.ts'

/** A notification as GitHub sends it; the parts that streams read. */
export interface Thread {
  readonly id: string
  readonly reason: string
  readonly unread: boolean
  readonly updated_at: string
  readonly last_read_at: string | null
  readonly subject: { title: string; url: string | null; latest_comment_url: string | null; type: string }
  readonly repository: { id: number; full_name: string; html_url: string; private: boolean }
}

/** The secrets of the tests. */
export const secrets = { secret: secretsOf({ GITHUB_TOKEN: 'a made-up token' }) }

/** A thread, updated `number` minutes after noon. */
export function thread(number: number, parts: Partial<Thread> = {}): Thread {
  const url = `https://api.github.com/repos/octocat/hello-world/issues/${number}`
  return {
    id: String(9_000_000_000 + number),
    reason: 'assign',
    unread: true,
    updated_at: new Date(Date.UTC(2026, 0, 1, 12, number)).toISOString().replace('.000', ''),
    last_read_at: null,
    subject: { title: `Greetings ${number}`, url, latest_comment_url: url, type: 'Issue' },
    repository: {
      id: 1_296_269,
      full_name: 'octocat/hello-world',
      html_url: 'https://github.com/octocat/hello-world',
      private: false,
    },
    ...parts,
  }
}

/** How the service pages: at most this many items, whatever was asked for. */
export interface Paging {
  readonly most?: number
}

/** Answers a page of items, with links to the others, as GitHub does. */
function page(
  items: readonly unknown[],
  { path, query }: Pick<Asked, 'path' | 'query'>,
  { most = 100 }: Paging = {},
): Told {
  const size = Math.min(Number(query.get('per_page') ?? 30), most)
  const at = Number(query.get('page') ?? 1)
  const last = Math.max(1, Math.ceil(items.length / size))
  const link = (rel: string, to: number): string => {
    const search = new URLSearchParams(query)
    search.set('page', String(to))
    return `<https://api.github.com${path}?${search}>; rel="${rel}"`
  }
  const links = [
    ...(at > 1 ? [link('prev', at - 1), link('first', 1)] : []),
    ...(at < last ? [link('next', at + 1), link('last', last)] : []),
  ]
  const headers = { 'x-ratelimit-remaining': '4999', ...(links.length === 0 ? {} : { link: links.join(', ') }) }
  return { headers, body: items.slice((at - 1) * size, at * size) }
}

/** Answers as GitHub does while the account has these notifications. */
export function serve(threads: readonly Thread[], paging?: Paging): (asked: Pick<Asked, 'path' | 'query'>) => Told {
  return (asked) => {
    if (asked.path !== '/notifications') return { status: 404, body: { message: 'Not Found' } }
    const since = Date.parse(asked.query.get('since') ?? '1970-01-01')
    const there = threads
      .filter(
        ({ unread, updated_at }) => (asked.query.get('all') === 'true' || unread) && Date.parse(updated_at) > since,
      )
      .toSorted((a, b) => Date.parse(b.updated_at) - Date.parse(a.updated_at))
    return page(there, asked, paging)
  }
}

/** The drafts of one run against a service that has one of each. */
export async function example(t: { after(work: () => unknown): void }): Promise<readonly Draft[]> {
  const reasons = [
    'approval_requested',
    'assign',
    'author',
    'ci_activity',
    'comment',
    'invitation',
    'manual',
    'member_feature_requested',
    'mention',
    'review_requested',
    'security_advisory_credit',
    'security_alert',
    'state_change',
    'subscribed',
    'team_mention',
    'something_new',
  ]
  const service = await localService(t, serve(reasons.map((reason, at) => thread(at + 1, { reason }))))
  return draftsOf(github({ baseUrl: service.url }), secrets)
}

/** The service as a `fetch`, for the laws. */
export function fetchOf(answer: (asked: Pick<Asked, 'path' | 'query'>) => Told): typeof fetch {
  return async (input) => {
    const { pathname: path, searchParams: query } = new URL(new Request(input).url)
    const { status = 200, headers = {}, body } = answer({ path, query })
    return Response.json(body, { status, headers })
  }
}
