import { windowsZones } from './windows-zones.ts'

const HOUR = 3_600_000

/** The offset of a zone from UTC at an instant, in ms; east is positive. */
export type Offset = (at: number) => number

/** A change of an embedded VTIMEZONE: from an instant on, this offset. */
export interface Change {
  readonly at: number
  readonly offset: number
}

export const utc: Offset = () => 0

/**
 * The instant at which the clocks of a zone show a time. A time that clocks skip in spring is read with the offset before
 * the change, and one that they show twice in autumn is the first of the two (RFC 5545, 3.3.5).
 *
 * @param wall what the clock shows, as ms since the epoch in UTC
 */
export function instantOf(wall: number, offset: Offset): number {
  const before = offset(wall - 24 * HOUR)
  if (before === offset(wall + 24 * HOUR) && before === offset(wall - before)) return wall - before
  for (const candidate of [before, offset(wall - before), offset(wall + 24 * HOUR)]) {
    if (offset(wall - candidate) === candidate) return wall - candidate
  }
  return wall - before
}

/**
 * The zone of a name: of the IANA database, or of Windows, as Outlook writes them; also behind a prefix such as
 * `/citadel.org/20250101_1/Europe/Berlin`. Undefined if it is neither.
 */
export function namedZone(name: string): Offset | undefined {
  const parts = name.split('/')
  const ends = [parts.length, 3, 2].map((count) => parts.slice(-count).join('/'))
  const windows = Object.hasOwn(windowsZones, name) ? windowsZones[name] : undefined
  return [...ends, ...(windows === undefined ? [] : [windows])].map(ianaZone).find((zone) => zone !== undefined)
}

/** The zone of a list of changes, in order. Before the first, its offset is the one that the first changes from. */
export function changingZone(changes: readonly Change[], earliest: number): Offset {
  return (at) => changes.findLast((change) => change.at <= at)?.offset ?? earliest
}

const known = new Map<string, Offset | undefined>()

/** The zone of a name of the IANA database; undefined if this machine does not know it. */
export function ianaZone(name: string): Offset | undefined {
  // Offsets such as +01:00 are names to Intl.
  if (!/^[A-Z]/i.test(name)) return undefined
  if (!known.has(name)) {
    // Files may name any number of zones.
    if (known.size > 1000) known.clear()
    known.set(name, makeZone(name))
  }
  return known.get(name)
}

function makeZone(timeZone: string): Offset | undefined {
  const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en', { ...fields, second: 'numeric', era: 'short', hourCycle: 'h23', timeZone })
  } catch {
    return undefined
  }
  return (at) => {
    const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
    const number = (name: string): number => Number(part[name])
    const year = part['era'] === 'BC' ? 1 - number('year') : number('year')
    const shown = new Date(0).setUTCFullYear(year, number('month') - 1, number('day'))
    return (
      shown + number('hour') * HOUR + number('minute') * 60_000 + number('second') * 1000 - Math.floor(at / 1000) * 1000
    )
  }
}
