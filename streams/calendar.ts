import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { type Draft, type Duration, defineStream, eventType, type JobContext, job, TidingsError } from '../lib/index.ts'
import {
  type Instance,
  instanceOf,
  instancesOf,
  isLongOver,
  type Series,
  seriesOf,
  Zones,
} from './calendar/instances.ts'
import { parseCalendar } from './calendar/parse.ts'
import type { Budget } from './calendar/rule.ts'
import { ianaZone } from './calendar/zones.ts'
import { bearer } from './shared/bearer.ts'
import { askedAt, httpClient } from './shared/http-client.ts'
import { optionalPackage } from './shared/optional-package.ts'
import {
  address,
  duration,
  type Field,
  like,
  optional,
  optionsOf,
  pageAddress,
  type Settings,
  text,
} from './shared/options.ts'
import { type PollOptions, poll, pollFields } from './shared/poll.ts'
import { Reach } from './shared/reach.ts'
import { identifierOf } from './shared/wire.ts'

export type { PollOptions } from './shared/poll.ts'

/** The options of the `calendar` stream: `url` or `secretUrl`, and how soon is soon. */
export interface CalendarOptions extends PollOptions {
  /** The address of an iCalendar file (`.ics`); `webcal:` is read as `https:`. Default none: see `secretUrl`. */
  readonly url?: string
  /** The name of the secret that holds the address, such as `'CALENDAR_URL'`: a private address is a password. */
  readonly secretUrl?: string
  /** The server to ask instead of the one in `url`, for a proxy or a test; default none. Identifiers do not depend on it. */
  readonly baseUrl?: string
  /** The name of the secret that is sent as `Authorization: Bearer …`; default none. */
  readonly token?: string
  /** How long before it begins an event is told, in ms or as a duration; default `'15m'`. */
  readonly soon?: Duration
  /** The IANA zone of whole days, and of times without a zone; default the zone of this machine. */
  readonly timezone?: string
  /** How often to look, in ms or as a duration, from 1 s; default `'5m'`. Shorter than `soon`, or events are told late. */
  readonly every?: Duration
  /** The number of `calendar.changed` to tell at the first look, from 0; default 0: nothing has changed yet. */
  readonly backfill?: number
}

/** The data of the events of `calendar`. Dates are ISO 8601 in UTC. Texts are cut at 8000 characters. */
export interface CalendarEvent {
  /** The UID, which all instances of a series share. */
  readonly uid: string
  /** The start that this instance has by the rules of its series, a day for whole days; null for a single event. */
  readonly recurrence: string | null
  /** The summary; often the only text. */
  readonly title: string
  /** The location. */
  readonly place: string | null
  /** When it begins; whole days begin at midnight. */
  readonly start: string
  /** When it ends. */
  readonly end: string
  /** The first day of an event that lasts whole days, such as `2026-01-31`; null for one with times. */
  readonly date: string | null
  /** The description. */
  readonly description: string | null
  /** The address that the event links to. */
  readonly url: string | null
  /** The rules by which it recurs, as the calendar has them, with `; ` between several; null for a single event. */
  readonly rule: string | null
  /** Whether it is cancelled; never in `calendar.soon`. */
  readonly cancelled: boolean
}

const soon = eventType('calendar.soon').of<CalendarEvent>()
const changed = eventType('calendar.changed').of<CalendarEvent>()

const options = optionsOf<CalendarOptions>()({
  url: optional(calendarAddress()),
  secretUrl: optional(text()),
  baseUrl: optional(address()),
  token: optional(text()),
  soon: duration('15m'),
  timezone: like<string>(
    "an IANA time zone such as 'Europe/Amsterdam'",
    (value) => typeof value === 'string' && ianaZone(value) !== undefined,
    new Intl.DateTimeFormat().resolvedOptions().timeZone,
  ),
  ...pollFields('5m'),
})

type CalendarSettings = Settings<typeof options.fields>

