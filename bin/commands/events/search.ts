import type { EventQuestion } from '../../../lib/index.ts'

/** Options of commands that search events. */
export const searching = {
  type: { type: 'array', string: true, describe: 'Only events of this type, or pattern (github.*)' },
  id: { type: 'string', describe: 'Only events with this identifier' },
  where: { type: 'string', describe: 'Only events for which this holds: \'data.stars > 3 and data.title ~ "*bug*"\'' },
  since: { type: 'string', describe: 'Accepted since then: a date, a time, today, or a time ago (2h)' },
  until: { type: 'string', describe: 'Accepted until then: likewise' },
} as const

/** The parsed options of a search. */
interface SearchOptions {
  readonly type?: readonly string[] | undefined
  readonly id?: string | undefined
  readonly where?: string | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly after?: number | undefined
  readonly before?: number | undefined
  readonly limit?: number | undefined
  readonly reverse?: boolean | undefined
}

/** Builds the question about events from the options. */
export function searchOf({
  type,
  id,
  where,
  since,
  until,
  after,
  before,
  limit,
  reverse,
}: SearchOptions): EventQuestion {
  const parts = { types: type, identifier: id, where, since, until, after, before, limit, reverse }
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined))
}
