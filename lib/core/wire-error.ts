import { defined } from './defined.ts'
import { codes, type ErrorCode, type ErrorDetails, TidingsError } from './errors.ts'

/** An error as JSON, as operations send it. */
export interface WireError {
  /** The error. */
  readonly error: {
    /** Its message. */
    readonly message: string
    /** Its code, for errors of this package. */
    readonly code?: string
    /** Its details, for errors of this package. */
    readonly details?: ErrorDetails
  }
}

/** Writes an error as JSON. Only errors of this package keep their code and details. */
export function toWire(error: unknown): WireError {
  const { message, code, details } = error as Partial<TidingsError>
  const known = typeof code === 'string' && Object.hasOwn(codes, code) ? { code, details: details ?? {} } : {}
  return { error: { message: message ?? String(error), ...known } }
}

/** Restores the error that was written. */
export function fromWire({ error: { message, code, details } }: WireError): Error {
  const known = code !== undefined && Object.hasOwn(codes, code)
  return known ? new TidingsError(code as ErrorCode, message, defined({ details })) : new Error(message)
}
