import { describe } from '../core/errors.ts'
import { type Every, everySchedule, type Months, months, type Weeks, weeks } from './every-schedule.ts'
import { invalid } from './schedule.ts'
import { countable, single, type Unit } from './units.ts'

type Interval = Exclude<keyof typeof countable, 'week' | 'month'>

/** How many, and of which unit: `every(2)` waits for its `.seconds`. */
export type Count = { readonly [U in Interval | `${Interval}s` | keyof typeof single]: Every } & {
  readonly week: Weeks
  readonly weeks: Weeks
  readonly month: Months
  readonly months: Months
  /**
   * Gaps that vary by chance, from as many units as `every` said to `latest`: by milliseconds, or by whole units if `.at`
   * follows. Each is drawn from a hash of the slot before: a restart names the same slots.
   *
   * @throws TidingsError `TIDINGS_SCHEDULE_INVALID`
   */
  to(latest: number): Count
}

/** Longer periods would soon leave what a Date can name. */
const LONGEST = 1_000 * 366 * 86_400_000

/** At least and at most so many of the unit that is asked for. */
export function countOf(least: number, most: number): Count {
  const count = { to: (latest: number): Count => countOf(least, wholeNumber('to', latest, least)) }
  const define = (name: string, unit: Unit, plural: string | undefined): void => {
    const get = (): Every | Months => {
      if (most > 1 && plural !== name) throw onlyOne(least, most, name, plural)
      if (most * unit.ms > LONGEST) throw invalid(`every(${most}).${name}: expected at most 1000 years`)
      const made = unit === countable.week ? weeks : unit === countable.month ? months : everySchedule
      return made({ least, most, unit })
    }
    Object.defineProperty(count, name, { get })
  }
  for (const unit of Object.values(countable)) {
    const plural = `${unit.name}s`
    define(unit.name, unit, plural)
    define(plural, unit, plural)
  }
  for (const unit of Object.values(single)) define(unit.name, unit, undefined)
  return count as Count
}

/** The number, if it is a whole one of at least `least`. */
export function wholeNumber(what: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value
  throw invalid(`${what}: expected a whole number of at least ${least}, got ${describe(value)}`)
}

function onlyOne(least: number, most: number, name: string, plural: string | undefined): Error {
  const said = least === most ? `every(${least})` : `every(${least}).to(${most})`
  const weekly = least === most ? `${said}.weeks.${name}` : `every().${name}`
  return invalid(`${said}.${name}: expected ${plural === undefined ? weekly : `${said}.${plural}`}`)
}
