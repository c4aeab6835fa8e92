import { type AnyEventType, eventType } from '../../lib/index.ts'
import { atHost, dateIn, idIn, labelsIn, loginIn, membersOf, pageIn, textIn, wholeIn } from './fields.ts'
import type { Found, Listing } from './reading.ts'

/** The data of a `github.issue` event. Texts have at most 8000 characters, dates are ISO 8601 in UTC. */
export interface Issue {
  /** The repository, as the options name it. */
  readonly repository: string
  /** The number of the issue in its repository. */
  readonly number: number
  /** The title when the run saw it. */
  readonly title: string
  /** The page to read it on. */
  readonly url: string
  /** The login of its author; empty for a deleted account. */
  readonly author: string
  /** The description when the run saw it; often empty. */
  readonly body: string
  /** The names of its labels when the run saw it, at most 100. */
  readonly labels: readonly string[]
  /** When it was opened. */
  readonly opened: string
}

/** The data of a `github.pull.request` event. Texts have at most 8000 characters, dates are ISO 8601 in UTC. */
export interface PullRequest extends Issue {
  /** Whether it was a draft when the run saw it. */
  readonly draft: boolean
  /** The branch that the changes are on, in the author's repository. */
  readonly head: string
  /** The branch that they are for. */
  readonly base: string
}

/** The data of a `github.release` event. Texts have at most 8000 characters, dates are ISO 8601 in UTC. */
export interface Release {
  /** The repository, as the options name it. */
  readonly repository: string
  /** The name of the release; its tag if it has no name. */
  readonly title: string
  /** The name of the git tag. */
  readonly tag: string
  /** The page to read it on. */
  readonly url: string
  /** The login of its author; empty for a deleted account. */
  readonly author: string
  /** The notes when the run saw them; often empty. */
  readonly body: string
  /** Whether it was marked as not ready for production when the run saw it. */
  readonly prerelease: boolean
  /** When it was published. */
  readonly published: string
}

/** The data of a `github.star` event. */
export interface Star {
  /** The repository, as the options name it. */
  readonly repository: string
  /** The login of the user who starred it. */
  readonly user: string
  /** The page of that user. */
  readonly url: string
  /** When, ISO 8601 in UTC. */
  readonly starred: string
}

/** The data of a `github.workflow.failed` event. Texts have at most 8000 characters, dates are ISO 8601 in UTC. */
export interface FailedWorkflow {
  /** The repository, as the options name it. */
  readonly repository: string
  /** The name of the workflow. */
  readonly workflow: string
  /** What the run is about, mostly the subject of a commit or a pull request. */
  readonly title: string
  /** The number of the run among those of its workflow. */
  readonly number: number
  /** Which attempt of the run failed, from 1. */
  readonly attempt: number
  /** How it failed: `failure`, `timed_out` or `startup_failure`. */
  readonly conclusion: string
  /** The page to read the run on. */
  readonly url: string
  /** The branch; empty for a tag or a deleted branch. */
  readonly branch: string
  /** The hash of the commit. */
  readonly commit: string
  /** The event of GitHub that started the run: `push`, `pull_request`, `schedule` … */
  readonly trigger: string
  /** The login of the user who started it; empty for a deleted account. */
  readonly author: string
  /** When it failed. */
  readonly failed: string
}

/** The event types of repositories. */
export const repositoryTypes = {
  issues: eventType('github.issue').of<Issue>(),
  pullRequests: eventType('github.pull.request').of<PullRequest>(),
  releases: eventType('github.release').of<Release>(),
  stars: eventType('github.star').of<Star>(),
  workflowRuns: eventType('github.workflow.failed').of<FailedWorkflow>(),
} as const satisfies Readonly<Record<string, AnyEventType>>

/** What the stream looks at in a repository. */
export type RepositoryPart = keyof typeof repositoryTypes

/** Everything that the stream can look at in a repository. */
export const repositoryParts = Object.keys(repositoryTypes) as readonly RepositoryPart[]

/** Whether a value names a repository: `owner/name`. */
export function isRepository(value: unknown): boolean {
  return typeof value === 'string' && /^[\w-]+\/(?!\.{1,2}$)[\w.-]+$/.test(value)
}

/** The conclusions of a workflow run that has failed. */
const FAILURES = ['failure', 'timed_out', 'startup_failure']

/** How far behind the newest item of a list late ones are expected, in days. Three: a run may wait over a weekend. */
const OVERLAP_DAYS = 3

/** A release is sorted by the date of its commit, and may be published weeks later. */
const OVERLAP_OF_RELEASES_DAYS = 60

