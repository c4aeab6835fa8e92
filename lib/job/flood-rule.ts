import { isCount } from '../core/count.ts'

// Decision 0051: a poll whose identities are nearly all new is held, if the job's polls normally repeat some.

/** From when on a poll counts as a flood. */
export interface FloodLimits {
  /** At least this many identities are new, a whole number from 1; default 20. */
  readonly new: number
  /** They are at least this share of the identities of the poll, above 0 and at most 1; default 0.9. */
  readonly share: number
}

/** Fills in the defaults; undefined if a limit is invalid. */
export function floodLimits(given: Partial<FloodLimits>): FloodLimits | undefined {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined
  const { new: least = 20, share = 0.9, ...others } = given
  const sound = isCount(least) && least >= 1 && typeof share === 'number' && share > 0 && share <= 1
  return sound && Object.keys(others).length === 0 ? { new: least, share } : undefined
}

/** The identities of a poll: how many the log did not know, and how many it knew. */
export interface Tally {
  new: number
  known: number
}

/** Whether a poll is a flood. */
export function isFlood(tally: Tally, limits: FloodLimits): boolean {
  return tally.new >= limits.new && isNearlyAllNew(tally, limits)
}

/** So many polls in a row that are nearly all new are the job's normal: it continues from a cursor. */
export const NORMAL = 3

/** How many polls in a row, up to `NORMAL`, were nearly all new, after one more. A poll that is mostly known ends the row. */
export function afterPoll(row: number, tally: Tally, limits: FloodLimits): number {
  if (tally.new + tally.known === 0) return row
  if (isNearlyAllNew(tally, limits)) return Math.min(row + 1, NORMAL)
  return tally.new < tally.known ? 0 : row
}

function isNearlyAllNew({ new: fresh, known }: Tally, { share }: FloodLimits): boolean {
  return fresh / (fresh + known) >= share
}
