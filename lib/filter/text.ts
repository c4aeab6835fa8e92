import { folding, type TextOptions } from './fold.ts'
import { refuse, text } from './operand.ts'
import { type Maybe, named, type Test } from './test.ts'
import { wildcard } from './wildcard.ts'

/**
 * Holds for a text that contains the part, and for an array with an item that equals the part.
 *
 * @example
 * ```ts
 * import { contains } from 'tidings/filters'
 *
 * console.log(contains('urgent', { ignoreCase: true })('URGENT: leak')) // true
 * console.log(contains('bug')(['debug'])) // false
 * ```
 */
export function contains(part: string, options?: TextOptions): Test<Maybe<string | readonly string[]>> {
  const { fold, shown } = folding('contains()', options)
  const wanted = fold(text('contains()', part))
  const isWanted = (item: unknown): boolean => typeof item === 'string' && fold(item) === wanted
  return named('contains', [part, ...shown], (value) =>
    typeof value === 'string' ? fold(value).includes(wanted) : Array.isArray(value) && value.some(isWanted),
  )
}

/**
 * Holds for a text that begins with the part.
 *
 * @example
 * ```ts
 * import { startsWith } from 'tidings/filters'
 *
 * console.log(['fix: a', 'feat: b'].filter(startsWith('fix'))) // [ 'fix: a' ]
 * ```
 */
export function startsWith(part: string, options?: TextOptions): Test<Maybe<string>> {
  const { fold, shown } = folding('startsWith()', options)
  const wanted = fold(text('startsWith()', part))
  return named('startsWith', [part, ...shown], (value) => typeof value === 'string' && fold(value).startsWith(wanted))
}

/**
 * Holds for a text that ends with the part.
 *
 * @example
 * ```ts
 * import { endsWith } from 'tidings/filters'
 *
 * console.log(['a.ts', 'b.js'].filter(endsWith('.ts'))) // [ 'a.ts' ]
 * ```
 */
export function endsWith(part: string, options?: TextOptions): Test<Maybe<string>> {
  const { fold, shown } = folding('endsWith()', options)
  const wanted = fold(text('endsWith()', part))
  return named('endsWith', [part, ...shown], (value) => typeof value === 'string' && fold(value).endsWith(wanted))
}

/**
 * Holds for a text that the pattern covers from end to end: `*` stands for any characters or none, `?` for
 * exactly one. All other characters stand for themselves; a literal `*` or `?` needs `matches`.
 *
 * @example
 * ```ts
 * import { glob } from 'tidings/filters'
 *
 * console.log(['main', 'release-1', 'release-2'].filter(glob('release-?'))) // [ 'release-1', 'release-2' ]
 * ```
 */
export function glob(pattern: string, options?: TextOptions): Test<Maybe<string>> {
  const { fold, shown } = folding('glob()', options)
  const covers = wildcard(text('glob()', pattern), fold)
  return named('glob', [pattern, ...shown], (value) => typeof value === 'string' && covers(value))
}

/** Bounds the cost of a quadratic expression. An exponential one has no such bound: for (a+)+$, 30 characters suffice. */
const MOST_TESTED = 10_000

/**
 * Holds for a text in which the regular expression finds a match. Only the first 10 000 characters are tested (`$`
 * matches there), and the flags `g` and `y` carry no position from one value to the next.
 *
 * An expression that backtracks without end blocks the whole agent: prefer `glob` for text that others write.
 *
 * @example
 * ```ts
 * import { matches } from 'tidings/filters'
 *
 * console.log(['fix: a', 'chore: b'].filter(matches(/^(fix|feat): /))) // [ 'fix: a' ]
 * ```
 */
export function matches(pattern: RegExp, options?: TextOptions): Test<Maybe<string>> {
  if (!(pattern instanceof RegExp)) refuse('matches()', 'a RegExp', pattern)
  const { ignoreCase } = folding('matches()', options)
  const own = new RegExp(pattern, ignoreCase && !pattern.ignoreCase ? `${pattern.flags}i` : pattern.flags)
  return named('matches', [own], (value) => {
    own.lastIndex = 0
    return typeof value === 'string' && own.test(value.slice(0, MOST_TESTED))
  })
}
