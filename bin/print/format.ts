/** `1 event`, `2 events`, `no events`; `many` is an irregular plural. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return count === 1 ? `1 ${one}` : `${count === 0 ? 'no' : count} ${many}`
}

/** Formats an instant relative to now: `in 3 min`, `2 h ago`. */
export function relativeTime(instant: string, now = Date.now()): string {
  const ms = Date.parse(instant) - now
  const length = roughDuration(Math.abs(ms))
  return ms < 0 ? `${length} ago` : `in ${length}`
}

/** Formats a duration, in ms, in its largest unit: `250 ms`, `12 s`, `3 min`. */
export function roughDuration(ms: number): string {
  const [unit, size] = units.find(([, least]) => ms >= least) ?? ['ms', 1]
  return `${Math.floor(ms / size)} ${unit}`
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** Formats bytes in a few digits: `999 B`, `1.2 MB`, `12 GB`. */
export function formatSize(bytes: number): string {
  let amount = Math.max(0, bytes)
  let unit = 0
  while (amount >= 999.5 && unit < UNITS.length - 1) {
    amount /= 1000
    unit += 1
  }
  return `${amount < 9.95 && unit > 0 ? amount.toFixed(1) : Math.round(amount)} ${UNITS[unit]}`
}

/** Parses a size such as `2GB` or `500 kB` into bytes; undefined if it is invalid. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?b)$/i.exec(text.trim()) ?? []
  const power = UNITS.findIndex((each) => each.toLowerCase() === unit.toLowerCase())
  const bytes = amount === undefined || power < 0 ? Number.NaN : Math.round(Number(amount) * 1000 ** power)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}
