/**
 * The instant that a value names, in ms since the epoch, or NaN. Instants are written as a Date, as ms, or as an
 * ISO string, which is what JSON keeps of a Date. A string without a zone is taken as UTC: read as local time, as
 * `Date.parse` would, it would mean another instant on another machine, or in a replay after a move.
 */
export function instant(value: unknown): number {
  if (value instanceof Date) return value.getTime()
  if (typeof value === 'number') return new Date(value).getTime() // NaN beyond the 8.64e15 ms that a Date can hold
  return typeof value === 'string' ? parsed(value) : Number.NaN
}

const ISO = /^((?:\d{4}|[+-]\d{6})-\d\d-\d\d)(?:(T\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/

function parsed(text: string): number {
  const [, day, time = 'T00:00', zone = 'Z'] = ISO.exec(text) ?? []
  // V8 turns 30 February into 1 March; only a day that comes back as it went in is in the calendar
  const midnight = Date.parse(`${day}T00:00Z`)
  const isDay = day !== undefined && !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(day)
  return isDay ? Date.parse(day + time + zone) : Number.NaN
}