/** The lists of a repository: each is read as it is documented, with its newest items first, but for the stars. */
export const listings: Readonly<Record<RepositoryPart, (repository: string) => Listing>> = {
  issues: (repository) => ({
    path: `/repos/${repository}/issues`,
    repository,
    publishes: [repositoryTypes.issues],
    queries: [{ state: 'all', sort: 'created', direction: 'desc', per_page: '100' }],
    items: whole,
    read: (item) => issueIn(item, repository),
    overlapDays: OVERLAP_DAYS,
  }),
  pullRequests: (repository) => ({
    path: `/repos/${repository}/pulls`,
    repository,
    publishes: [repositoryTypes.pullRequests],
    // A pull request has ten times the size of an issue.
    queries: [{ state: 'all', sort: 'created', direction: 'desc', per_page: '50' }],
    items: whole,
    read: (item) => pullRequestIn(item, repository),
    overlapDays: OVERLAP_DAYS,
  }),
  releases: (repository) => ({
    path: `/repos/${repository}/releases`,
    repository,
    publishes: [repositoryTypes.releases],
    queries: [{ per_page: '50' }],
    items: whole,
    read: (item) => releaseIn(item, repository),
    overlapDays: OVERLAP_OF_RELEASES_DAYS,
  }),
  stars: (repository) => ({
    path: `/repos/${repository}/stargazers`,
    repository,
    publishes: [repositoryTypes.stars],
    queries: [{ per_page: '100' }],
    // Only this media type has the date.
    headers: { accept: 'application/vnd.github.star+json' },
    newestLast: true,
    items: whole,
    read: (item) => starIn(item, repository),
    overlapDays: OVERLAP_DAYS,
  }),
  workflowRuns: (repository) => ({
    path: `/repos/${repository}/actions/runs`,
    repository,
    publishes: [repositoryTypes.workflowRuns],
    queries: FAILURES.map((status) => ({ status, exclude_pull_requests: 'true', per_page: '100' })),
    items: (data) => membersOf(data)['workflow_runs'],
    read: (item) => failedWorkflowIn(item, repository),
    overlapDays: OVERLAP_DAYS,
  }),
}

function whole(data: unknown): unknown {
  return data
}

function issueIn(item: unknown, repository: string): Found | undefined {
  const issue = openedIn(item, repository)
  if (issue === undefined) return undefined
  const { id, at, data } = issue
  // GitHub lists pull requests as issues, too.
  if (membersOf(item)['pull_request'] !== undefined) return { at, draft: undefined }
  return { at, draft: repositoryTypes.issues(atHost(data.url, id), data) }
}

function pullRequestIn(item: unknown, repository: string): Found | undefined {
  const it = membersOf(item)
  const opened = openedIn(item, repository)
  const head = textIn(membersOf(it['head'])['ref'])
  const base = textIn(membersOf(it['base'])['ref'])
  if (opened === undefined || head === undefined || base === undefined) return undefined
  const { id, at, data } = opened
  const pull: PullRequest = { ...data, draft: it['draft'] === true, head, base }
  return { at, draft: repositoryTypes.pullRequests(atHost(data.url, id), pull) }
}

/** What issues and pull requests have in common. */
function openedIn(item: unknown, repository: string): { id: string; at: number; data: Issue } | undefined {
  const it = membersOf(item)
  const id = idIn(it['id'])
  const number = wholeIn(it['number'])
  const title = textIn(it['title'])
  const url = pageIn(it['html_url'])
  const opened = dateIn(it['created_at'])
  if (id === undefined || number === undefined || title === undefined) return undefined
  if (url === undefined || opened === undefined) return undefined
  const words = { body: textIn(it['body']) ?? '', labels: labelsIn(it['labels']) }
  const data = { repository, number, title, url, author: loginIn(it['user']), ...words, opened }
  return { id, at: Date.parse(opened), data }
}

function releaseIn(item: unknown, repository: string): Found | undefined {
  const it = membersOf(item)
  const id = idIn(it['id'])
  const tag = textIn(it['tag_name'])
  const url = pageIn(it['html_url'])
  const published = dateIn(it['published_at'])
  // Those who may push see drafts, which have a date of creation only.
  const at = published ?? dateIn(it['created_at'])
  if (id === undefined || tag === undefined || url === undefined || at === undefined) return undefined
  if (it['draft'] === true || published === undefined) return { at: Date.parse(at), draft: undefined }
  const title = textIn(it['name']) ?? ''
  const words = { title: title === '' ? tag : title, body: textIn(it['body']) ?? '' }
  const prerelease = it['prerelease'] === true
  const data: Release = { repository, tag, url, author: loginIn(it['author']), ...words, prerelease, published }
  return { at: Date.parse(published), draft: repositoryTypes.releases(atHost(url, id), data) }
}

function starIn(item: unknown, repository: string): Found | undefined {
  const it = membersOf(item)
  const user = membersOf(it['user'])
  const id = idIn(user['id'])
  const url = pageIn(user['html_url'])
  const starred = dateIn(it['starred_at'])
  if (id === undefined || url === undefined || starred === undefined) return undefined
  const data: Star = { repository, user: loginIn(user), url, starred }
  // The user alone would have a single star for all repositories.
  const identifier = atHost(url, `${repository.toLowerCase()} ${id}`)
  return { at: Date.parse(starred), draft: repositoryTypes.stars(identifier, data) }
}

function failedWorkflowIn(item: unknown, repository: string): Found | undefined {
  const it = membersOf(item)
  const id = idIn(it['id'])
  const number = wholeIn(it['run_number'])
  const attempt = wholeIn(it['run_attempt'] ?? 1)
  const url = pageIn(it['html_url'])
  const commit = textIn(it['head_sha'])
  // The list is sorted by when runs began; an attempt changes only this.
  const failed = dateIn(it['updated_at'])
  if (id === undefined || number === undefined || attempt === undefined) return undefined
  if (url === undefined || commit === undefined || failed === undefined) return undefined
  const conclusion = textIn(it['conclusion']) ?? ''
  const at = Date.parse(failed)
  if (!FAILURES.includes(conclusion)) return { at, draft: undefined }
  const workflow = textIn(it['name']) ?? ''
  const data: FailedWorkflow = {
    repository,
    workflow,
    title: textIn(it['display_title']) ?? workflow,
    number,
    attempt,
    conclusion,
    url,
    branch: textIn(it['head_branch']) ?? '',
    commit,
    trigger: textIn(it['event']) ?? '',
    author: loginIn(it['triggering_actor'] ?? it['actor']),
    failed,
  }
  return { at, draft: repositoryTypes.workflowRuns(atHost(url, `${id} ${attempt}`), data) }
}
