/** A time of day, with a date if there is one, as Python stores it. `fold`: the second of two equal wall times. */
export interface Wall {
  readonly date?: string
  readonly time: string
  /** As if it were UTC, in ms since the epoch. */
  readonly ms: number
  readonly fold: boolean
}

/** Seconds east of UTC at a wall time; undefined if unknown. Without a wall time: defined only for a fixed zone. */
export type Zone = (wall: Wall | undefined) => number | undefined

/** Formats the four bytes of a `date` as `2020-08-27`; undefined if they are invalid. */
export function dateOf(state: Buffer): string | undefined {
  if (state.length !== 4) return undefined
  const [year, month, day] = [state.readUInt16BE(0), state.readUInt8(2), state.readUInt8(3)]
  const at = new Date(Date.UTC(2000, month - 1, day))
  at.setUTCFullYear(year, month - 1, day)
  const exists = year >= 1 && year <= 9999 && at.getUTCMonth() === month - 1 && at.getUTCDate() === day
  return exists ? `${digits(year, 4)}-${digits(month)}-${digits(day)}` : undefined
}

/** Reads the wall time from the ten bytes of a `datetime` or the six of a `time`; undefined if they are invalid. */
export function wallOf(state: Buffer): Wall | undefined {
  if (state.length !== 6 && state.length !== 10) return undefined
  // The highest bit of the month, or of the hour, is the fold.
  const flag = state.length === 10 ? 2 : 0
  const plain = Buffer.from(state)
  plain[flag] = plain.readUInt8(flag) & 0x7f
  const fold = plain[flag] !== state[flag]
  const [hour, minute, second] = [0, 1, 2].map((i) => plain.readUInt8(plain.length - 6 + i)) as [number, number, number]
  const micros = plain.readUIntBE(plain.length - 3, 3)
  const date = plain.length === 10 ? dateOf(plain.subarray(0, 4)) : undefined
  if (hour > 23 || minute > 59 || second > 59 || micros > 999_999) return undefined
  if (plain.length === 10 && date === undefined) return undefined
  const time = `${digits(hour)}:${digits(minute)}:${digits(second)}${micros === 0 ? '' : `.${digits(micros, 6)}`}`
  const ms = date === undefined ? 0 : Date.parse(`${date}T${digits(hour)}:${digits(minute)}:${digits(second)}Z`)
  return { ...(date === undefined ? {} : { date }), time, ms, fold }
}

/** Formats as Python's `isoformat()` does. `offset`: in seconds; undefined for no zone. */
export function isoOf({ date, time }: Wall, offset: number | undefined): string {
  const zone = offset === undefined ? '' : offsetText(offset)
  return date === undefined ? `${time}${zone}` : `${date}T${time}${zone}`
}

/** Formats an offset as `+02:00`, with seconds if it has any. */
export function offsetText(offset: number): string {
  const seconds = Math.abs(offset)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60]
  return `${offset < 0 ? '-' : '+'}${(parts[2] === 0 ? parts.slice(0, 2) : parts).map((part) => digits(part)).join(':')}`
}

/** A zone with a fixed offset. */
export function fixedZone(offset: number): Zone {
  return () => offset
}

/** Looks up a zone of the time zone database by name; undefined if it is unknown here. */
export function namedZone(name: string): Zone | undefined {
  const format = formatOf(name)
  if (format === undefined) return undefined
  return (wall) => (wall === undefined ? undefined : offsetAt(format, wall))
}

// The rule of PEP 495: the fold selects one of two equal wall times; a wall time that the clocks skip takes the offset
// before the change, or with a fold the offset after it.
function offsetAt(format: Intl.DateTimeFormat, { ms, fold }: Wall): number {
  const [before, after] = [offsetIn(format, ms - DAY), offsetIn(format, ms + DAY)]
  const fits = (offset: number): boolean => offsetIn(format, ms - offset * 1000) === offset
  if (fits(before) === fits(after)) return fold ? after : before
  return fits(before) ? before : after
}

const DAY = 86_400_000

function offsetIn(format: Intl.DateTimeFormat, ms: number): number {
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
  const [year = 0, month = 1, day = 1] = [parts.get('year'), parts.get('month'), parts.get('day')]
  const shown = new Date(0)
  shown.setUTCFullYear(year, month - 1, day)
  shown.setUTCHours(parts.get('hour') ?? 0, parts.get('minute'), parts.get('second'))
  return Math.round((shown.getTime() - Math.floor(ms / 1000) * 1000) / 1000)
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat | undefined {
  const known = formats.get(timeZone)
  if (known !== undefined) return known
  try {
    const two = '2-digit'
    const format = new Intl.DateTimeFormat('en-u-ca-iso8601', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: two,
      day: two,
      hour: two,
      minute: two,
      second: two,
    })
    formats.set(timeZone, format)
    return format
  } catch {
    return undefined
  }
}

function digits(number: number, width = 2): string {
  return String(number).padStart(width, '0')
}