/**
 * Publishes the events of an iCalendar file: `calendar.soon` before one begins, `calendar.changed` when one is new or
 * changes. Recurrence rules, exceptions, moved instances, whole days and time zones are followed, those of Outlook too.
 *
 * `calendar.soon` publishes each instance once, from `soon` before its start; again if it moves, before its new start.
 * After a pause it publishes late what has begun meanwhile, unless it has ended. It leaves out what began before the first
 * look.
 *
 * `calendar.changed` publishes a single event, a series or a moved instance when its start, end, title, place, rules,
 * exceptions or cancellation change; other noise in the file does not count. It leaves out events that are over, and does
 * not notice events that disappear from the file.
 *
 * One event may be in several calendars: the identifiers of a use with `as` begin with that name.
 *
 * The package ical.js is an optional peer dependency: `npm install ical.js`.
 *
 * **Limits.** Files up to 16 MiB. Each job asks once a look, and whether the file has changed if its server supports that.
 *
 * **Errors.** `TIDINGS_HTTP_FAILED` for a status that is not a success, `TIDINGS_RESPONSE_INVALID` for an answer that is
 * not a whole calendar. An event that can't be read, or recurs too often to be expanded, is left out and logged; so is the
 * name of an unknown zone, whose times are read in `timezone`.
 *
 * @example
 * ```ts
 * import { agent, listener, on } from 'tidings'
 * import { calendar } from 'tidings/streams/calendar'
 *
 * export default agent('home', [
 *   calendar({ secretUrl: 'CALENDAR_URL', soon: '10m', timezone: 'Europe/Amsterdam' }),
 *   listener('soon', on(calendar.soon), ({ data }) => console.log(`${data.start} ${data.title}, ${data.place}`)),
 * ])
 * ```
 */
export const calendar = defineStream({
  name: 'calendar',
  summary: 'Events of an iCalendar file that begin soon, or change.',
  events: { soon, changed },
  options,
  jobs: (settings, _, use) => {
    // One event may be in several calendars, and differ.
    const scope = use === 'calendar' ? '' : `${use} `
    if ((settings.url === undefined) === (settings.secretUrl === undefined)) {
      throw new TidingsError('TIDINGS_STREAM_INVALID', 'stream calendar needs either url or secretUrl')
    }
    const { schedule, options } = poll(settings)
    return [
      job('soon', schedule, (context) => lookAhead(context, settings, scope), {
        timeout: '2m',
        // Many events may begin at the same time.
        flood: false,
        publishes: [soon],
      }),
      job('changed', schedule, (context) => lookForChanges(context, settings, scope), {
        ...options,
        publishes: [changed],
      }),
    ]
  },
})

/** In ms. */
const DAY = 86_400_000

/** The work for the rules of one file: a thousand series over some days need a tenth of it. */
const BUDGET = 1_000_000

/** Series to expand before other work has a turn. */
const SLICE = 100

async function lookAhead(context: JobContext, settings: CalendarSettings, scope: string): Promise<Draft[]> {
  const now = context.now()
  const first = await context.state.get<number>('since')
  // A clock that was ahead at the first look must not hide events.
  const since = Math.min(first ?? now, now)
  if (since !== first) context.state.set('since', since)
  const reach = await Reach.of(context)
  const file = await read(context, settings, reach.hasMore)
  if (file === undefined) return []
  const found: Instance[] = []
  for await (const series of file.series()) {
    const instances = instancesOf(series, { from: now, to: now + settings.soon + DAY }, file.zones, file.budget)
    if (instances === undefined) file.skip()
    found.push(...(instances ?? []).filter(({ entry, start }) => !isCancelled(series, entry) && start >= since))
  }
  file.report()
  found.sort((a, b) => a.start - b.start)
  const far = found.find(({ start }) => start > now + settings.soon)
  reach.save(far === undefined ? now + DAY : far.start - settings.soon)
  return found
    .filter(({ start }) => start <= now + settings.soon)
    .map((one) => ({ ...soon(identifierIn(scope, one), dataOf(one)), version: new Date(one.start).toISOString() }))
}

