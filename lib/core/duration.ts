import { describe, TidingsError } from './errors.ts'
import { DAY, HOUR, MINUTE, SECOND } from './time-units.ts'

/** A length of time: words such as `'5s'`, `'1h30m'` and `'1.5d'`, or a whole number of milliseconds. */
export type Duration = number | string

/** From the longest: in words they stand in this order, each at most once. */
const units = { w: 7 * DAY, d: DAY, h: HOUR, m: MINUTE, s: SECOND, ms: 1 } as const

const number = String.raw`(\d+(?:\.\d+)?)`
const words = new RegExp(
  `^${Object.keys(units)
    .map((unit) => `(?:${number}${unit})?`)
    .join('')}$`,
)

/**
 * The milliseconds of a duration. Words are numbers with the units `w d h m s ms`, from the longest to the shortest;
 * a bare number in a string is refused, because nobody can tell its unit.
 *
 * @param value What was given.
 * @param what What it is for, as the error names it: `'the timeout'`.
 * @param options `min`: the least that makes sense, in milliseconds (default 1).
 * @throws TidingsError `TIDINGS_DURATION_INVALID`
 */
export function parseDuration(value: Duration, what: string, { min = 1 }: { readonly min?: number } = {}): number {
  const ms = typeof value === 'string' ? fromWords(value) : value
  if (Number.isSafeInteger(ms) && ms >= min) return ms
  const least = min > 1 ? ` of at least ${formatDuration(min)}` : ''
  const expected = `a duration${least} such as '5s', '1h30m' or a whole number of milliseconds`
  throw new TidingsError('TIDINGS_DURATION_INVALID', `${what}: expected ${expected}, got ${describe(value)}`, {
    details: { what, value },
  })
}

function fromWords(text: string): number {
  const amounts = words.exec(text)?.slice(1)
  if (amounts === undefined || text === '') return Number.NaN
  const ms = Object.values(units).reduce((sum, size, i) => sum + Number(amounts[i] ?? 0) * size, 0)
  const whole = Math.round(ms)
  // binary fractions: 1.1 minutes come out as 66 000.000 000 000 01 ms, which is meant to be whole
  return Math.abs(ms - whole) < 1e-6 ? whole : Number.NaN
}

/**
 * A duration in words that {@link parseDuration} reads back, without weeks: `5400000` is `'1h30m'`.
 *
 * @param ms Milliseconds, whole and not negative.
 */
export function formatDuration(ms: number): string {
  let rest = ms
  let text = ''
  for (const [unit, size] of Object.entries(units).slice(1)) {
    const amount = Math.floor(rest / size)
    if (amount > 0) text += `${amount}${unit}`
    rest -= amount * size
  }
  return text === '' ? '0ms' : text
}
