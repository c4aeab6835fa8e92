import { type Duration, defineStream, job, TidingsError } from '../lib/index.ts'
import { githubClient } from './github/client.ts'
import { notification, notifications, type Reason, reasons, reasonTypes } from './github/notifications.ts'
import { address, like, optionsOf, text } from './shared/options.ts'
import { type PollOptions, poll, pollFields } from './shared/poll.ts'

export type { Notification, Reason } from './github/notifications.ts'

/** The options of the `github` stream. */
export interface GithubOptions extends PollOptions {
  /**
   * The name of the secret that holds the access token; default `'GITHUB_TOKEN'`. Notifications need a classic token with
   * the scope `notifications` or `repo`.
   */
  readonly token?: string
  /** Whether to look at the notifications of the token's account, or for which reasons; default true, all reasons. */
  readonly notifications?: boolean | readonly Reason[]
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
} as const

const options = optionsOf<GithubOptions>()({
  token: text('GITHUB_TOKEN'),
  notifications: like<boolean | readonly Reason[]>(`true, false or some of ${reasons.join(', ')}`, areReasons, true),
  baseUrl: address('https://api.github.com'),
  ...pollFields('1m'),
})

/**
 * Publishes what happens on GitHub: your notifications, one event type for each reason.
 *
 * **When is a notification new?** GitHub keeps one notification per thread and updates it. `issueAssigned`,
 * `reviewRequested`, `invitation` and `advisoryCredit` happen once for each thread, since GitHub repeats these reasons
 * for every later comment. All others happen with each update of the thread: its time of update is part of the
 * identifier. Reading a notification or editing a title does not update the thread. Notifications count whether you
 * have read them or not.
 *
 * **Limits.** GitHub allows 5000 requests an hour with a token. A look at something unchanged (304) costs none and logs
 * `not modified`. `X-Poll-Interval` is honoured: a run that comes sooner asks nothing and logs until when. A primary or a
 * secondary rate limit becomes a `Retry` after the time that GitHub gives, at most an hour. A look reads 100 pages at
 * most. An item that appears late is published if it is at most a day older than the newest one.
 *
 * **Errors.** `TIDINGS_HTTP_FAILED` names the token and what GitHub said (401, 403, 404, single sign-on);
 * `TIDINGS_RESPONSE_INVALID` if the answer is not a list; an item without an id, a title, a repository or a date is
 * skipped and counted in a warning. `TIDINGS_PACKAGE_MISSING` if Octokit is not installed: `@octokit/core`,
 * `@octokit/plugin-throttling` and `@octokit/plugin-retry`.
 *
 * @example
 * ```ts
 * import { agent, listener, on } from 'tidings'
 * import { github } from 'tidings/streams/github'
 *
 * export default agent('home', [
 *   github({ token: 'GITHUB_TOKEN' }),
 *   listener('tasks', on(github.issueAssigned), ({ data }) => console.log(`${data.title}: ${data.url}`)),
 * ])
 * ```
 */
export const github = defineStream({
  name: 'github',
  summary: 'Notifications of a GitHub account.',
  events,
  options,
  jobs: ({ token, notifications: wanted, baseUrl, ...pace }) => {
    const { schedule, options: settings } = poll(pace)
    if (wanted === false) throw new TidingsError('TIDINGS_STREAM_INVALID', 'stream github has nothing to look at')
    return [
      job(
        'notifications',
        schedule,
        async (context) => {
          const client = await githubClient(context, { who: 'stream github', token, baseUrl })
          return notifications(context, client, wanted === true ? undefined : wanted, pace.backfill)
        },
        { ...settings, publishes: [...Object.values(reasonTypes), notification] },
      ),
    ]
  },
})

function areReasons(value: unknown): boolean {
  return typeof value === 'boolean' || (Array.isArray(value) && value.every((one) => reasons.includes(one as Reason)))
}
