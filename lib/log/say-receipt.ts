import type { Draft, Receipt } from '../core/event.ts'
import type { Logger } from '../core/logger.ts'

/** Says what became of a draft: a new event is worth a line, a duplicate only to those who ask for more. */
export function sayReceipt(logger: Logger, { type, identifier }: Draft, { status, seq }: Receipt): void {
  if (status === 'duplicate') logger.debug({ type, identifier, seq }, 'duplicate event')
  else if (status !== 'offered') logger.info({ type, identifier, seq }, 'new event')
}
