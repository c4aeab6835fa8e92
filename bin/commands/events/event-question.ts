import type { EventQuestion } from '../../../lib/index.ts'

/** The parsed `question` options. */
export interface Wanted {
  readonly type?: readonly string[] | undefined
  readonly id?: string | undefined
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly limit?: number | undefined
  readonly reverse?: boolean | undefined
}

/** Builds the event query from the options. */
export function questionOf({ type, id, since, until, limit, reverse }: Wanted): EventQuestion {
  const parts = { types: type, identifier: id, since, until, limit, reverse }
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined))
}
