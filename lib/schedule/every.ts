import { formatDuration, parseDuration } from '../core/duration.ts'
import { describe } from '../core/errors.ts'
import { nextOnGrid } from './interval.ts'
import { invalid, schedule, type Schedule } from './schedule.ts'
import { type Unit, units } from './units.ts'

/** A schedule that comes again and again. */
export interface Every extends Schedule {
  readonly kind: 'every'
}

/** How many of which unit: `every(2)` waits for its `.seconds`. */
export type Count = { readonly [U in keyof typeof units | `${keyof typeof units}s`]: Every }

export function every(count?: number): Count
export function every(duration: string): Every
export function every(count: number | string = 1): Count | Every {
  if (typeof count !== 'string') return countOf(count)
  const ms = parseDuration(count, 'every')
  return everyUnit(1, { name: formatDuration(ms), ms })
}

function countOf(count: number): Count {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw invalid(`every: expected a whole number of at least 1, or a duration such as '10m', got ${describe(count)}`)
  }
  const result = {}
  for (const unit of Object.values(units)) {
    Object.defineProperty(result, unit.name, { get: () => everyUnit(one(count, unit.name), unit) })
    Object.defineProperty(result, `${unit.name}s`, { get: () => everyUnit(count, unit) })
  }
  return result as Count
}

function one(count: number, name: string): 1 {
  if (count === 1) return count
  throw invalid(`every(${count}).${name}: expected .${name}s, or every().${name}`)
}

function everyUnit(count: number, unit: Unit): Every {
  const period = count * unit.ms
  const text = count === 1 ? `every ${unit.name}` : `every ${count} ${unit.name}s`
  return schedule('every', text, (from, anchor) => nextOnGrid(from, anchor, period)) as Every
}
