import type { Draft, JobContext } from '../../lib/index.ts'
import type { GithubClient } from './client.ts'
import { type Listing, type Page, Reading } from './reading.ts'

/** What a job remembers of its list: committed with the last event of the run. */
interface Seen {
  /** The time of the newest item, in ms. */
  readonly newest: number
  /** The pages of the last look, by their query. */
  readonly pages: Readonly<Record<string, Page>>
  /** The query of the last page, if that has the newest items. */
  readonly last?: string
}

/** When the service was asked, and for how long it wants to be left alone, both in ms. */
interface Pace {
  readonly asked: number
  readonly pause: number
}

/** Runs begin some ms before or after their slots; without this, every second run of a minute would ask nothing. */
const GRACE = 1000

/** The longest pause that `X-Poll-Interval` may ask for, in ms. */
const LONGEST_PAUSE = 3_600_000

const DAY = 86_400_000

/**
 * Looks at a list, and resolves to what it tells, oldest first.
 *
 *                    since                     newest
 *     ─────────────────┼──── overlap ─────────────┼──→ time of the items
 *     not looked at,   │ read at each look,       │ new
 *     not told         │ the log knows most       │
 *
 * Identities decide what is new, not the window: it only bounds how far back a look reads. It begins some
 * days before the newest item, and moves only with a run that succeeded. All pages are read before the first event, so a
 * failure between two pages loses nothing. Each page keeps its validators: a look at an unchanged list costs nothing of
 * the rate limit.
 */
export async function look(
  context: JobContext,
  client: GithubClient,
  listing: Listing,
  backfill: number,
): Promise<Draft[]> {
  const { state, now } = context
  if (await isTooSoon(context)) return []
  const asked = now()
  const seen = await state.get<Seen>('seen')
  const before = (newest: number): number => Math.max(0, newest - listing.overlapDays * DAY)
  const since = seen === undefined ? undefined : before(seen.newest)
  const atLeast = listing.wholeAtFirst === true ? Number.POSITIVE_INFINITY : backfill
  const reading = new Reading(context, client, listing, { since, before, atLeast, known: seen?.pages ?? {} })
  let last: string | undefined
  for (const query of listing.queries) {
    const first = new URLSearchParams(query).toString()
    if (listing.newestLast === true) last = await reading.newestLast(first, seen?.last)
    else await reading.newestFirst(first)
  }
  // A date in the future would close the window for everything before it.
  const newest = Math.max(seen?.newest ?? 0, Math.min(reading.newest, now()))
  state.set('seen', { newest, pages: reading.pages, ...(last === undefined ? {} : { last }) })
  if (reading.pause !== undefined) state.set('pace', { asked, pause: Math.min(reading.pause, LONGEST_PAUSE) })
  return reading.drafts()
}

async function isTooSoon({ state, now, logger }: JobContext): Promise<boolean> {
  const { asked, pause } = await state.get<Pace>('pace', { asked: 0, pause: 0 })
  const since = now() - asked
  // A wall clock that stepped back says nothing about the service.
  if (since < 0 || since >= pause - GRACE) return false
  logger.info({ until: new Date(asked + pause) }, 'not asked: GitHub wants a pause')
  return true
}
