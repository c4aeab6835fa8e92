import { isAbsolute } from 'node:path'
import { describe, quote, TidingsError } from '../../core/errors.ts'

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

/** What an operation takes: required and optional parts. */
export interface Wants {
  readonly needs: Takes
  readonly may: Takes
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
