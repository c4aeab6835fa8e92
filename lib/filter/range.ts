/** A range of numbers, without some of them. */
export interface Range {
  readonly low: number
  readonly high: number
  /** Whether `low` itself is outside. */
  readonly above: boolean
  /** Whether `high` itself is outside. */
  readonly below: boolean
  /** Numbers that are outside although they lie between. */
  readonly without: readonly number[]
}

/** Every number, including the infinite ones. */
export const anyNumber: Range = {
  low: Number.NEGATIVE_INFINITY,
  high: Number.POSITIVE_INFINITY,
  above: false,
  below: false,
  without: [],
}

/** Every number that JSON has. */
export const finite: Range = { ...anyNumber, above: true, below: true }

/** Every size: of a text, an array or an object. */
export const anySize: Range = { ...anyNumber, low: 0, below: true }

/** Only this number. */
export function only(number: number): Range {
  return { ...anyNumber, low: number, high: number }
}

/** The numbers that lie in both ranges; undefined without any. */
export function meet(a: Range, b: Range): Range | undefined {
  const low = Math.max(a.low, b.low)
  const high = Math.min(a.high, b.high)
  const above = (a.above && a.low === low) || (b.above && b.low === low)
  const below = (a.below && a.high === high) || (b.below && b.high === high)
  const without = [...a.without, ...b.without].filter((one) => one >= low && one <= high)
  const isEmpty = low > high || (low === high && (above || below || without.includes(low)))
  return isEmpty ? undefined : { low, high, above, below, without }
}

/** Whether a whole number lies in a range. */
export function hasWhole({ low, high, above, below, without }: Range): boolean {
  const first = above && Number.isInteger(low) ? low + 1 : Math.ceil(low)
  const last = below && Number.isInteger(high) ? high - 1 : Math.floor(high)
  const missing = new Set(without.filter((one) => Number.isInteger(one) && one >= first && one <= last))
  return last - first + 1 > missing.size
}
