import { eq, gt, gte, lt, lte, oneOf } from './comparison.ts'
import { each, some } from './list.ts'
import { all, any, not } from './logic.ts'
import { at } from './path.ts'
import { exists, isEmpty, isType } from './presence.ts'
import type { Test } from './test.ts'
import { contains, endsWith, glob, startsWith } from './text.ts'
import { after, before, instant } from './time.ts'
import { type Token, tokens } from './where-tokens.ts'

/**
 * Parses an expression about events into a test made of `tidings/filters`. Nothing is evaluated as code. The grammar,
 * from the loosest binding to the tightest:
 *
 * ```
 *   either     = both ("or" both)*
 *   both       = negated ("and" negated)*
 *   negated    = "not" negated | "(" either ")" | comparison
 *   comparison = path ("=" | "!=" | "<" | "<=" | ">" | ">=") value
 *              | path ("~" | "!~") text                  a glob: * any characters, ? one
 *              | path ("contains" | "startsWith" | "endsWith") text
 *              | path "in" "(" value ("," value)* ")"
 *              | path "is" ("empty" | kind)              kind: string, number, boolean, null, array, object
 *              | path ("before" | "after") moment
 *              | path "exists"
 *              | path ("some" | "each") "(" either ")"   paths inside begin at the item; `it` is the item itself
 *   value      = text | number | "true" | "false" | "null" | moment
 *   text       = in "double" or 'single' quotes, with \ before a quote or a \
 *   moment     = 2027-01-31 | 2027-01-31T12:00+02:00 | text    UTC where it names no offset
 * ```
 *
 * A path is what `at` takes: `type`, `data.repo.name`, `data.labels.0`. A path that does not exist makes every comparison
 * false, except `!=`, `!~` and what `not` turns around.
 *
 * @throws TypeError that names the column and points at it
 */
export function parseWhere(expression: string): Test<unknown> {
  return new Parser(expression, eventFields).whole()
}

/** What a path of an event begins with. */
export const eventFields: readonly string[] = [
  'type',
  'identifier',
  'data',
  'seq',
  'created',
  'job',
  'cause',
  'version',
  'revision',
]

/** The name of the item itself inside `some (…)` and `each (…)`. */
const ITEM = 'it'

const COMPARISONS = {
  '=': (value: never) => eq(value),
  '!=': (value: never) => not(eq(value)),
  '<': (value: never) => lt(value),
  '<=': (value: never) => lte(value),
  '>': (value: never) => gt(value),
  '>=': (value: never) => gte(value),
} as const

/** Comparisons with a moment read ISO text, Dates and ms. Moments are whole ms, so "not after" is "before the next ms". */
const MOMENTS: Readonly<Record<keyof typeof COMPARISONS, (ms: number) => Test<never>>> = {
  '=': (ms) => all<never>(after(ms - 1), before(ms + 1)),
  '!=': (ms) => not(all<never>(after(ms - 1), before(ms + 1))),
  '<': (ms) => before(ms),
  '<=': (ms) => before(ms + 1),
  '>': (ms) => after(ms),
  '>=': (ms) => after(ms - 1),
}

/** How deep an expression may nest. */
const DEEPEST = 100

const TEXT_TESTS = { contains, startsWith, endsWith } as const

class Parser {
  readonly #expression: string
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0
  // The names that a path may begin with; undefined inside an item, whose names are unknown.
  #fields: readonly string[] | undefined

  constructor(expression: string, fields: readonly string[]) {
    if (typeof expression !== 'string') throw new TypeError('an expression about events must be text')
    this.#expression = expression
    this.#tokens = tokens(expression, (column, problem) => this.#wrong(problem, column))
    this.#fields = fields
  }

  whole(): Test<unknown> {
    const test = this.#either()
    const rest = this.#peek()
    if (rest.kind !== 'end') this.#wrong(`expected "and", "or" or the end, got ${rest.text}`)
    return test
  }

