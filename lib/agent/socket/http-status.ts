import { hasCode } from '../../core/errors.ts'

/** The HTTP status for an error: 400 when the question is wrong, 503 when the log can't answer now. */
export function statusOf(error: unknown): 400 | 500 | 503 {
  const { code } = error as { readonly code?: unknown }
  if (/^TIDINGS_.*_(INVALID|TOO_LARGE)$/.test(String(code))) return 400
  return hasCode(error, 'TIDINGS_LOG_FAILED') || hasCode(error, 'TIDINGS_LOG_CLOSED') ? 503 : 500
}
