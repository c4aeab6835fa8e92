import { type AnyEventType, eventType } from '../../lib/index.ts'
import { atHost, dateIn, idIn, membersOf, pageIn, textIn } from './fields.ts'
import type { Found, Listing } from './reading.ts'

/** The data of the event of a notification. */
export interface Notification {
  /** The id of the thread: all notifications about one issue, pull request … have it. */
  readonly thread: string
  /** Why GitHub notified you: `assign`, `mention`, `review_requested` … */
  readonly reason: string
  /** The title of the issue, pull request, release …, at most 8000 characters. */
  readonly title: string
  /** What it is about: `Issue`, `PullRequest`, `Release`, `Discussion`, `Commit`, `CheckSuite` … */
  readonly subject: string
  /** The number of the issue, pull request or discussion; absent for other subjects. */
  readonly number?: number
  /** The page to read it on; that of the repository if GitHub names no better one. */
  readonly url: string
  /** The repository, `owner/name`. */
  readonly repository: string
  /** Whether the repository is private. */
  readonly private: boolean
  /** Whether it was unread when the run saw it. */
  readonly unread: boolean
  /** When the thread was last updated, ISO 8601 in UTC. */
  readonly updated: string
}

/** The event types of the reasons that GitHub documents. */
export const reasonTypes = {
  approval_requested: eventType('github.approval.requested').of<Notification>(),
  assign: eventType('github.issue.assigned').of<Notification>(),
  author: eventType('github.author').of<Notification>(),
  ci_activity: eventType('github.ci.activity').of<Notification>(),
  comment: eventType('github.commented').of<Notification>(),
  invitation: eventType('github.invitation').of<Notification>(),
  manual: eventType('github.manual').of<Notification>(),
  member_feature_requested: eventType('github.feature.requested').of<Notification>(),
  mention: eventType('github.mention').of<Notification>(),
  review_requested: eventType('github.review.requested').of<Notification>(),
  security_advisory_credit: eventType('github.advisory.credit').of<Notification>(),
  security_alert: eventType('github.security.alert').of<Notification>(),
  state_change: eventType('github.state.changed').of<Notification>(),
  subscribed: eventType('github.subscribed').of<Notification>(),
  team_mention: eventType('github.team.mention').of<Notification>(),
} as const

/** A reason that GitHub documents. */
export type Reason = keyof typeof reasonTypes

/** The reasons that GitHub documents. */
export const reasons = Object.keys(reasonTypes) as readonly Reason[]

/** The event type of a reason that is not among them. */
export const notification = eventType('github.notification').of<Notification>()

/**
 * Reasons that GitHub keeps for a thread from then on: a comment on an issue that is assigned to you is again an
 * `assign`. One thread is told once for each of them.
 */
const LASTING: readonly string[] = ['assign', 'review_requested', 'invitation', 'security_advisory_credit']

/** The notifications of the token's account. `wanted`: only these reasons; true for all. */
export function notificationListing(wanted: true | readonly Reason[]): Listing {
  return {
    path: '/notifications',
    publishes: [...Object.values(reasonTypes), notification],
    // Those that were read meanwhile as well: a look each minute is slower than a person.
    queries: [{ all: 'true', per_page: '50' }],
    items: (data) => data,
    read: (item) => foundIn(item, wanted),
    overlapDays: 3,
    // A comment on an issue that was assigned long ago is not a new assignment.
    wholeAtFirst: true,
  }
}

function foundIn(item: unknown, wanted: true | readonly Reason[]): Found | undefined {
  const data = dataIn(item)
  if (data === undefined) return undefined
  const { reason, thread, updated, url } = data
  const at = Date.parse(updated)
  const known: AnyEventType | undefined = reasons.includes(reason as Reason) ? reasonTypes[reason as Reason] : undefined
  if (wanted !== true && !wanted.includes(reason as Reason)) return { at, draft: undefined }
  const parts = [thread, ...(known === undefined ? [reason] : []), ...(LASTING.includes(reason) ? [] : [updated])]
  return { at, draft: (known ?? notification)(atHost(url, parts.join(' ')), data) }
}

function dataIn(item: unknown): Notification | undefined {
  const it = membersOf(item)
  const repository = membersOf(it['repository'])
  const subject = membersOf(it['subject'])
  const thread = idIn(it['id'])
  const reason = textIn(it['reason'])?.slice(0, 100)
  const title = textIn(subject['title'])
  const name = textIn(repository['full_name'])
  const updated = dateIn(it['updated_at'])
  if (thread === undefined || title === undefined || name === undefined || updated === undefined) return undefined
  if (reason === undefined || reason === '') return undefined
  const home = pageIn(repository['html_url']) ?? `https://github.com/${name}`
  const kind = textIn(subject['type']) ?? ''
  return {
    thread,
    reason,
    title,
    subject: kind,
    ...placeOf(kind, textIn(subject['url']) ?? '', home),
    repository: name,
    private: repository['private'] === true,
    unread: it['unread'] === true,
    updated,
  }
}

/** The page of a subject: GitHub gives its address in the API, if any. */
function placeOf(kind: string, api: string, home: string): Pick<Notification, 'url' | 'number'> {
  const [, part = '', id = ''] = /\/(issues|pulls|discussions|commits)\/(\w+)$/.exec(api) ?? []
  if (part === 'commits') return { url: `${home}/commit/${id}` }
  if (/^\d{1,15}$/.test(id)) return { url: `${home}/${part === 'pulls' ? 'pull' : part}/${id}`, number: Number(id) }
  return { url: `${home}${pages.get(kind) ?? ''}` }
}

/** The pages of subjects whose own GitHub does not name. */
const pages: ReadonlyMap<string, string> = new Map([
  ['CheckSuite', '/actions'],
  ['Discussion', '/discussions'],
  ['Release', '/releases'],
  ['RepositoryInvitation', '/invitations'],
  ['WorkflowRun', '/actions'],
])
