import { isAbsolute } from 'node:path'
import { isCount } from '../../core/count.ts'
import type { Duration } from '../../core/duration.ts'
import { describe, quote, TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { Test } from '../../filter/test.ts'

/** The kinds of parts, and their values. */
export interface Kinds {
  readonly text: string
  readonly texts: readonly string[]
  readonly number: number
  /** Only in the body of a POST. */
  readonly numbers: readonly number[]
  readonly flag: boolean
  /** Travels as text: `5s`, `250ms`. */
  readonly duration: Duration
  /** Travels as an absolute path: the caller's working folder differs from the agent's. */
  readonly path: string
  /** A test made of `tidings/filters` travels as its JSON. */
  readonly filter: string | Test<StoredEvent>
}

export type Kind = keyof Kinds

/** The parts of a question by name; a `?` marks a part that may be absent. */
export type Parts = Readonly<Record<string, Kind | `${Kind}?`>>

/**
 * Validates that an object has every required part, and no unknown ones; `what` names it in errors.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`, whose `details.path` names the part
 */
export function checkParts(what: string, parts: Parts, given: object): void {
  for (const [name, value] of Object.entries(given)) {
    const kind = kindOf(parts, name)
    const known = Object.keys(parts).join(', ') || 'nothing'
    if (kind === undefined) throw invalid(`${what} takes no ${quote(name)}; it takes: ${known}`, name)
    const { fits, expected } = wire[kind]
    if (!fits(value)) throw invalid(`${quote(name)} must be ${expected}, got ${describe(value)}`, name)
  }
  const missing = Object.keys(parts).find((name) => !parts[name]?.endsWith('?') && !Object.hasOwn(given, name))
  if (missing !== undefined) throw invalid(`${what} needs ${quote(missing)}`, missing)
}

/** The kind of a part; undefined if there is no such part. */
export function kindOf(parts: Parts, name: string): Kind | undefined {
  return Object.hasOwn(parts, name) ? (parts[name]?.replace('?', '') as Kind) : undefined
}

const isText = (value: unknown): boolean => typeof value === 'string'

/** How a value of each kind arrives, after a query or a body has been parsed. */
const wire: Readonly<Record<Kind, { readonly expected: string; fits(value: unknown): boolean }>> = {
  text: { expected: 'text', fits: isText },
  texts: { expected: 'a list of texts', fits: (value) => Array.isArray(value) && value.every(isText) },
  number: { expected: 'a whole number, not negative', fits: isCount },
  numbers: {
    expected: 'a list of whole numbers, not negative',
    fits: (value) => Array.isArray(value) && value.every(isCount),
  },
  flag: { expected: 'true or false', fits: (value) => typeof value === 'boolean' },
  duration: { expected: 'text', fits: isText },
  filter: { expected: 'text', fits: isText },
  path: { expected: 'an absolute path', fits: (value) => typeof value === 'string' && isAbsolute(value) },
}

function invalid(message: string, path: string): TidingsError {
  return new TidingsError('TIDINGS_LOG_INVALID', message, { details: { path } })
}
