import { asError, describe } from '../core/errors.ts'
import { checkOptions } from '../core/options.ts'
import { respell } from './cron-spelling.ts'
import { onCalendar } from './local-time.ts'
import { type PatternSlot, pattern } from './pattern.ts'
import { invalid, type Schedule, schedule } from './schedule.ts'
import { checkZone, type Zone } from './zone.ts'

/**
 * A schedule from a cron expression: minute, hour, day, month and day of the week. Six fields begin with seconds, seven
 * also end with the year. It reads names (`MON`, `JAN`), `L`, `L-3`, `15W`, `5#2`, `5L`, and aliases such as `@daily`. If
 * both the day of the month and the day of the week are restricted, days that match either have a slot; with `+` before
 * the latter (`0 9 1-7 * +MON`), days that match both.
 *
 * A fixed time in the gap of a clock change is moved to its end; one that clocks show twice has a slot the first time.
 * Patterns with a wildcard or a step in seconds, minutes or hours follow the clocks: twice, or not at all.
 *
 * @throws TidingsError `TIDINGS_SCHEDULE_INVALID`, also for a pattern without slots, such as `0 0 31 2 *`
 *
 * @example
 * ```ts
 * cron('30 9 * * MON-FRI', { timezone: 'Europe/Berlin' })
 * ```
 */
export function cron(
  expression: string,
  options: {
    /** An IANA name, such as `Europe/Berlin`. Default: the agent's time zone, else the system's. */
    readonly timezone?: string
  } = {},
): Schedule {
  checkOptions(options, { timezone: true }, 'TIDINGS_SCHEDULE_INVALID', 'of cron()')
  const { timezone } = options
  const fields = fieldsOf(expression)
  const zone = timezone === undefined ? undefined : checkZone(timezone)
  const text = `cron ${fields}${zone === undefined ? '' : ` (${zone})`}`
  const cronSchedule: Schedule = {
    ...schedule('cron', text, onCalendar(slotsOf(fields, zone))),
    inZone: (other) => (zone === undefined ? cron(fields, { timezone: other }) : cronSchedule),
  }
  return cronSchedule
}

// The fields with one space between them. croner would also accept a date.
function fieldsOf(expression: string): string {
  const fields = typeof expression === 'string' ? expression.trim().split(/[ \t]+/) : []
  const alias = fields.length === 1 && fields[0]?.startsWith('@')
  if (alias || (fields.length >= 5 && fields.length <= 7)) return fields.join(' ')
  throw invalid(`cron: expected five, six or seven fields or an alias such as '@daily', got ${describe(expression)}`)
}

function slotsOf(fields: string, zone: Zone): PatternSlot {
  let slots: PatternSlot
  try {
    slots = pattern(fields, zone)
  } catch (cause) {
    if (fields.startsWith('@')) throw invalid(`cron: ${unknownAlias(fields)}`, cause)
    throw invalid(`cron: can not read ${describe(fields)}: ${asError(cause).message}${suggestion(fields)}`, cause)
  }
  if (slots(0) === undefined) throw invalid(`cron: ${describe(fields)} never comes`)
  return slots
}

function suggestion(fields: string): string {
  const code = respell(fields)
  const patterns = Array.from(code.matchAll(/'([^']+)'/g), ([, written]) => written ?? '')
  try {
    for (const written of patterns) pattern(written, undefined)
    return `; write ${code}`
  } catch {
    return ''
  }
}

function unknownAlias(alias: string): string {
  const expected = 'expected @yearly, @annually, @monthly, @weekly, @daily, @midnight or @hourly'
  const atStart = /^@reboot$/i.test(alias) ? '; a job with { atStart: true } runs at each start of its agent' : ''
  return `${expected}, got ${describe(alias)}${atStart}`
}
