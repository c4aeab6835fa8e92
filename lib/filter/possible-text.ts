import { anyNumber, anySize, hasWhole, meet, type Range } from './range.ts'

/** One end of a range of texts, in order of their code units. */
export interface TextEnd {
  readonly text: string
  /** Whether the text itself is outside. */
  readonly open: boolean
}

/** A test that texts must pass, or must not pass. */
export interface Literal {
  /** The test as code. */
  readonly code: string
  readonly holds: boolean
  readonly test: (text: string) => boolean
  /** Whether the result depends only on the text in upper case. */
  readonly folds: boolean
}

/** Texts, by what is known about them. All of it holds for each of them. */
export interface PossibleText {
  /** The only text. */
  readonly exact?: string
  /** The only text, in upper case. */
  readonly folded?: string
  readonly low?: TextEnd
  readonly high?: TextEnd
  /** How all of them begin and end. */
  readonly prefix: string
  readonly suffix: string
  /** What all of them contain. */
  readonly parts: readonly string[]
  /** How none of them begins or ends, and what none contains. */
  readonly noPrefixes: readonly string[]
  readonly noSuffixes: readonly string[]
  readonly noParts: readonly string[]
  readonly size: Range
  /** The instant that all of them denote, as `before` reads it. */
  readonly moment: Range
  readonly literals: readonly Literal[]
}

export const anyText: PossibleText = {
  prefix: '',
  suffix: '',
  parts: [],
  noPrefixes: [],
  noSuffixes: [],
  noParts: [],
  size: anySize,
  moment: anyNumber,
  literals: [],
}

/** The texts for which the known facts of both hold; undefined if there are certainly none. */
export function meetText(a: PossibleText, b: PossibleText): PossibleText | undefined {
  const size = meet(a.size, b.size)
  const moment = meet(a.moment, b.moment)
  const prefix = longer(a.prefix, b.prefix, (long, short) => long.startsWith(short))
  const suffix = longer(a.suffix, b.suffix, (long, short) => long.endsWith(short))
  const exact = same(a.exact, b.exact)
  const folded = same(a.folded, b.folded)
  if (size === undefined || moment === undefined || prefix === undefined || suffix === undefined) return undefined
  if (exact === 'two' || folded === 'two') return undefined
  const low = tighter(a.low, b.low, (one, other) => one > other)
  const high = tighter(a.high, b.high, (one, other) => one < other)
  const all: PossibleText = {
    ...exact,
    ...(folded.exact === undefined ? {} : { folded: folded.exact }),
    ...(low === undefined ? {} : { low }),
    ...(high === undefined ? {} : { high }),
    prefix,
    suffix,
    parts: [...a.parts, ...b.parts],
    noPrefixes: [...a.noPrefixes, ...b.noPrefixes],
    noSuffixes: [...a.noSuffixes, ...b.noSuffixes],
    noParts: [...a.noParts, ...b.noParts],
    size,
    moment,
    literals: [...a.literals, ...b.literals],
  }
  return isImpossible(all) ? undefined : all
}

function isImpossible(text: PossibleText): boolean {
  const { exact, folded, literals } = text
  const fails = (value: string) => (literal: Literal) => literal.test(value) !== literal.holds
  if (exact !== undefined && (literals.some(fails(exact)) || (folded !== undefined && fold(exact) !== folded)))
    return true
  if (folded !== undefined && fold(folded) === folded && literals.filter(({ folds }) => folds).some(fails(folded)))
    return true
  const signs = new Map<string, boolean>()
  for (const { code, holds } of literals) {
    if (signs.get(code) === !holds) return true
    signs.set(code, holds)
  }
  return isTooShort(text) || isOutOfOrder(text) || isForbidden(text)
}

function isTooShort({ prefix, suffix, parts, size }: PossibleText): boolean {
  const least = Math.max(0, ...[prefix, suffix, ...parts].map((part) => part.length))
  const room = meet(size, { ...anySize, low: least })
  return room === undefined || !hasWhole(room)
}

// Texts with a prefix p lie from p on, and before every greater text that does not begin with p.
function isOutOfOrder({ low, high, prefix }: PossibleText): boolean {
  if (high?.open === true && high.text === '') return true
  if (low !== undefined && high !== undefined) {
    if (low.text > high.text || (low.text === high.text && (low.open || high.open))) return true
  }
  if (high !== undefined && (prefix > high.text || (prefix === high.text && high.open))) return true
  return low !== undefined && prefix < low.text && !low.text.startsWith(prefix)
}

function isForbidden({ prefix, suffix, parts, noPrefixes, noSuffixes, noParts }: PossibleText): boolean {
  return (
    noPrefixes.some((one) => prefix.startsWith(one)) ||
    noSuffixes.some((one) => suffix.endsWith(one)) ||
    noParts.some((one) => [prefix, suffix, ...parts].some((part) => part.includes(one)))
  )
}

/** As the tests with `ignoreCase` compare. */
export function fold(text: string): string {
  return text.toUpperCase()
}

function same(a: string | undefined, b: string | undefined): { exact?: string } | 'two' {
  if (a !== undefined && b !== undefined && a !== b) return 'two'
  const exact = a ?? b
  return exact === undefined ? {} : { exact }
}

function longer(a: string, b: string, fits: (long: string, short: string) => boolean): string | undefined {
  const [long, short] = a.length < b.length ? [b, a] : [a, b]
  return fits(long, short) ? long : undefined
}

function tighter(
  a: TextEnd | undefined,
  b: TextEnd | undefined,
  isTighter: (one: string, other: string) => boolean,
): TextEnd | undefined {
  if (a === undefined || b === undefined) return a ?? b
  if (a.text === b.text) return a.open ? a : b
  return isTighter(a.text, b.text) ? a : b
}
