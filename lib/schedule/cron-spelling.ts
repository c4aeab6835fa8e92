/** `L-3` as the day of the month, which croner can't read: a pattern for all days that it may be, and which one it is. */
export interface BeforeLast {
  /** The pattern for all those days. */
  readonly pattern: string
  /** How many days before the last one of the month. */
  readonly days: number
}

/** More would lie before the first of a February. */
const MOST_BEFORE_LAST = 27

/**
 * Reads a pattern with `L-1` to `L-27` as its day of the month and any day of the week. Undefined for all others, which
 * croner reads.
 */
export function readBeforeLast(pattern: string): BeforeLast | undefined {
  const { fields, day } = split(pattern)
  const days = Number(/^L-(\d{1,2})$/i.exec(fields[day] ?? '')?.[1] ?? 0)
  if (days < 1 || days > MOST_BEFORE_LAST || !/^[*?]$/.test(fields[day + 2] ?? '')) return undefined
  return { pattern: fields.with(day, `${28 - days}-${31 - days}`).join(' '), days }
}

function split(pattern: string): { readonly fields: readonly string[]; readonly day: number } {
  const fields = pattern.split(' ')
  return { fields, day: fields.length > 5 ? 3 : 2 }
}

/** The minimum and the maximum of each field, from the seconds to the day of the week. */
const limits = [
  [0, 59],
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
] as const
const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const days = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

/**
 * Suggests code for a pattern that croner can't read: `22-2` as `0-2,22-23`, `FRI-MON` as
 * `0-1,5-6`, `tuesday` as `TUE`, `5/15` as `5-59/15`, `MON#1-2` as `MON#1,MON#2`, `MON#last` as `MON#L`.
 */
export function respell(pattern: string): string {
  const { fields, day } = split(pattern)
  const written = fields.map((field, i) => respellField(field, i + 3 - day))
  const [date = '', weekday = ''] = [written[day], written[day + 2]]
  if (!/^L-/i.test(date) || /^[*?]$/.test(weekday)) return code(written)
  return `anyOf(${code(written.with(day + 2, '*'))}, ${code(written.with(day, '*'))})`
}

function code(fields: readonly string[]): string {
  return `cron('${fields.join(' ')}')`
}

function respellField(field: string, place: number): string {
  const [low, high] = limits[place] ?? [0, 0]
  const names = place === 4 ? months : place === 5 ? days : []
  const numberOf = (text: string): number => {
    const named = names.indexOf(text.toUpperCase())
    // Sunday is 0 and 7
    return named >= 0 ? named + low : place === 5 ? Number(text) % 7 : Number(text)
  }
  const parts = field.split(',').map((part) => {
    const short = part.replaceAll(
      /[a-z]{4,}/gi,
      (word) => names.find((name) => word.toUpperCase().startsWith(name)) ?? word,
    )
    const [, from = '', to = '', step = ''] = /^(\w+)-(\w+)(\/[1-9]\d*)?$/.exec(short) ?? []
    if (numberOf(from) > numberOf(to)) return wrapped(numberOf(from), numberOf(to), low, high, step)
    if (place === 5 && from === '7') return `0-${to}${step}`
    const [, weekday, first, last] = /^(\w+)#([1-5])-([1-5])$/.exec(short) ?? []
    if (weekday !== undefined) return span(Number(first), Number(last), 1, (nth) => `${weekday}#${nth}`)
    return short.replace(/^(\d+)(?=\/)/, `$1-${high}`).replace(/#last$/i, '#L')
  })
  return parts.join(',')
}

// A range that wraps around the end of its field: two ranges, or single values if there is a step.
function wrapped(from: number, to: number, low: number, high: number, step: string): string {
  const range = (first: number, last: number): string => (first === last ? `${first}` : `${first}-${last}`)
  if (step === '') return `${range(low, to)},${range(from, high)}`
  const size = high - low + 1
  return span(from, to + size, Number(step.slice(1)), (value) => `${value > high ? value - size : value}`)
}

function span(from: number, to: number, step: number, write: (value: number) => string): string {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => write(from + i * step)).join(',')
}
