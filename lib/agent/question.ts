import { isAbsolute } from 'node:path'
import { describe, quote, TidingsError } from '../core/errors.ts'

/** The types that a part of a question may have. */
export interface Kinds {
  readonly text: string
  /** An absolute path: the caller's working folder differs from the agent's. */
  readonly path: string
  readonly texts: readonly string[]
  readonly number: number
  readonly flag: boolean
}

/** The parts of a question, by name. */
export type Takes = Readonly<Record<string, keyof Kinds>>

interface Wants {
  readonly needs: Takes
  readonly may: Takes
}

const FLAGS: Readonly<Record<string, boolean>> = { '': true, true: true, 1: true, false: false, 0: false }

/** Reads a question from the query of a GET: `?types=a&types=b&limit=3&reverse`. */
export function fromQuery({ needs, may }: Wants, query: URLSearchParams): Record<string, unknown> {
  const takes: Takes = { ...needs, ...may }
  const read = (part: string): unknown => {
    const kind = Object.hasOwn(takes, part) ? takes[part] : undefined
    const all = query.getAll(part)
    const text = all.at(-1) ?? ''
    if (kind === 'texts') return all
    // Leaves an unparsable number as text; validation rejects it.
    if (kind === 'number') return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
    return kind === 'flag' ? (FLAGS[text] ?? text) : text
  }
  // `fromEntries` makes every part an own property, whatever its name.
  return Object.fromEntries([...query.keys()].map((part) => [part, read(part)]))
}

/** Writes a question as the query of a GET. */
export function toSearch(question: Readonly<Record<string, Kinds[keyof Kinds] | undefined>>): string {
  const query = new URLSearchParams()
  for (const [part, value] of Object.entries(question)) {
    // An empty list must remain a list.
    const all = typeof value !== 'object' ? [value] : value.length === 0 ? [''] : value
    for (const each of all) if (each !== undefined) query.append(part, String(each))
  }
  return query.size === 0 ? '' : `?${query}`
}

const fits: { readonly [K in keyof Kinds]: (value: unknown) => boolean } = {
  text: (value) => typeof value === 'string',
  path: (value) => typeof value === 'string' && isAbsolute(value),
  texts: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  number: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  flag: (value) => typeof value === 'boolean',
}
const words = {
  text: 'text',
  path: 'an absolute path',
  texts: 'a list of texts',
  number: 'a whole number, not negative',
  flag: 'true or false',
} as const

/**
 * Validates that the question has every required part, and no unknown ones.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`, whose `details.path` names the part
 */
export function checkQuestion(
  { path, needs, may }: Wants & { readonly path: string },
  question: unknown,
): Readonly<Record<string, unknown>> {
  if (typeof question !== 'object' || question === null || Array.isArray(question)) {
    throw invalid(`the question to ${path} must be an object, got ${describe(question)}`, '')
  }
  const takes: Takes = { ...needs, ...may }
  for (const [part, value] of Object.entries(question)) {
    const kind = Object.hasOwn(takes, part) ? takes[part] : undefined
    if (kind === undefined) throw invalid(`${path} takes no ${quote(part)}; it takes: ${list(takes)}`, part)
    if (!fits[kind](value)) throw invalid(`${quote(part)} must be ${words[kind]}, got ${describe(value)}`, part)
  }
  const missing = Object.keys(needs).find((part) => !Object.hasOwn(question, part))
  if (missing !== undefined) throw invalid(`${path} needs ${quote(missing)}`, missing)
  return question as Readonly<Record<string, unknown>>
}

function list(takes: Takes): string {
  return Object.keys(takes).join(', ') || 'nothing'
}

function invalid(message: string, path: string): TidingsError {
  return new TidingsError('TIDINGS_LOG_INVALID', message, { details: { path } })
}
