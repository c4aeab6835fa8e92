import { type Draft, type Duration, defineStream, type Job, type JobContext, job, TidingsError } from '../lib/index.ts'
import { githubClient } from './github/client.ts'
import { comment } from './github/comment.ts'
import { look } from './github/look.ts'
import { notification, notificationListing, type Reason, reasons, reasonTypes } from './github/notifications.ts'
import type { Listing } from './github/reading.ts'
import { isRepository, listings, type RepositoryPart, repositoryParts, repositoryTypes } from './github/repositories.ts'
import { address, choice, like, listOf, optionsOf, text } from './shared/options.ts'
import { type PollOptions, poll, pollFields } from './shared/poll.ts'

export type { CommentOptions, NewComment } from './github/comment.ts'
export type { Notification, Reason } from './github/notifications.ts'
export type { FailedWorkflow, Issue, PullRequest, Release, RepositoryPart, Star } from './github/repositories.ts'

/** The options of the `github` stream. */
export interface GithubOptions extends PollOptions {
  /**
   * The name of the secret that holds the access token; default `'GITHUB_TOKEN'`. Notifications need a classic token with
   * the scope `notifications` or `repo`.
   */
  readonly token?: string
  /** Whether to look at the notifications of the token's account, or for which reasons; default true, all reasons. */
  readonly notifications?: boolean | readonly Reason[]
  /** The repositories to look at, each `owner/name`; default none. */
  readonly repositories?: readonly string[]
  /**
   * What to look at in the repositories: `'issues'`, `'pullRequests'`, `'releases'`, `'stars'`, `'workflowRuns'` (those that
   * failed); default all.
   */
  readonly what?: readonly RepositoryPart[]
  /** The address of the API, for GitHub Enterprise `https://HOST/api/v3`; default `'https://api.github.com'`. */
  readonly baseUrl?: string
  /** How often to look, in ms or as a duration, from 1 s; default `'1m'`, which is the least that GitHub wants. */
  readonly every?: Duration
}

const events = {
  issueAssigned: reasonTypes.assign,
  reviewRequested: reasonTypes.review_requested,
  mention: reasonTypes.mention,
  teamMention: reasonTypes.team_mention,
  subscribed: reasonTypes.subscribed,
  author: reasonTypes.author,
  commented: reasonTypes.comment,
  manual: reasonTypes.manual,
  stateChanged: reasonTypes.state_change,
  ciActivity: reasonTypes.ci_activity,
  approvalRequested: reasonTypes.approval_requested,
  securityAlert: reasonTypes.security_alert,
  advisoryCredit: reasonTypes.security_advisory_credit,
  invitation: reasonTypes.invitation,
  featureRequested: reasonTypes.member_feature_requested,
  notification,
  issue: repositoryTypes.issues,
  pullRequest: repositoryTypes.pullRequests,
  release: repositoryTypes.releases,
  star: repositoryTypes.stars,
  workflowFailed: repositoryTypes.workflowRuns,
} as const

const options = optionsOf<GithubOptions>()({
  token: text('GITHUB_TOKEN'),
  notifications: like<boolean | readonly Reason[]>(`true, false or some of ${reasons.join(', ')}`, areReasons, true),
  repositories: listOf(like<string>("a repository such as 'owner/name'", isRepository), []),
  what: listOf(choice(repositoryParts), repositoryParts),
  baseUrl: address('https://api.github.com'),
  ...pollFields('1m'),
})

/**
 * Publishes what happens on GitHub: your notifications, one event type for each reason, and what is new in repositories.
 * Each list has a job of its own: `github.notifications`, `github.issues/OWNER/NAME` …
 *
 * **When is a notification new?** GitHub keeps one notification per thread and updates it. `issueAssigned`,
 * `reviewRequested`, `invitation` and `advisoryCredit` happen once for each thread, since GitHub repeats these reasons
 * for every later comment. All others happen with each update of the thread: its time of update is part of the
 * identifier. Reading a notification or editing a title does not update the thread. Notifications count whether you
 * have read them or not.
 *
 * **In repositories**, each issue, pull request, release and user who gave a star is published once, by its id; a failed
 * workflow run once for each attempt. Drafts of releases wait until they are published. Later edits are not events.
 *
 * **Limits.** GitHub allows 5000 requests an hour with a token. A look at something unchanged (304) costs none and logs
 * `not modified`; stars cost one or two each time, since only the last page has the new ones. `X-Poll-Interval` is
 * honoured: a run that comes sooner asks nothing and logs until when. A primary or a secondary rate limit becomes a
 * `Retry` after the time that GitHub gives, at most an hour. A look reads 100 pages at most. An item that appears late is
 * published if it is at most three days (a release: 60) older than the newest one. GitHub lists the first 40 000 stars of a
 * repository only.
 *
 * **Errors.** `TIDINGS_HTTP_FAILED` names the token, the repository and what GitHub said (401, 403, 404, 410, single
 * sign-on); a renamed repository is found, and logged as `moved`. `TIDINGS_RESPONSE_INVALID` if the answer is not a list;
 * an item without an id, a date, a page or a title is skipped and counted in a warning. `TIDINGS_PACKAGE_MISSING` if
 * Octokit is not installed: `@octokit/core`, `@octokit/plugin-throttling` and `@octokit/plugin-retry`.
 *
 * @example
 * ```ts
 * import { agent, listener, on } from 'tidings'
 * import { github } from 'tidings/streams/github'
 *
 * export default agent('home', [
 *   github({ repositories: ['nodejs/node'], what: ['releases'] }),
 *   listener('tasks', on(github.issueAssigned), ({ data }) => console.log(`${data.title}: ${data.url}`)),
 *   listener('releases', on(github.release), ({ data }) => console.log(`${data.repository} ${data.tag}`)),
 * ])
 * ```
 */
export const github = Object.assign(
  defineStream({
    name: 'github',
    summary: 'Notifications of a GitHub account; new issues, releases, stars … of repositories.',
    events,
    options,
    jobs: ({ notifications, repositories, what, ...service }) => {
      const jobs = repositories.flatMap((repository) =>
        what.map((part) => looking(`${part}/${repository}`, listings[part](repository), service)),
      )
      if (notifications !== false) jobs.unshift(looking('notifications', notificationListing(notifications), service))
      if (jobs.length > 0) return jobs
      const words = 'stream github has nothing to look at: give it repositories, or leave out notifications: false'
      throw new TidingsError('TIDINGS_STREAM_INVALID', words)
    },
  }),
  { comment },
)

/** How often and as whom to look. */
interface Service {
  readonly token: string
  readonly baseUrl: string
  readonly every: number
  readonly backfill: number
}

function looking(name: string, listing: Listing, { token, baseUrl, ...pace }: Service): Job {
  const { publishes, repository } = listing
  const { schedule, options } = poll(pace)
  const who = { who: 'stream github', token, baseUrl, ...(repository === undefined ? {} : { repository }) }
  const run = async (context: JobContext): Promise<Draft[]> =>
    look(context, await githubClient(context, who), listing, pace.backfill)
  return job(name, schedule, run, { ...options, publishes })
}

function areReasons(value: unknown): boolean {
  return typeof value === 'boolean' || (Array.isArray(value) && value.every((one) => reasons.includes(one as Reason)))
}
