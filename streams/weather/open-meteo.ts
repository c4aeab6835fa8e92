import { type JobContext, TidingsError } from '../../lib/index.ts'
import { describe } from '../../lib/streams.ts'
import { httpClient } from '../shared/http-client.ts'
import { serviceTime } from '../shared/service-time.ts'
import { valueAt } from '../shared/wire.ts'
import { type Condition, type Reading, type Report, readingOf } from './data.ts'

/** What a report is asked for. */
export interface Question {
  readonly baseUrl: string
  readonly latitude: number
  readonly longitude: number
  /** The value of the key. */
  readonly key: string | undefined
  readonly current: boolean
  /** How many hours ahead. */
  readonly hourly: number
}

/** Our fields, as Open-Meteo names them, and the unit that each must have. */
const FIELDS = {
  temperature: ['temperature_2m', '°C'],
  feelsLike: ['apparent_temperature', '°C'],
  humidity: ['relative_humidity_2m', '%'],
  precipitation: ['precipitation', 'mm'],
  probability: ['precipitation_probability', '%'],
  wind: ['wind_speed_10m', 'm/s'],
  gusts: ['wind_gusts_10m', 'm/s'],
  windDirection: ['wind_direction_10m', '°'],
  clouds: ['cloud_cover', '%'],
} as const

const names = Object.values(FIELDS).map(([name]) => name)

/** How long each limit of Open-Meteo lasts, in ms. Each ends with a minute, an hour or a day in UTC. */
const LIMITS = [
  [/^minutely/i, 60_000],
  [/^hourly/i, 3_600_000],
  [/^daily/i, 86_400_000],
] as const

/**
 * Asks Open-Meteo. Times are asked for in seconds since the epoch: its local times repeat an hour in autumn.
 *
 * @throws Retry when a limit is reached, TidingsError `TIDINGS_RESPONSE_INVALID`
 */
export async function askOpenMeteo(context: JobContext, question: Question): Promise<Report> {
  const { baseUrl, latitude, longitude, key, current, hourly } = question
  const retryAfter = (body: string, headers: Headers): number | undefined =>
    limitEnd(body, serviceTime(headers, context.now()))
  const client = httpClient(context, { stream: 'weather', baseUrl, retryAfter })
  const query = {
    latitude,
    longitude,
    timezone: 'auto',
    timeformat: 'unixtime',
    wind_speed_unit: 'ms',
    ...(current
      ? { current: [...names.filter((name) => name !== 'precipitation_probability'), 'weather_code'].join(',') }
      : {}),
    // The hour that has begun counts as one.
    ...(hourly > 0 ? { hourly: [...names, 'weather_code'].join(','), forecast_hours: hourly + 1 } : {}),
    apikey: key,
  }
  const json = (await client.get('/v1/forecast', { query }))?.json()
  const reason = valueAt(json, 'reason')
  if (typeof json !== 'object' || json === null || valueAt(json, 'error') === true) {
    throw invalid(typeof reason === 'string' ? reason.slice(0, 200).toWellFormed() : `got ${describe(json)}`)
  }
  checkUnits(json)
  const hours = valueAt(json, 'hourly.time')
  const read = Array.isArray(hours) ? hours.map((_, at) => reading(json, 'hourly', `.${at}`)) : []
  const measured = current ? reading(json, 'current', '') : undefined
  const found = read.filter((one): one is Reading => one !== undefined)
  const skipped = read.length - found.length + (current && measured === undefined ? 1 : 0)
  const timezone = valueAt(json, 'timezone')
  return { timezone: typeof timezone === 'string' ? timezone : undefined, current: measured, hourly: found, skipped }
}

function reading(json: object, part: 'current' | 'hourly', index: string): Reading | undefined {
  const read = (name: string): unknown => valueAt(json, `${part}.${name}${index}`)
  const fields = Object.entries(FIELDS).map(([field, [name]]) => [field, read(name)])
  return readingOf(
    read('time'),
    Object.fromEntries(fields) as Record<keyof typeof FIELDS, unknown>,
    conditionOf(read('weather_code')),
  )
}

// A service that ignores a parameter would be misread: 50 °F is cold, 50 °C is not.
function checkUnits(json: object): void {
  for (const part of ['current_units', 'hourly_units']) {
    for (const [name, expected] of [...Object.values(FIELDS), ['time', 'unixtime']] as const) {
      const unit = valueAt(json, `${part}.${name}`)
      if (unit !== undefined && unit !== expected) {
        throw invalid(`${part}.${name} is ${describe(unit)}, expected ${describe(expected)}`)
      }
    }
  }
}

/** In how many seconds the limit ends that was reached. There is no `Retry-After`, but the reason names the limit. */
function limitEnd(body: string, now: number): number | undefined {
  const reason = /"reason"\s*:\s*"([^"]*)/.exec(body)?.[1] ?? ''
  const length = LIMITS.find(([limit]) => limit.test(reason))?.[1]
  return length === undefined ? undefined : (length - (now % length)) / 1000
}

/** The weather codes of the WMO, as Open-Meteo uses them. */
function conditionOf(code: unknown): Condition {
  const words: readonly (readonly [Condition, readonly number[]])[] = [
    ['clear', [0, 1]],
    ['partly cloudy', [2]],
    ['cloudy', [3]],
    ['fog', [45, 48]],
    ['drizzle', [51, 53, 55]],
    ['freezing rain', [56, 57, 66, 67]],
    ['rain', [61, 63, 65, 80, 81, 82]],
    ['snow', [71, 73, 75, 77, 85, 86]],
    ['thunderstorm', [95, 96, 99]],
  ]
  return words.find(([, codes]) => codes.includes(code as number))?.[0] ?? 'unknown'
}

function invalid(words: string): TidingsError {
  return new TidingsError('TIDINGS_RESPONSE_INVALID', `stream weather: Open-Meteo: ${words}`)
}
