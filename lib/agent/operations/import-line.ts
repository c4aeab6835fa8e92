import { defined } from '../../core/defined.ts'
import { engineDraft, isEngineType } from '../../core/engine-types.ts'
import { asError, describe, quote, TidingsError } from '../../core/errors.ts'
import type { Draft } from '../../core/event.ts'
import type { Origin, Recorded } from '../../log/port.ts'

/** The fields of an event, besides its data. Its positions in the source log mean nothing in another log. */
const fields: Readonly<Record<string, 'text' | 'number' | 'flag'>> = {
  type: 'text',
  identifier: 'text',
  created: 'number',
  job: 'text',
  version: 'text',
  revision: 'number',
  transformed: 'flag',
  seq: 'number',
  cause: 'number',
}

type Parts = Draft & Partial<Recorded> & { readonly job?: string }

/**
 * Reads one event from JSON: its draft, which no listener receives, and its original time.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` when the text is not an event
 */
export function readEvent(text: string): { readonly draft: Draft; origin(now: number): Origin } {
  const { type, identifier, data, version, transformed, created, revision, job } = check(parse(text))
  const options = { ...defined({ version }), ...(transformed ? { transformed } : {}) }
  return {
    draft: isEngineType(type) ? engineDraft(type, identifier, data) : { type, identifier, data, ...options },
    origin: (now) => ({
      told: false,
      recorded: { created: created ?? now, ...defined({ revision }) },
      ...defined({ job }),
    }),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw wrong(`expected an event as JSON, got ${quote(text)}: ${asError(cause).message}`, cause)
  }
}

function check(value: unknown): Parts {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(`expected an event as a JSON object, got ${describe(value)}`)
  }
  for (const [name, field] of Object.entries(value)) if (name !== 'data') checkField(name, field)
  for (const name of ['type', 'identifier', 'data']) {
    if (!Object.hasOwn(value, name)) throw wrong(`an event needs ${quote(name)}`)
  }
  return value as Parts
}

function checkField(name: string, value: unknown): void {
  const kind = Object.hasOwn(fields, name) ? fields[name] : undefined
  if (kind === undefined) throw wrong(`an event takes no ${quote(name)}; it takes: ${Object.keys(fields).join(', ')}`)
  const { fits, expected } = kinds[kind]
  if (!fits(value)) throw wrong(`${quote(name)} must be ${expected}, got ${describe(value)}`)
}

const kinds = {
  text: { expected: 'text', fits: (value: unknown) => typeof value === 'string' },
  number: {
    expected: 'a whole number, not negative',
    fits: (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0,
  },
  flag: { expected: 'true or false', fits: (value: unknown) => typeof value === 'boolean' },
} as const

function wrong(message: string, cause?: unknown): TidingsError {
  return new TidingsError('TIDINGS_LOG_INVALID', message, cause === undefined ? {} : { cause })
}
