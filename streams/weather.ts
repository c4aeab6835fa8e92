import { type Draft, type Duration, defineStream, eventType, type JobContext, job } from '../lib/index.ts'
import { Deadband, type Readings } from './shared/deadband.ts'
import {
  address,
  amount,
  choice,
  count,
  flag,
  like,
  listOf,
  optional,
  optionsOf,
  type Settings,
  text,
} from './shared/options.ts'
import { type PollOptions, poll, pollFields } from './shared/poll.ts'
import { type Place, type Weather, weatherOf, zoneOf } from './weather/data.ts'
import { askOpenMeteo } from './weather/open-meteo.ts'
import { askOpenWeather } from './weather/openweather.ts'
import { colderThan, rain, snow, warmerThan, windierThan } from './weather/tests.ts'
import { wear } from './weather/wear.ts'

export type { PollOptions } from './shared/poll.ts'
export type { Condition, Weather } from './weather/data.ts'
export { colderThan, rain, snow, type WeatherEvent, warmerThan, windierThan } from './weather/tests.ts'
export { wear } from './weather/wear.ts'

/** How far each field must move to be told, by default. */
const STEPS = {
  metric: {
    temperature: 1,
    feelsLike: 1,
    humidity: 10,
    precipitation: 0.5,
    probability: 20,
    wind: 10,
    gusts: 15,
    windDirection: 45,
    clouds: 25,
    condition: 0,
  },
  imperial: {
    temperature: 2,
    feelsLike: 2,
    humidity: 10,
    precipitation: 0.02,
    probability: 20,
    wind: 6,
    gusts: 9,
    windDirection: 45,
    clouds: 25,
    condition: 0,
  },
} as const

/** A field of `Weather` whose changes may be told. */
export type WeatherField = keyof (typeof STEPS)['metric']

const FIELDS = Object.keys(STEPS.metric) as readonly WeatherField[]

/** The services, and where they are. */
const SERVICES = {
  'open-meteo': { baseUrl: 'https://api.open-meteo.com', ask: askOpenMeteo },
  openweather: { baseUrl: 'https://api.openweathermap.org', ask: askOpenWeather },
} as const

/** The options of the `weather` stream. */
export interface WeatherOptions extends PollOptions {
  /** The latitude of the place, in degrees from -90 to 90; north is positive. */
  readonly latitude: number
  /** The longitude of the place, in degrees from -180 to 180; east is positive. */
  readonly longitude: number
  /**
   * Names the place, in events and their identifiers; default its coordinates. Two uses with other `changes` or `units`
   * for one place need names of their own.
   */
  readonly place?: string
  /** Who is asked: `'open-meteo'` (the default; it needs no key) or `'openweather'` (its One Call API 3.0). */
  readonly service?: 'open-meteo' | 'openweather'
  /**
   * The name of the secret that holds the key: of OpenWeather, default `'OPENWEATHER_KEY'`; for Open-Meteo default none: a
   * key of its customers goes with `baseUrl: 'https://customer-api.open-meteo.com'`.
   */
  readonly token?: string
  /** `'metric'` (the default): °C, mm, km/h. `'imperial'`: °F, inches, mph. */
  readonly units?: 'metric' | 'imperial'
  /** Whether to publish `weather.current`; default true. */
  readonly current?: boolean
  /** How many hours ahead to publish as `weather.hourly`, from 0 to 48, and the hour that has begun; default 12, 0 for none. */
  readonly hourly?: number
  /** The fields whose changes are told; default `['temperature', 'precipitation', 'wind', 'condition']`. */
  readonly changes?: readonly WeatherField[]
  /**
   * How far a field must move from what was told last to be told again, in the units of its events. Default (metric):
   * temperature and feelsLike 1, humidity 10, precipitation 0.5, probability 20, wind 10, gusts 15, windDirection 45,
   * clouds 25; (imperial): temperature and feelsLike 2, precipitation 0.02, wind 6, gusts 9.
   */
  readonly steps?: { readonly [F in Exclude<WeatherField, 'condition'>]?: number }
  /** How often to look, in ms or as a duration, from 1 s; default `'30m'`. */
  readonly every?: Duration
  /** The number of events to tell at the first look, from 0; default all, because none of them is old. */
  readonly backfill?: number
  /** Where the service is; default its own address. */
  readonly baseUrl?: string
}

const current = eventType('weather.current').of<Weather>()
const hourly = eventType('weather.hourly').of<Weather>()

const options = optionsOf<WeatherOptions>()({
  latitude: amount(undefined, { min: -90, max: 90 }),
  longitude: amount(undefined, { min: -180, max: 180 }),
  place: optional(text()),
  service: choice(['open-meteo', 'openweather'], 'open-meteo'),
  token: optional(text()),
  units: choice(['metric', 'imperial'], 'metric'),
  current: flag(true),
  hourly: count(12, { max: 48 }),
  changes: listOf<WeatherField>(choice(FIELDS), ['temperature', 'precipitation', 'wind', 'condition']),
  steps: like<NonNullable<WeatherOptions['steps']>>(
    `an object of numbers above 0, of ${FIELDS.filter((field) => field !== 'condition').join(', ')}`,
    isSteps,
    {},
  ),
  baseUrl: optional(address()),
  ...pollFields('30m'),
  backfill: count(1000),
})

