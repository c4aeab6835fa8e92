import type { Draft } from '../../lib/index.ts'
import { type CalendarEvent, type CalendarOptions, calendar } from '../../streams/calendar.ts'
import { localService } from '../support/local-service.ts'
import { draftsOf } from '../support/watch-stream.ts'

/** When the tests look: Monday, ten minutes to nine in Amsterdam. */
export const NOW = Date.UTC(2026, 0, 5, 7, 50)

/** In ms. */
export const MINUTE = 60_000

/** A time in UTC as calendars write it. */
export function stamp(at: number): string {
  return new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '')
}

/** An event of the given lines, as a file has it. */
export function vevent(...lines: readonly string[]): string {
  return ['BEGIN:VEVENT', 'DTSTAMP:20260101T000000Z', ...lines, 'END:VEVENT'].join('\r\n')
}

/** A file of the given events and zones. */
export function vcalendar(...parts: readonly string[]): string {
  const head = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Example//Calendar 1.0//EN']
  return [...head, ...parts, 'END:VCALENDAR', ''].join('\r\n')
}

/** A single event that begins this many minutes from `NOW`. */
export function meeting(minutes: number, ...lines: readonly string[]): string {
  const start = NOW + minutes * MINUTE
  const times = [`DTSTART:${stamp(start)}`, `DTEND:${stamp(start + 30 * MINUTE)}`]
  return vevent(`UID:meeting-${minutes}@example.com`, ...times, `SUMMARY:Meeting ${minutes}`, ...lines)
}

/** The events that one look at a file tells, as the data that the test names. */
export async function look(
  file: string,
  options: Partial<CalendarOptions> & { readonly now?: number } = {},
): Promise<readonly CalendarEvent[]> {
  const { now = NOW, ...rest } = options
  const stream = calendar({ url: 'https://calendar.example/home.ics', timezone: 'Europe/Amsterdam', ...rest })
  const fetch = async (): Promise<Response> => new Response(file)
  const drafts = await draftsOf(stream, { now: () => now, fetch }, 'soon')
  return drafts.map(({ data }) => data as CalendarEvent)
}

/** The starts of the instances in some days, in order. */
export async function starts(file: string, from: number, days: number, timezone?: string): Promise<string[]> {
  const options = timezone === undefined ? {} : { timezone }
  const events = await look(file, { now: from, soon: days * 24 * 60 * MINUTE, ...options })
  return events.map(({ start }) => start)
}

/** One run of each job against a local service. */
export async function example(t: { after(work: () => unknown): void }): Promise<readonly Draft[]> {
  const service = await localService(t, () => ({ body: vcalendar(meeting(10, 'LOCATION:Room 4')) }))
  const stream = calendar({ url: `${service.url}/home.ics` })
  const world = { now: () => NOW }
  return [...(await draftsOf(stream, world, 'soon')), ...(await draftsOf(stream, world, 'changed'))]
}