  #either(): Test<unknown> {
    const tests = [this.#both()]
    while (this.#take('or')) tests.push(this.#both())
    return tests.length === 1 ? (tests[0] as Test<unknown>) : any(...tests)
  }

  #both(): Test<unknown> {
    const tests = [this.#negated()]
    while (this.#take('and')) tests.push(this.#negated())
    return tests.length === 1 ? (tests[0] as Test<unknown>) : all(...tests)
  }

  #negated(): Test<unknown> {
    if (this.#depth === DEEPEST) this.#wrong(`an expression can be nested ${DEEPEST} deep`)
    this.#depth += 1
    const test = this.#unnegated()
    this.#depth -= 1
    return test
  }

  #unnegated(): Test<unknown> {
    if (this.#take('not')) return not(this.#negated())
    if (!this.#take('(')) return this.#comparison()
    const test = this.#either()
    this.#need(')')
    return test
  }

  #comparison(): Test<unknown> {
    const { kind, text, column } = this.#advance()
    if (kind !== 'word') this.#wrong(`expected a path such as data.title, got ${text}`, column)
    const first = text.split('.', 1)[0] ?? ''
    if (this.#fields?.includes(first) === false) {
      const fields = this.#fields.join(', ')
      this.#wrong(`an event has no ${text}; it has ${fields}. Did you mean data.${text}?`, column)
    }
    if (text.split('.').includes('')) this.#wrong(`expected a path such as data.title, got ${text}`, column)
    const test = this.#testOf()
    if (this.#fields === undefined && text === ITEM) return test
    return at<unknown, string>(text, test)
  }

  #testOf(): Test<unknown> {
    const { text: operator, column, kind } = this.#advance()
    if (kind === 'end' || kind === 'text')
      this.#wrong(`expected an operator such as = or contains, got ${operator}`, column)
    if (Object.hasOwn(COMPARISONS, operator)) return this.#compared(operator as keyof typeof COMPARISONS)
    if (operator === '~') return glob(this.#text()) as Test<unknown>
    if (operator === '!~') return not(glob(this.#text())) as Test<unknown>
    if (Object.hasOwn(TEXT_TESTS, operator))
      return TEXT_TESTS[operator as keyof typeof TEXT_TESTS](this.#text()) as Test<unknown>
    switch (operator) {
      case 'in':
        return this.#listed()
      case 'is':
        return this.#kind()
      case 'before':
        return before(this.#moment()) as Test<unknown>
      case 'after':
        return after(this.#moment()) as Test<unknown>
      case 'exists':
        return exists
      case 'some':
        return some(this.#ofItem()) as Test<unknown>
      case 'each':
        return each(this.#ofItem()) as Test<unknown>
      default:
        return this.#wrong(
          `expected an operator, got ${operator}; there are\n  = != < <= > >= ~ !~ in is exists contains startsWith endsWith\n  before after some each`,
          column,
        )
    }
  }

  #compared(operator: keyof typeof COMPARISONS): Test<unknown> {
    const column = this.#peek().column
    const value = this.#value()
    if (value instanceof Date) return MOMENTS[operator](value.getTime()) as Test<unknown>
    try {
      return COMPARISONS[operator](value as never)
    } catch {
      return this.#wrong(`expected text, a number or a moment after ${operator}, got ${String(value)}`, column)
    }
  }

  #value(): string | number | boolean | null | Date {
    const { kind, text, column, value } = this.#advance()
    if (kind === 'text' || kind === 'number' || kind === 'moment') return value
    if (text === 'true' || text === 'false') return text === 'true'
    if (text === 'null') return null
    const hint = kind === 'word' ? `; text needs quotes: "${text}"` : ''
    return this.#wrong(`expected a value, got ${text}${hint}`, column)
  }

  #text(): string {
    const column = this.#peek().column
    const value = this.#value()
    return typeof value === 'string' ? value : this.#wrong('expected text in quotes', column)
  }

  #moment(): Date {
    const column = this.#peek().column
    const value = this.#value()
    if (value instanceof Date) return value
    const ms = typeof value === 'string' ? instant(value) : Number.NaN
    return Number.isNaN(ms) ? this.#wrong('expected a moment such as 2027-01-31', column) : new Date(ms)
  }

  #listed(): Test<unknown> {
    this.#need('(')
    const values = [this.#value()]
    while (this.#take(',')) values.push(this.#value())
    this.#need(')')
    const moments = values.filter((value) => value instanceof Date)
    const others = values.filter((value) => !(value instanceof Date))
    const tests = moments.map((moment) => MOMENTS['='](moment.getTime()) as Test<unknown>)
    const [first, ...more] = others
    if (first !== undefined) tests.push(oneOf(first, ...more) as Test<unknown>)
    return tests.length === 1 ? (tests[0] as Test<unknown>) : any(...tests)
  }

  #kind(): Test<unknown> {
    const { text, column } = this.#advance()
    if (text === 'empty') return isEmpty as Test<unknown>
    try {
      return isType(text as 'string')
    } catch {
      return this.#wrong(`expected empty, string, number, boolean, null, array or object, got ${text}`, column)
    }
  }

  #ofItem(): Test<unknown> {
    const fields = this.#fields
    this.#need('(')
    this.#fields = undefined
    const test = this.#either()
    this.#fields = fields
    this.#need(')')
    return test
  }

  #peek(): Token {
    return this.#tokens[this.#next] as Token
  }

  #advance(): Token {
    const token = this.#peek()
    if (token.kind !== 'end') this.#next += 1
    return token
  }

  // A word or sign; a quoted "and" is text.
  #take(text: string): boolean {
    const token = this.#peek()
    if (token.text !== text || token.kind === 'text') return false
    this.#next += 1
    return true
  }

  #need(text: string): void {
    if (!this.#take(text)) this.#wrong(`expected ${text}, got ${this.#peek().text}`)
  }

  #wrong(problem: string, column = this.#peek().column): never {
    throw new TypeError(`column ${column + 1}: ${problem}\n${pointAt(this.#expression, column)}`)
  }
}

/** How much of an expression an error shows, in characters: it fits on a line of 80 columns. */
const MOST_SHOWN = 70

/** The expression, or the part of it around a column, and a pointer below. */
function pointAt(expression: string, column: number): string {
  const from =
    expression.length <= MOST_SHOWN ? 0 : Math.max(0, Math.min(column - MOST_SHOWN / 2, expression.length - MOST_SHOWN))
  const to = from + MOST_SHOWN
  const before = from > 0 ? '…' : ''
  const after = to < expression.length ? '…' : ''
  // A line break or a tab would move the pointer.
  const shown = `${before}${expression.slice(from, to)}${after}`.replaceAll(/\p{Cc}/gu, ' ')
  return `  ${shown}\n  ${' '.repeat(before.length + column - from)}^`
}
