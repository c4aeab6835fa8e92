// An oracle for time zones that shares nothing with the code it checks: it goes minute by minute, and asks only Intl
// what clocks show.

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** The wall time of a zone, as the milliseconds at which a clock in UTC shows the same. */
export function clock(zone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('en-u-hc-h23', {
    timeZone: zone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  })
  return (instant) => {
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0] = (format.format(instant).match(/\d+/g) ?? []).map(
      Number,
    )
    return Date.UTC(year, month - 1, day, hour, minute)
  }
}

/** The minutes at which the clocks of a zone were set back or forward, between two years. */
export function transitions(zone: string, fromYear: number, toYear: number): number[] {
  const shows = clock(zone)
  const found: number[] = []
  for (let instant = Date.UTC(fromYear, 0, 1); instant < Date.UTC(toYear, 0, 1); instant += 7 * DAY) {
    const ahead = shows(instant) - instant
    if (shows(instant + 7 * DAY) - (instant + 7 * DAY) === ahead) continue
    let minute = instant
    while (shows(minute) - minute === ahead) minute += HOUR
    while (shows(minute - MINUTE) - (minute - MINUTE) !== ahead) minute -= MINUTE
    found.push(minute)
  }
  return found
}

/** The wall time at every minute of the two days on either side of a clock change. */
export interface Scan {
  readonly zone: string
  /** The days to compare slots on: a day after the scan begins to a day before it ends. */
  readonly from: number
  readonly to: number
  readonly minutes: readonly { readonly instant: number; readonly wall: number }[]
  /** Times of day, `HH:MM`, in, at and around the gap or the overlap. */
  readonly times: readonly string[]
}

export function scan(zone: string, transition: number): Scan {
  const shows = clock(zone)
  const minutes = []
  for (let instant = transition - 2 * DAY; instant < transition + 2 * DAY; instant += MINUTE) {
    minutes.push({ instant, wall: shows(instant) })
  }
  const sides = [shows(transition - MINUTE), shows(transition)]
  const times = new Set<string>()
  for (let wall = Math.min(...sides) - 29 * MINUTE; wall <= Math.max(...sides) + 31 * MINUTE; wall += 15 * MINUTE) {
    times.add(new Date(wall).toISOString().slice(11, 16))
  }
  return { zone, from: transition - DAY, to: transition + DAY, minutes, times: [...times] }
}

/** Every minute of the hour at which clocks show it. */
export function hourly({ minutes, from, to }: Scan, minute: number): number[] {
  const shown = minutes.filter(({ wall }) => new Date(wall).getUTCMinutes() === minute)
  return shown.map(({ instant }) => instant).filter((instant) => instant > from && instant <= to)
}

/** Once a day: when clocks first show the time, or jump over it. */
export function daily({ minutes, from, to }: Scan, time: string): number[] {
  const found = new Set<number>()
  const [first, last] = [minutes[0], minutes.at(-1)]
  if (first === undefined || last === undefined) return []
  const midnight = first.wall - (first.wall % DAY)
  for (let wall = midnight + Date.parse(`1970-01-01T${time}Z`); wall < last.wall; wall += DAY) {
    if (wall < first.wall) continue
    const shown = minutes.find((minute) => minute.wall === wall) ?? minutes.find((minute) => minute.wall > wall)
    if (shown !== undefined) found.add(shown.instant)
  }
  return [...found].sort((a, b) => a - b).filter((instant) => instant > from && instant <= to)
}