const definition = defineStream({
  name: 'weather',
  summary: 'The weather of a place now and in the next hours, from Open-Meteo or OpenWeather.',
  events: { current, hourly },
  options,
  jobs: (settings) => {
    const { schedule, options } = poll(settings)
    const run = (context: JobContext): Promise<Draft[]> => look(context, settings)
    // After a pause, all hours are new.
    return [job('weather', schedule, run, { ...options, flood: false, publishes: [current, hourly] })]
  },
})

/**
 * Publishes the weather of a place: `weather.current`, and one `weather.hourly` for each of the next hours. One request a
 * look serves both.
 *
 * An event is told again when a chosen field moves: `changes` says which fields, `steps` how far. Values are compared with
 * those told last, so noise stays silent and a slow drift does not. `weather.current` has one identity for each place,
 * `weather.hourly` one for each place and hour; hours that have passed are not told any more.
 *
 * Tests of events: `rain()`, `snow()`, `colderThan(5)`, `warmerThan(25)`, `windierThan(50)`, also as `weather.rain()` and so
 * on. `wear(event.data)` says what to wear.
 *
 * **Limits.** Open-Meteo: free for non-commercial use, 10 000 requests a day. OpenWeather: 1000 requests a day are free.
 * When a limit of Open-Meteo is reached, the run is tried again when that minute, hour or day (UTC) is over; otherwise after
 * the `Retry-After` of the answer.
 *
 * **Errors.** `TIDINGS_HTTP_FAILED` for a status that is not a success (401: the key), `TIDINGS_RESPONSE_INVALID` for an
 * answer that is not a forecast or is in other units than asked for. A time without a temperature is left out and logged.
 *
 * @example
 * ```ts
 * import { agent, listener, on, where } from 'tidings'
 * import { rain, wear, weather } from 'tidings/streams/weather'
 *
 * const wet = on(weather.current).pipe(where(rain()))
 * export default agent('home', [
 *   weather({ latitude: 52.09, longitude: 5.12 }),
 *   listener('wet', wet, ({ data }) => console.log(`${data.temperature} °C, ${data.condition}. ${wear(data)}`)),
 * ])
 * ```
 */
export const weather = Object.assign(definition, { rain, snow, colderThan, warmerThan, windierThan, wear })

async function look(context: JobContext, settings: Settings<typeof options.fields>): Promise<Draft[]> {
  const { latitude, longitude, service, units, place: name = `${latitude},${longitude}` } = settings
  const { ask, baseUrl } = SERVICES[service]
  const token = settings.token ?? (service === 'openweather' ? 'OPENWEATHER_KEY' : undefined)
  const report = await ask(context, {
    baseUrl: settings.baseUrl ?? baseUrl,
    latitude,
    longitude,
    key: token === undefined ? undefined : context.secret(token),
    current: settings.current,
    hourly: settings.hourly,
  })
  if (report.skipped > 0) context.logger.warn({ skipped: report.skipped }, 'weather without a time or temperature')
  const place: Place = { place: name, latitude, longitude, units }
  const timezone = zoneOf(report.timezone)
  const deadband = await Deadband.of(context)
  const steps = { ...STEPS[units], ...settings.steps }
  const draft = (type: typeof current | typeof hourly, identifier: string, data: Weather, until: number): Draft => {
    const readings: Readings = Object.fromEntries(settings.changes.map((field) => [field, data[field]]))
    return {
      ...type(identifier, data),
      version: deadband.version(`${type.type} ${identifier}`, readings, steps, until),
    }
  }
  const now = context.now()
  const ahead = report.hourly
    .filter(({ at }) => settings.hourly > 0 && at > now - HOUR && at <= now + settings.hourly * HOUR)
    .map((reading) => weatherOf(place, timezone, reading))
    .map((data) => draft(hourly, `${name} ${data.time}`, data, Date.parse(data.time) + HOUR))
  const present = report.current === undefined ? [] : [weatherOf(place, timezone, report.current)]
  const measured = present.map((data) => draft(current, name, data, FOREVER))
  deadband.save()
  return [...ahead, ...measured]
}

/** A time that does not come: a place always has weather. */
const FOREVER = Number.MAX_SAFE_INTEGER

/** In ms. */
const HOUR = 3_600_000

function isSteps(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.entries(value).every(([field, step]: readonly [string, unknown]) => {
    const known = field !== 'condition' && (FIELDS as readonly string[]).includes(field)
    return known && typeof step === 'number' && step > 0
  })
}
