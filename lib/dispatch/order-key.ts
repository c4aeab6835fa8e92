import { asError } from '../core/errors.ts'
import type { StoredEvent } from '../core/event.ts'
import type { Logger } from '../core/logger.ts'
import type { Listener } from '../listener/listener.ts'

/** Events with the same key are delivered to a listener one at a time, in order. `ordered` determines the key. */
export function orderKey({ name, settings }: Listener, event: StoredEvent, logger: Logger): string {
  const { ordered } = settings
  if (ordered === true) return ''
  if (ordered === false) return String(event.seq)
  const identity = `${event.type}\0${event.identifier}`
  if (ordered === 'identity') return identity
  try {
    return String(ordered(event))
  } catch (error) {
    const fields = { listener: name, seq: event.seq, err: asError(error) }
    logger.error(fields, 'ordered failed, so the event is ordered by its identity')
    return identity
  }
}
