import { defined } from './defined.ts'
import { asError, describe } from './errors.ts'

/** An error as it is stored: text without objects. */
export interface ErrorInfo {
  /** The name of the error, such as `TypeError`; at most 100 characters. */
  readonly name: string
  /** The message; at most 4000 characters. */
  readonly message: string
  /** The code, if the error has one: a `TIDINGS_…` code, or one of the system such as `ENOENT`. */
  readonly code?: string
  /** The stack, if the error has one; at most 4000 characters. */
  readonly stack?: string
}

/** The longest message or stack that is stored, in characters: an error may quote whole pages. */
const LONGEST = 4000

/**
 * Converts whatever was thrown to the text that is stored. An object that has a name and a message counts as an error.
 * `scrub` removes secrets, which an error may quote.
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
