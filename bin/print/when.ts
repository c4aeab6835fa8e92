/** Formats an instant in local time: `2026-01-01 10:30:00`. */
export function localTime(instant: string): string {
  const at = new Date(instant)
  const two = (number: number): string => String(number).padStart(2, '0')
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-')
  return `${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')}`
}

/** Formats an instant relative to now: `in 3 min`, `2 h ago`. */
export function inWords(instant: string, now = Date.now()): string {
  const ms = Date.parse(instant) - now
  const length = lasting(Math.abs(ms))
  return ms < 0 ? `${length} ago` : `in ${length}`
}

/** Formats a duration, in ms, in its largest unit: `250 ms`, `12 s`, `3 min`. */
export function lasting(ms: number): string {
  const [unit, size] = units.find(([, least]) => ms >= least) ?? ['ms', 1]
  return `${Math.floor(ms / size)} ${unit}`
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const
