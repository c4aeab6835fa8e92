import { describe, TidingsError } from './errors.ts'
import { DAY, HOUR, MINUTE, SECOND } from './time-units.ts'

/** A length of time: text such as `'5s'`, `'1h30m'` or `'1.5d'`, or a whole number of milliseconds. */
export type Duration = number | string

/** In the order in which a text has them, each at most once. */
const units = { w: 7 * DAY, d: DAY, h: HOUR, m: MINUTE, s: SECOND, ms: 1 } as const

const number = String.raw`(\d+(?:\.\d+)?)`
const words = new RegExp(
  `^${Object.keys(units)
    .map((unit) => `(?:${number}${unit})?`)
    .join('')}$`,
)

/**
 * Converts a duration to milliseconds. A text has numbers with the units `w d h m s ms`, from the longest to the
 * shortest; a number without a unit in a text is rejected, because its unit is unclear.
 *
 * @param value the duration
 * @param what names the duration in the error: `'the timeout'`
 * @throws TidingsError `TIDINGS_DURATION_INVALID`
 */
export function parseDuration(
  value: Duration,
  what: string,
  {
    min = 1,
  }: {
    /** The shortest duration to accept, in ms; default 1. */
    readonly min?: number
  } = {},
): number {
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
  // Binary fractions: 1.1 minutes come out as 66 000.000 000 000 01 ms, which is meant to be whole.
  return Math.abs(ms - whole) < 1e-6 ? whole : Number.NaN
}

/**
 * Formats a duration as text that {@link parseDuration} reads back, without weeks: `5400000` becomes `'1h30m'`.
 *
 * @param ms milliseconds, whole and not negative
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
