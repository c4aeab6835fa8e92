import { type Delivery, Park, Retry } from '../../lib/index.ts'
import { describe } from '../../lib/streams.ts'
import { address, checkFunction, optionsOf, settingsOf, text } from '../shared/options.ts'
import { type GithubClient, githubClient } from './client.ts'
import { membersOf } from './fields.ts'
import { linksOf } from './reading.ts'
import { isRepository } from './repositories.ts'

/** A comment to write. */
export interface NewComment {
  /** The repository, `owner/name`: `event.data.repository`. */
  readonly repository: string
  /** The number of the issue or pull request. */
  readonly number: number
  /** The text, in GitHub's Markdown. */
  readonly body: string
}

/** The options of `github.comment`. */
export interface CommentOptions {
  /** The name of the secret that holds the access token; default `'GITHUB_TOKEN'`. It must be allowed to write issues. */
  readonly token?: string
  /** The address of the API, for GitHub Enterprise `https://HOST/api/v3`; default `'https://api.github.com'`. */
  readonly baseUrl?: string
}

const WHO = 'github.comment'

const schema = optionsOf<CommentOptions>()({ token: text('GITHUB_TOKEN'), baseUrl: address('https://api.github.com') })

/** The most pages of comments that are searched: 10 000 comments since the event. */
const MOST_PAGES = 100

/** How much earlier than the event the search begins, in ms: the clocks of GitHub and of this machine may differ. */
const SKEW = 86_400_000

/**
 * Comments on an issue or a pull request, once for each event.
 *
 * - **Once**: GitHub takes no idempotency key. The comment ends with an invisible line, `<!-- tidings:KEY -->`, of the
 *   delivery's key; before writing, the handler looks for it in the comments since the event. An event that is delivered
 *   again, after a crash or a lost answer, adds no second comment, unless a person has deleted that line.
 * - **Limits**: GitHub wants a second between two comments, and may answer with a secondary rate limit. A limit is retried
 *   after the time that it gives. 5xx and broken connections follow the listener's backoff. Any other refusal parks the
 *   event, with the reason.
 *
 * @param comment makes the comment of an event
 * @throws TidingsError `TIDINGS_LISTENER_INVALID`
 */
export function comment<E>(
  comment: (event: E, delivery: Delivery) => NewComment | Promise<NewComment>,
  options: CommentOptions = {},
): (event: E, delivery: Delivery) => Promise<void> {
  const service = settingsOf(WHO, schema, options)
  checkFunction(WHO, comment)
  return async (event, delivery) => {
    const { repository, number, body } = checked(await comment(event, delivery))
    const client = await githubClient(delivery, { who: WHO, ...service, repository })
    const path = `/repos/${repository}/issues/${number}/comments`
    const marker = `<!-- tidings:${delivery.key} -->`
    const since = new Date(delivery.event.created - SKEW).toISOString()
    try {
      const isThere = await search(client, path, since, marker).catch((error: unknown) => {
        // Nothing is there to search; the POST reports what is missing.
        if (statusOf(error) === 404) return false
        throw error
      })
      if (isThere) return
      await client('POST', path, { json: { body: `${body}\n\n${marker}` } })
    } catch (error) {
      throw isRefusal(error) ? new Park((error as Error).message, { cause: error }) : error
    }
  }
}

function checked(made: unknown): NewComment {
  const { repository, number, body } = membersOf(made)
  const wanted = "expected a comment such as { repository: 'owner/name', number: 1, body: 'Thanks!' }"
  if (!isRepository(repository)) throw new Park(`${WHO}: ${wanted}, got repository ${describe(repository)}`)
  if (!Number.isSafeInteger(number) || (number as number) < 1)
    throw new Park(`${WHO}: ${wanted}, got number ${describe(number)}`)
  if (typeof body !== 'string' || body.trim() === '') throw new Park(`${WHO}: ${wanted}, got body ${describe(body)}`)
  return { repository: repository as string, number: number as number, body: body.toWellFormed() }
}

async function search(client: GithubClient, path: string, since: string, marker: string): Promise<boolean> {
  let query: string | undefined = new URLSearchParams({ since, per_page: '100' }).toString()
  for (let page = 0; query !== undefined && page < MOST_PAGES; page++) {
    const answer = await client('GET', path, { query: new URLSearchParams(query) })
    const comments: readonly unknown[] = Array.isArray(answer.data) ? answer.data : []
    if (comments.some((one) => String(membersOf(one)['body']).includes(marker))) return true
    query = linksOf(answer).next
  }
  return false
}

/** Whether GitHub refused the request itself: a second attempt would fail as well. */
function isRefusal(error: unknown): boolean {
  const status = statusOf(error)
  return !(error instanceof Retry) && status >= 400 && status < 500
}

function statusOf(error: unknown): number {
  return Number(membersOf(membersOf(error)['details'])['status'] ?? 0)
}
