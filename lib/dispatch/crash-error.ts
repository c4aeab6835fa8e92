import { quote, TidingsError } from '../core/errors.ts'
import type { Handed } from '../log/port.ts'

/** The error of an event that repeatedly crashed the process while it was handled alone. */
export function crashError(listener: string, { event, crashes }: Handed): TidingsError {
  const message = `the process died ${crashes} times while listener ${quote(listener)} handled event ${event.seq} alone`
  return new TidingsError('TIDINGS_LISTENER_CRASHED', message, { details: { listener, seq: event.seq, crashes } })
}
