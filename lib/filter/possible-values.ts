import { anyText, meetText, type PossibleText } from './possible-text.ts'
import { anyNumber, anySize, finite, hasWhole, meet, type Range } from './range.ts'

/** Arrays or objects, by what is known about them. All of it holds for each of them. */
export interface PossibleMembers {
  readonly size: Range
  /** What their members may be, by key; any for a key that is not here. A missing member is undefined. */
  readonly fields: ReadonlyMap<string, PossibleValues>
  /** What each item may be; absent: anything. */
  readonly each?: PossibleValues
  /** For each of these, some item is one of them. */
  readonly some: readonly PossibleValues[]
}

/**
 * The values for which a test may hold: at least all those for which it does. Each kind has a list of possibilities; a
 * kind without any has no such value. If all are empty, the test never holds.
 *
 * NaN, an invalid Date, and whatever has no kind of its own here are `others`.
 */
export interface PossibleValues {
  readonly undefined: boolean
  readonly null: boolean
  readonly booleans: readonly boolean[]
  readonly numbers: readonly Range[]
  readonly strings: readonly PossibleText[]
  readonly dates: readonly Range[]
  readonly arrays: readonly PossibleMembers[]
  readonly objects: readonly PossibleMembers[]
  readonly others: boolean
}

const anyMembers: PossibleMembers = { size: anySize, fields: new Map(), some: [] }

/** No value. */
export const nothing: PossibleValues = {
  undefined: false,
  null: false,
  booleans: [],
  numbers: [],
  strings: [],
  dates: [],
  arrays: [],
  objects: [],
  others: false,
}

/** Whatever JavaScript has. */
export const anything: PossibleValues = {
  undefined: true,
  null: true,
  booleans: [true, false],
  numbers: [anyNumber],
  strings: [anyText],
  dates: [anyNumber],
  arrays: [anyMembers],
  objects: [anyMembers],
  others: true,
}

/** The values of JSON, and undefined, which a path to a missing member gives. */
export const anyJson: PossibleValues = { ...anything, numbers: [finite], dates: [], others: false }

/** Longer lists of possibilities are forgotten: the answer is then larger than it had to be, but still right. */
const MOST = 512

/** The values that are possible in both. */
export function meetValues(a: PossibleValues, b: PossibleValues): PossibleValues {
  return {
    undefined: a.undefined && b.undefined,
    null: a.null && b.null,
    booleans: a.booleans.filter((one) => b.booleans.includes(one)),
    numbers: pairs(a.numbers, b.numbers, meet),
    strings: pairs(a.strings, b.strings, meetText),
    dates: pairs(a.dates, b.dates, meet),
    arrays: pairs(a.arrays, b.arrays, meetMembers),
    objects: pairs(a.objects, b.objects, meetMembers),
    others: a.others && b.others,
  }
}

/** The values that are possible in either. */
export function joinValues(a: PossibleValues, b: PossibleValues): PossibleValues {
  return {
    undefined: a.undefined || b.undefined,
    null: a.null || b.null,
    booleans: [...new Set([...a.booleans, ...b.booleans])],
    numbers: [...a.numbers, ...b.numbers],
    strings: [...a.strings, ...b.strings],
    dates: [...a.dates, ...b.dates],
    arrays: [...a.arrays, ...b.arrays],
    objects: [...a.objects, ...b.objects],
    others: a.others || b.others,
  }
}

/** Whether no value is possible. */
export function isNothing(values: PossibleValues): boolean {
  return Object.values(values).every((each: boolean | readonly unknown[]) =>
    typeof each === 'boolean' ? !each : each.length === 0,
  )
}

function pairs<T>(a: readonly T[], b: readonly T[], both: (one: T, other: T) => T | undefined): readonly T[] {
  // Whatever is possible in both is possible in either of them.
  if (a.length * b.length > MOST) return a.length < b.length ? a : b
  return a.flatMap((one) =>
    b.flatMap((other) => {
      const found = both(one, other)
      return found === undefined ? [] : [found]
    }),
  )
}

function meetMembers(a: PossibleMembers, b: PossibleMembers): PossibleMembers | undefined {
  const size = meet(a.size, b.size)
  if (size === undefined) return undefined
  const fields = new Map(a.fields)
  for (const [key, values] of b.fields) {
    const known = fields.get(key)
    const both = known === undefined ? values : meetValues(known, values)
    if (isNothing(both)) return undefined
    fields.set(key, both)
  }
  const each = a.each !== undefined && b.each !== undefined ? meetValues(a.each, b.each) : (a.each ?? b.each)
  const some = [...a.some, ...b.some]
  if (some.some((values) => isNothing(each === undefined ? values : meetValues(each, values)))) return undefined
  const least = some.length > 0 ? 1 : 0
  const most = each !== undefined && isNothing(each) ? 0 : Number.POSITIVE_INFINITY
  const room = meet(size, { ...anySize, low: least, high: most, below: most > 0 })
  if (room === undefined || !hasWhole(room)) return undefined
  return { size: room, fields, some, ...(each === undefined ? {} : { each }) }
}

/** Arrays or objects of which only this is known; undefined if there are certainly none. */
export function membersWith(known: Partial<PossibleMembers>): readonly PossibleMembers[] {
  const members = meetMembers(anyMembers, { ...anyMembers, ...known })
  return members === undefined ? [] : [members]
}

/** Texts of which only this is known. */
export function textWith(known: Partial<PossibleText>): readonly PossibleText[] {
  const text = meetText(anyText, { ...anyText, ...known })
  return text === undefined ? [] : [text]
}
