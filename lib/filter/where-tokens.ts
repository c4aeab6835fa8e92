import { instant } from './time.ts'

/** A piece of an expression about events. */
export type Token = {
  /** As written, for errors; `the end` after the last piece. */
  readonly text: string
  /** Where it begins, from 0. */
  readonly column: number
} & (
  | { readonly kind: 'word' | 'sign' | 'end'; readonly value?: undefined }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'moment'; readonly value: Date }
)

/** In the order in which they are tried. A word may have hyphens and dots, since keys of data do. */
const PATTERN = new RegExp(
  [
    String.raw`\s+`,
    String.raw`(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')`,
    String.raw`(?<moment>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?)(?![\w.-])`,
    String.raw`(?<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.-])`,
    String.raw`(?<word>[\p{L}\p{N}_$][\p{L}\p{N}_$.-]*)`,
    String.raw`(?<sign><=|>=|!=|!~|[=<>~(),])`,
  ].join('|'),
  'uy',
)

/**
 * Splits an expression into its pieces; the last is the end.
 *
 * @param wrong reports a character that begins no piece, by its column
 */
export function tokens(expression: string, wrong: (column: number, problem: string) => never): readonly Token[] {
  const found: Token[] = []
  let column = 0
  while (column < expression.length) {
    PATTERN.lastIndex = column
    const match = PATTERN.exec(expression)
    if (match === null) wrong(column, problemAt(expression.slice(column)))
    const token = tokenOf(match, column, wrong)
    if (token !== undefined) found.push(token)
    column += match[0].length
  }
  return [...found, { kind: 'end', text: 'the end', column }]
}

function tokenOf(
  { 0: written, groups = {} }: RegExpExecArray,
  column: number,
  wrong: (column: number, problem: string) => never,
): Token | undefined {
  const { text, moment, number, word, sign } = groups
  if (text !== undefined) {
    return { kind: 'text', text, column, value: text.slice(1, -1).replaceAll(/\\(.)/gs, '$1') }
  }
  if (moment !== undefined) {
    const ms = instant(moment)
    if (Number.isNaN(ms)) wrong(column, `${moment} is not in the calendar`)
    return { kind: 'moment', text: moment, column, value: new Date(ms) }
  }
  if (number !== undefined) return { kind: 'number', text: number, column, value: Number(number) }
  if (word !== undefined) return { kind: 'word', text: word, column }
  return sign === undefined ? undefined : { kind: 'sign', text: written, column }
}

function problemAt(rest: string): string {
  if (/^["']/.test(rest)) return 'this quote is not closed'
  if (/^(&&|\|\|)/.test(rest)) return `${rest.slice(0, 2)} is written ${rest.startsWith('&&') ? 'and' : 'or'}`
  if (rest.startsWith('!')) return '! is written not'
  return `${JSON.stringify(String.fromCodePoint(rest.codePointAt(0) ?? 0))} has no meaning here`
}
