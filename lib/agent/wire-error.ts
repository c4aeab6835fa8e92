import { codes, type ErrorCode, type ErrorDetails, hasCode, TidingsError } from '../core/errors.ts'

/** An error in an answer. */
export interface WireError {
  readonly error: { readonly message: string; readonly code?: string; readonly details?: ErrorDetails }
}

export function toWire(error: unknown): WireError {
  const { message, code, details } = error as Partial<TidingsError>
  const known = typeof code === 'string' && Object.hasOwn(codes, code) ? { code, details: details ?? {} } : {}
  return { error: { message: message ?? String(error), ...known } }
}

/** Restores the error from an answer, as it was thrown. */
export function fromWire({ error: { message, code, details } }: WireError): Error {
  const known = code !== undefined && Object.hasOwn(codes, code)
  return known
    ? new TidingsError(code as ErrorCode, message, details === undefined ? {} : { details })
    : new Error(message)
}

/** The HTTP status for an error: 400 when the question is wrong, 503 when the log can't answer now. */
export function statusOf(error: unknown): 400 | 500 | 503 {
  const { code } = error as { readonly code?: unknown }
  if (/^TIDINGS_.*_(INVALID|TOO_LARGE)$/.test(String(code))) return 400
  return hasCode(error, 'TIDINGS_LOG_FAILED') || hasCode(error, 'TIDINGS_LOG_CLOSED') ? 503 : 500
}