async function lookForChanges(context: JobContext, settings: CalendarSettings, scope: string): Promise<Draft[]> {
  const reach = await Reach.of(context)
  const file = await read(context, settings, reach.hasMore)
  if (file === undefined) return []
  reach.save()
  const now = context.now()
  const drafts: Draft[] = []
  for await (const { main, overrides } of file.series()) {
    for (const entry of main === undefined ? overrides : [main, ...overrides]) {
      if (isLongOver(entry, now)) continue
      const one = instanceOf(entry, file.zones)
      const last = Math.max(one.end, ...entry.dates.map((date) => file.zones.at(date) + one.end - one.start))
      const endless = entry.rules.some(({ until }) => until === undefined || until.wall + 2 * DAY > now)
      if (last <= now && !endless) continue
      const { start, end, title, place, cancelled } = dataOf(one)
      const except = [entry.dates, entry.exceptions].map((dates) =>
        dates.map(({ wall }) => wall).toSorted((a, b) => a - b),
      )
      const matters = JSON.stringify([start, end, one.date, title, place, cancelled, entry.ruleTexts, ...except])
      const version = createHash('sha256').update(matters).digest('base64url').slice(0, 22)
      drafts.push({ ...changed(identifierIn(scope, one), dataOf(one)), version })
    }
  }
  file.report()
  return drafts
}

function identifierIn(scope: string, { identifier }: Instance): string {
  return identifierOf(`${scope}${identifier}`) ?? identifier
}

function isCancelled({ main }: Series, entry: Instance['entry']): boolean {
  return entry.cancelled || main?.cancelled === true
}

/** A file as it is now; undefined if it has not changed since the last look, unless the whole is asked for. */
async function read(context: JobContext, settings: CalendarSettings, whole: boolean) {
  const { url, secretUrl, baseUrl, token, timezone } = settings
  const secret = secretUrl === undefined ? undefined : calendarAddress().read(context.secret(secretUrl).trim())
  const file = url ?? secret
  if (file === undefined) {
    const words = `stream calendar: the secret ${secretUrl} is not an http or https address`
    throw new TidingsError('TIDINGS_STREAM_INVALID', words)
  }
  const ical = (await optionalPackage('stream calendar', ['ical.js'], () => import('ical.js'))).default
  const at = askedAt(file, baseUrl)
  const client = httpClient(context, {
    stream: 'calendar',
    baseUrl: at.origin,
    headers: bearer(context, token),
    secretPaths: secretUrl !== undefined,
    maxBytes: 16 * 1024 * 1024,
  })
  const answer = await client.get(at.href, { conditional: true, whole })
  if (answer === undefined) return undefined
  const parsed = await parseCalendar(ical, answer.text(), context.signal)
  const budget: Budget = { left: BUDGET }
  const zones = new Zones(parsed, timezone, budget)
  let { skipped } = parsed
  const skip = (): void => void skipped++
  const report = (): void => {
    if (skipped > 0) context.logger.warn({ skipped }, "events that can't be read or expanded")
    if (zones.unknown.size > 0) context.logger.warn({ zones: [...zones.unknown] }, 'unknown time zones')
  }
  async function* series(): AsyncGenerator<Series> {
    for (const [at, one] of seriesOf(parsed.entries, zones).entries()) {
      if (at % SLICE === SLICE - 1) await setImmediate()
      context.signal.throwIfAborted()
      yield one
    }
  }
  return { budget, zones, series, skip, report }
}

function dataOf({ entry, start, end, date, recurrence }: Instance): CalendarEvent {
  const { uid, title, place, description, url, ruleTexts, cancelled } = entry
  return {
    uid,
    recurrence,
    title,
    place,
    start: new Date(start).toISOString(),
    end: new Date(end).toISOString(),
    date,
    description,
    url,
    rule: ruleTexts.length === 0 ? null : ruleTexts.join('; ').slice(0, 8000),
    cancelled,
  }
}

/** The address of a calendar; calendars are linked as `webcal:`. */
function calendarAddress(): Field<string> {
  const { read, ...field } = pageAddress()
  return {
    ...field,
    read: (value) => read(typeof value === 'string' ? value.replace(/^webcals?:/i, 'https:') : value),
  }
}
