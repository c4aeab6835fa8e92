import type { Draft } from '../../lib/index.ts'
import { github, type RepositoryPart } from '../../streams/github.ts'
import { type Asked, localService, type Told } from '../support/local-service.ts'
import { draftsOf, secretsOf } from '../support/watch-stream.ts'
import { type Item, itemOf } from './github-payloads.ts'

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
export function page(
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
    ...(at > 1 && at <= last ? [link('prev', at - 1), link('first', 1)] : []),
    ...(at < last ? [link('next', at + 1), link('last', last)] : []),
  ]
  const headers = { 'x-ratelimit-remaining': '4999', ...(links.length === 0 ? {} : { link: links.join(', ') }) }
  return { headers, body: items.slice((at - 1) * size, at * size) }
}

/** Answers as GitHub does while the account has these notifications. */
export function serve(threads: readonly Thread[], paging?: Paging): (asked: Pick<Asked, 'path' | 'query'>) => Told {
  return (asked) => {
    if (asked.path !== '/notifications') return notFound
    const since = Date.parse(asked.query.get('since') ?? '1970-01-01')
    const there = threads.filter(
      ({ unread, updated_at }) => (asked.query.get('all') === 'true' || unread) && Date.parse(updated_at) > since,
    )
    return page(newestFirst(there, 'updated_at'), asked, paging)
  }
}

const notFound: Told = { status: 404, body: { message: 'Not Found' } }

/** Answers as GitHub does while a repository has these items. */
export function serveRepository(
  items: Partial<Record<RepositoryPart, readonly Item[]>>,
  paging?: Paging,
): (asked: Pick<Asked, 'path' | 'query'>) => Told {
  const { issues = [], pullRequests = [], releases = [], stars = [], workflowRuns = [] } = items
  return (asked) => {
    switch (/^\/repos\/octocat\/hello-world\/(.*)$/.exec(asked.path)?.[1]) {
      case 'issues':
        return page(newestFirst(issues, 'created_at'), asked, paging)
      case 'pulls':
        return page(newestFirst(pullRequests, 'created_at'), asked, paging)
      case 'releases':
        return page(newestFirst(releases, 'created_at'), asked, paging)
      case 'stargazers':
        return page(newestFirst(stars, 'starred_at').toReversed(), asked, paging)
      case 'actions/runs': {
        const there = workflowRuns.filter(({ conclusion }) => conclusion === asked.query.get('status'))
        const told = page(newestFirst(there, 'created_at'), asked, paging)
        return { ...told, body: { total_count: there.length, workflow_runs: told.body } }
      }
      default:
        return notFound
    }
  }
}

function newestFirst<I>(items: readonly I[], date: keyof I): I[] {
  return items.toSorted((a, b) => Date.parse(b[date] as string) - Date.parse(a[date] as string))
}

/** The drafts of one run against a service that has one of each. */
export async function example(t: { after(work: () => unknown): void }): Promise<readonly Draft[]> {
  const reasons = [
    'assign',
    'approval_requested',
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
  const repository = serveRepository(Object.fromEntries(parts.map((part) => [part, [itemOf[part](1)]])))
  const account = serve(reasons.map((reason, at) => thread(at + 1, { reason })))
  const service = await localService(t, (asked) =>
    asked.path === '/notifications' ? account(asked) : repository(asked),
  )
  const stream = github({ baseUrl: service.url, repositories: ['octocat/hello-world'] })
  const drafts = await Promise.all(
    stream.jobs.map(({ name }) => draftsOf(stream, secrets, name.slice('github.'.length))),
  )
  return drafts.flat()
}

/** Everything that the stream looks at in a repository. */
export const parts = Object.keys(itemOf) as readonly RepositoryPart[]

/** The service as a `fetch`, for the laws. */
export function fetchOf(answer: (asked: Pick<Asked, 'path' | 'query'>) => Told): typeof fetch {
  return async (input) => {
    const { pathname: path, searchParams: query } = new URL(new Request(input).url)
    const { status = 200, headers = {}, body } = answer({ path, query })
    return Response.json(body, { status, headers })
  }
}
