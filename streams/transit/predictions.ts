import { TidingsError } from '../../lib/index.ts'
import { describe } from '../../lib/streams.ts'
import { valueAt } from '../shared/wire.ts'

/** The data of a `transit.prediction` event. Dates are ISO 8601 in UTC. */
export interface Prediction {
  /** The stop, as the stream's options name it. */
  readonly stop: string
  /** The name of the stop or platform: `South Station`. */
  readonly stopName: string | null
  /** The track or platform, once it is known. */
  readonly platform: string | null
  /** The id of the route: `Red`, `1`, `CR-Worcester`. */
  readonly route: string
  /** The name of the route as riders know it: `Red Line`, `1`. */
  readonly routeName: string | null
  /** The direction of travel; what 0 and 1 mean depends on the route. */
  readonly direction: 0 | 1 | null
  /** The id of the trip. Trips of the timetable have the same id every day. */
  readonly trip: string
  /** Where the trip ends, as the vehicle shows it. */
  readonly headsign: string | null
  /** The day of the timetable, `2026-01-31`: it lasts until three at night, in Boston. */
  readonly serviceDate: string
  /** When it leaves, or would have left: the departure, or the time in the timetable without one. */
  readonly time: string
  /** When it leaves, as predicted; null for a cancelled or skipped stop, or without a prediction. */
  readonly departure: string | null
  /** When it arrives, as predicted; null at the first stop of a trip. */
  readonly arrival: string | null
  /** When it leaves in the timetable; null for a trip that is not in it. */
  readonly scheduled: string | null
  /** How many minutes the departure is behind the timetable, rounded; negative if it is early. */
  readonly delay: number | null
  /** `cancelled`: the whole trip. `skipped`: this stop. `added`: a trip that is not in the timetable. */
  readonly state: 'expected' | 'added' | 'cancelled' | 'skipped'
  /** The status as riders see it, such as `Boarding`; mostly for trains. */
  readonly status: string | null
}

/** What an answer predicts. */
export interface Predictions {
  /** In order of time; one for each trip and day. */
  readonly found: readonly Prediction[]
  /** How many were left out because they had no trip, route or time. */
  readonly skipped: number
}

const STATES: Readonly<Record<string, Prediction['state']>> = {
  ADDED: 'added',
  UNSCHEDULED: 'added',
  CANCELLED: 'cancelled',
  SKIPPED: 'skipped',
}

/** Cuts texts that are longer than any name. */
const MOST_CHARACTERS = 500

/**
 * Reads an answer of the MBTA (JSON:API). A vehicle that only arrives, at the end of its trip, is left out.
 *
 * @throws TidingsError `TIDINGS_RESPONSE_INVALID`
 */
export function predictionsOf(stop: string, json: unknown): Predictions {
  const data = valueAt(json, 'data')
  if (!Array.isArray(data)) {
    const words = `stream transit: expected an array in data, got ${describe(data ?? json)}`
    throw new TidingsError('TIDINGS_RESPONSE_INVALID', words)
  }
  const included = new Map<string, unknown>()
  const others = valueAt(json, 'included')
  for (const one of Array.isArray(others) ? others : []) {
    included.set(`${String(valueAt(one, 'type'))} ${String(valueAt(one, 'id'))}`, valueAt(one, 'attributes'))
  }
  const read = data.map((one) => predictionOf(stop, one, included))
  const sound = read.filter((one): one is Prediction | 'arrival' => one !== undefined)
  const leaving = sound.filter((one): one is Prediction => one !== 'arrival')
  const found = new Map<string, Prediction>()
  // A loop calls twice at its first stop; the earlier one is the departure.
  for (const one of leaving.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time))) {
    const key = JSON.stringify([one.trip, one.serviceDate])
    if (!found.has(key)) found.set(key, one)
  }
  return { found: [...found.values()], skipped: read.length - sound.length }
}

function predictionOf(
  stop: string,
  one: unknown,
  included: ReadonlyMap<string, unknown>,
): Prediction | 'arrival' | undefined {
  const of = (name: string): string | null => textOf(valueAt(one, `relationships.${name}.data.id`))
  const about = (type: string, field: string): unknown => valueAt(included.get(`${type} ${of(type)}`), field)
  const attribute = (name: string): unknown => valueAt(one, `attributes.${name}`)
  const [route, trip] = [of('route'), of('trip')]
  const [departure, arrival] = [timeOf(attribute('departure_time')), timeOf(attribute('arrival_time'))]
  const scheduled = timeOf(about('schedule', 'departure_time')) ?? timeOf(about('schedule', 'arrival_time'))
  const state = STATES[String(attribute('schedule_relationship'))] ?? 'expected'
  const runs = state === 'expected' || state === 'added'
  if (runs && departure === null && arrival !== null) return 'arrival'
  const time = (runs ? departure : (scheduled ?? departure ?? arrival)) ?? scheduled
  if (route === null || trip === null || time === null) return undefined
  const direction = attribute('direction_id')
  return {
    stop,
    stopName: textOf(about('stop', 'name')),
    platform: textOf(about('stop', 'platform_code')),
    route,
    routeName: textOf(about('route', 'short_name')) ?? textOf(about('route', 'long_name')),
    direction: direction === 0 || direction === 1 ? direction : null,
    trip,
    headsign: textOf(about('trip', 'headsign')),
    serviceDate: serviceDate(scheduled ?? time),
    time: iso(time),
    departure: runs && departure !== null ? iso(departure) : null,
    arrival: runs && arrival !== null ? iso(arrival) : null,
    scheduled: scheduled === null ? null : iso(scheduled),
    delay: runs && departure !== null && scheduled !== null ? Math.round((departure - scheduled) / 60_000) : null,
    state,
    status: textOf(attribute('status')),
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, MOST_CHARACTERS).toWellFormed() : null
}

/** A time of the service, in ms since the epoch; null if it is not one. */
function timeOf(value: unknown): number | null {
  const at = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? null : at
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

const boston = new Intl.DateTimeFormat('en', {
  timeZone: 'America/New_York',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
})

function serviceDate(at: number): string {
  const parts = boston.formatToParts(at - 3 * 3_600_000)
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, value]))
  return `${part['year']}-${part['month']}-${part['day']}`
}
