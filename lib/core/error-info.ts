import { defined } from './defined.ts'
import { asError, describe } from './errors.ts'

/** An error as it is kept: plain words, no objects. */
export interface ErrorInfo {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

/** A message beyond this many characters is cut when it is kept, a stack likewise: a log is no place for pages. */
const LONGEST = 4000

/**
 * Whatever was thrown, in the words that are kept. What is no Error, and yet has a name and a message, is as good.
 * `scrub` takes out what is not to be kept: an error may quote a secret.
 */
export function errorInfo(thrown: unknown, scrub: (text: string) => string = (text) => text): ErrorInfo {
  try {
    return wordsOf(thrown, scrub)
  } catch {
    // An error whose getters throw, though they did not when it was caught.
    return { name: 'Error', message: describe(thrown) }
  }
}

function wordsOf(thrown: unknown, scrub: (text: string) => string): ErrorInfo {
  const { name, message, code, stack } = looksLikeError(thrown)
    ? thrown
    : (asError(thrown) as Error & { code?: unknown })
  return {
    name: scrub(String(name)).slice(0, 100),
    message: scrub(String(message)).slice(0, LONGEST),
    ...defined({
      code: typeof code === 'string' ? scrub(code) : undefined,
      stack: typeof stack === 'string' ? scrub(stack).slice(0, LONGEST) : undefined,
    }),
  }
}

function looksLikeError(value: unknown): value is { name: string; message: string; code?: unknown; stack?: unknown } {
  try {
    if (typeof value !== 'object' || value === null || value instanceof Error) return false
    const { name, message } = value as { name?: unknown; message?: unknown }
    return typeof name === 'string' && typeof message === 'string'
  } catch {
    return false
  }
}
