import { defined } from '../../core/defined.ts'
import { engineDraft, isEngineType } from '../../core/engine-types.ts'
import { asError, describe, quote, TidingsError } from '../../core/errors.ts'
import type { Draft } from '../../core/event.ts'
import type { Origin, Recorded } from '../../log/port.ts'
import { checkParts, type Parts } from './parts.ts'

/** The fields of an event, besides its data. Its positions in the source log mean nothing in another log. */
const fields: Parts = {
  type: 'text',
  identifier: 'text',
  created: 'number?',
  job: 'text?',
  version: 'text?',
  revision: 'number?',
  transformed: 'flag?',
  seq: 'number?',
  cause: 'number?',
  traceparent: 'text?',
}

type Line = Draft & Partial<Recorded> & { readonly job?: string }

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

function check(value: unknown): Line {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(`expected an event as a JSON object, got ${describe(value)}`)
  }
  const { data: _, ...others } = value as { readonly data?: unknown }
  checkParts('an event', fields, others)
  if (!Object.hasOwn(value, 'data')) throw wrong('an event needs "data"')
  return value as Line
}

function wrong(message: string, cause?: unknown): TidingsError {
  return new TidingsError('TIDINGS_LOG_INVALID', message, cause === undefined ? {} : { cause })
}
