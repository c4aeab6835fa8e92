import { describe } from '../core/errors.ts'
import { invalid, type Schedule } from './schedule.ts'

/** A time zone by its IANA name; undefined is the zone of the system. */
export type Zone = string | undefined

/** The name of the system's time zone. */
export function systemZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** Returns a known time zone; throws otherwise. */
export function checkZone(timezone: string): string {
  if (typeof timezone === 'string' && isZone(timezone)) return timezone
  throw invalid(`expected a time zone such as 'Europe/Amsterdam', got ${describe(timezone)}`)
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/**
 * The same schedule in `timezone`, unless it names a zone of its own. An agent applies its time zone to its jobs this way.
 *
 * @throws TidingsError `TIDINGS_SCHEDULE_INVALID` for an unknown zone
 */
export function inZone(schedule: Schedule, timezone: string): Schedule {
  const zone = checkZone(timezone)
  return schedule.inZone?.(zone) ?? schedule
}
