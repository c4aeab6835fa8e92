import type { Draft, Receipt } from '../core/event.ts'
import type { Logger } from '../core/logger.ts'

/** Logs the result of a draft: an accepted event at level info, a duplicate at level debug. */
export function logReceipt(logger: Logger, { type, identifier }: Draft, { status, seq }: Receipt): void {
  if (status === 'duplicate') logger.debug({ type, identifier, seq }, 'duplicate event')
  else if (status === 'new') logger.info({ type, identifier, seq }, 'new event')
  else if (status === 'changed') logger.info({ type, identifier, seq }, 'changed event')
}
