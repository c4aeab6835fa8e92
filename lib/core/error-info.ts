import { asError } from './errors.ts'

/** An error as it is kept: plain words, no objects. */
export interface ErrorInfo {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

/** A message beyond this many characters is cut when it is kept, a stack likewise: a log is no place for pages. */
const LONGEST = 4000

/** Whatever was thrown, in the words that are kept. */
export function errorInfo(thrown: unknown): ErrorInfo {
  if (isErrorInfo(thrown)) return thrown
  const error = asError(thrown)
  const code = (error as { code?: unknown }).code
  return {
    name: String(error.name).slice(0, 100),
    message: String(error.message).slice(0, LONGEST),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof error.stack === 'string' ? { stack: error.stack.slice(0, LONGEST) } : {}),
  }
}

function isErrorInfo(value: unknown): value is ErrorInfo {
  if (typeof value !== 'object' || value === null || value instanceof Error) return false
  const { name, message } = value as Partial<ErrorInfo>
  return typeof name === 'string' && typeof message === 'string'
}
