const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** The zones of RFC 822 and a few that feeds use besides, in hours from UTC. */
const ZONES: Readonly<Record<string, number>> = {
  EST: -5,
  EDT: -4,
  CST: -6,
  CDT: -5,
  MST: -7,
  MDT: -6,
  PST: -8,
  PDT: -7,
  CET: 1,
  CEST: 2,
  EET: 2,
  EEST: 3,
  BST: 1,
  JST: 9,
}

/** `Sat, 28 Nov 2026 10:00:00 +0100`, `28 November 26 10:00 EST`, `28-Nov-2026`. The day of the week is often wrong. */
const RFC822 =
  /(?:^|[\s,])(\d{1,2})[\s-]+([a-z]{3})[a-z]*\.?,?[\s-]+(\d{4}|\d\d)(?:[\s,]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?\s*((?:GMT|UTC)?[+-]\d\d:?\d\d|[a-z]{1,5})?/i

/** `Nov 28, 2026 10:00`, `Sat Nov 28 10:00:00 2026`, `Sat Nov 28 2026 10:00:00 GMT+0100 (CET)`: the month before the day. */
const MONTH_FIRST =
  /(?:^|[\s,])([a-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(?:(\d{4}),?)?\s*(?:(\d{1,2}):(\d\d)(?::(\d\d))?)?\s*((?:GMT|UTC)?[+-]\d\d:?\d\d|[a-z]{1,5})?\s*(?:\(.*\)|(\d{4}))?$/i

/** ISO 8601 as feeds write it: parts may be missing, a space may stand for the T. */
const ISO =
  /^(\d{4})-?(\d\d)?(?:-?(\d\d))?(?:[T\s]\s*(\d\d?):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?)?\s*(Z|[+-]\d\d:?(?:\d\d)?|[a-z]{1,5})?$/i

/**
 * Reads a date in the formats that feeds use, as ISO 8601 in UTC. A date without a zone, or with an unknown one, is in
 * UTC. Undefined: not a date.
 */
export function isoDate(given: string | undefined): string | undefined {
  const text = given?.trim().slice(0, 100) ?? ''
  const iso = ISO.exec(text)
  if (iso !== null) {
    const [, year, month = '1', day = '1', hour, minute, second, zone] = iso
    return instant([year, Number(month) - 1, day, hour, minute, second], zone)
  }
  const rfc = RFC822.exec(text)
  if (rfc !== null) {
    const [, day, month = '', year, hour, minute, second, zone] = rfc
    return instant([year, MONTHS.indexOf(month.toLowerCase()), day, hour, minute, second], zone)
  }
  const american = MONTH_FIRST.exec(text)
  if (american === null) return undefined
  const [, month = '', day, early, hour, minute, second, zone, late] = american
  return instant([early ?? late, MONTHS.indexOf(month.toLowerCase()), day, hour, minute, second], zone)
}

type Part = string | number | undefined

function instant(parts: readonly Part[], zone: string | undefined): string | undefined {
  const [year, month = -1, day = 0, hour = 0, minute = 0, second = 0] = parts.map((part) =>
    part === undefined ? undefined : Number(part),
  )
  // Also refuses what Date.UTC would carry over: the 31st of February, 25 o'clock.
  if (year === undefined || month < 0 || month > 11 || hour > 24 || minute > 59 || second > 60) return undefined
  const full = `${parts[0]}`.length > 2 ? year : year < 50 ? year + 2000 : year + 1900
  // The year 1 is what programs write that have no date.
  if (full < 1000 || day < 1 || day > new Date(Date.UTC(full, month + 1, 0)).getUTCDate()) return undefined
  const date = new Date(Date.UTC(full, month, day, hour, minute, second) - offsetOf(zone))
  return date.getUTCFullYear() > 9999 ? undefined : date.toISOString()
}

/** The offset of a zone from UTC, in ms. */
function offsetOf(zone = 'Z'): number {
  const [, sign, hours, minutes = '0'] = /^(?:GMT|UTC)?([+-])(\d\d):?(\d\d)?$/i.exec(zone) ?? []
  const size = sign === undefined ? (ZONES[zone.toUpperCase()] ?? 0) * 60 : Number(hours) * 60 + Number(minutes)
  return (sign === '-' ? -size : size) * 60_000
}
