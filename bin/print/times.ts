import { ZoneClock } from '../../lib/core/zone-clock.ts'
import type { Output } from './print.ts'

/** An instant: a Date, its ISO 8601 string, or ms since the epoch. */
export type Instant = Date | string | number

let zone = new ZoneClock()

/** Shows times in this zone from now on: that of the agent. Until then, they are in the zone of the system. */
export function showTimesIn(name: string): void {
  zone = new ZoneClock(name)
}

/** The zone of the times on a terminal, in few columns: `UTC`, `Berlin`. */
export function shownZone(): string {
  return zone.shortName
}

/**
 * Formats instants for a terminal in one form: without what all of them have in common with now, the day or the year, and
 * without fractions of a second.
 */
export function shortTimes(instants: readonly Date[], now = Date.now()): readonly string[] {
  const walls = instants.map((at) => zone.wall(at.getTime()).slice(0, '2026-11-29T13:48:13'.length))
  const today = zone.wall(now)
  const areAll = (length: number): boolean => walls.every((wall) => wall.slice(0, length) === today.slice(0, length))
  const from = areAll('2026-11-29'.length) ? '2026-11-29T'.length : areAll('2026'.length) ? '2026-'.length : 0
  return walls.map((wall) => wall.slice(from).replace('T', ' '))
}

/** Formats an instant for programs: ISO 8601, with the offset of the zone. */
export function isoTime(at: Instant): string {
  return zone.iso(msOf(at))
}

/** Formats an instant in a sentence: on a terminal short, with the zone; for programs as `isoTime`. */
export function timeIn(at: Instant, output: Pick<Output, 'isTTY'> = process.stdout): string {
  const time = new Date(msOf(at))
  // Nothing is known of it.
  if (Number.isNaN(time.getTime())) return '?'
  return output.isTTY === true ? `${shortTimes([time]).join('')} ${zone.shortName}` : isoTime(time)
}

/** Formats an instant in JSON that a person reads on a terminal; a program gets JSON's own form. */
export function jsonTime(at: Instant): string {
  return process.stdout.isTTY ? timeIn(at) : new Date(msOf(at)).toISOString()
}

const INSTANT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g

/** Formats the instants in a sentence of the engine like all others on a terminal. */
export function withTimes(sentence: string, output: Pick<Output, 'isTTY'>): string {
  return output.isTTY === true ? sentence.replace(INSTANT, (at) => timeIn(at, output)) : sentence
}

function msOf(at: Instant): number {
  return new Date(at).getTime()
}
