import type { StoredEvent } from '../../core/event.ts'
import type { Test } from '../../filter/test.ts'
import type { Log, Parked } from '../../log/port.ts'
import { parseInstant, toQuery } from './event-search.ts'

/** Which parked events of a listener are meant: those that match every given part. */
export interface ParkedMatch {
  /** Only events with these seqs. */
  readonly seqs?: readonly number[]
  /** Only those whose error has this name, such as `TypeError`. */
  readonly error?: string
  /** Only those whose error has this code, such as `ECONNRESET`; an empty text: only those whose error has none. */
  readonly code?: string
  /** Only events of this type. */
  readonly type?: string
  /** Only events that match this expression or test; see `EventQuestion.where`. */
  readonly where?: string | Test<StoredEvent>
  /** Only events with a lower seq than this number; or only those that were parked before this date, or this time ago. */
  readonly before?: string
}

/**
 * Returns whether a parked event matches.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`, whose `details.path` names the invalid part
 */
export function parkedTest(log: Log, match: ParkedMatch): (parked: Parked) => boolean {
  const { seqs, error: name, code, type, where, before } = match
  const wanted = seqs === undefined ? undefined : new Set(seqs)
  const test = where === undefined ? undefined : toQuery({ where }, log.clock).where
  const isBefore = before === undefined ? undefined : beforeTest(log, before)
  return (parked) => {
    const { event, error } = parked
    return (
      (wanted === undefined || wanted.has(event.seq)) &&
      (name === undefined || error.name === name) &&
      (code === undefined || (error.code ?? '') === code) &&
      (type === undefined || event.type === type) &&
      (isBefore === undefined || isBefore(parked)) &&
      (test === undefined || test(event))
    )
  }
}

function beforeTest(log: Log, before: string): (parked: Parked) => boolean {
  if (/^\d+$/.test(before)) {
    const seq = Number(before)
    return ({ event }) => event.seq < seq
  }
  const instant = parseInstant(before, 'before', log.clock)
  return ({ at }) => at < instant
}
