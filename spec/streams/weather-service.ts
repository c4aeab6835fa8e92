import type { Draft } from '../../lib/index.ts'
import { weather } from '../../streams/weather.ts'
import { type Asked, localService, type Told } from '../support/local-service.ts'
import { draftsOf } from '../support/watch-stream.ts'

/** When the tests look: half past nine in the evening, in UTC. */
export const NOW = Date.UTC(2026, 0, 1, 21, 30)

/** In ms. */
export const HOUR = 3_600_000

/** Utrecht; the options of every test. */
export const utrecht = { latitude: 52.09, longitude: 5.12 }

/** What it is like at a time. */
export interface Sky {
  readonly at: number
  readonly temperature?: number | null
  readonly precipitation?: number | null
  /** A code of the WMO, or a condition id of OpenWeather. */
  readonly code?: number | null
  readonly wind?: number
  readonly probability?: number
}

/** The beginning of the hour that is this many hours from `NOW`. */
export function hourAt(hours: number): number {
  return Math.floor(NOW / HOUR + hours) * HOUR
}

const units = {
  time: 'unixtime',
  temperature_2m: '°C',
  apparent_temperature: '°C',
  relative_humidity_2m: '%',
  precipitation: 'mm',
  wind_speed_10m: 'm/s',
  wind_gusts_10m: 'm/s',
  wind_direction_10m: '°',
  cloud_cover: '%',
  weather_code: 'wmo code',
}

function fieldsOf({ at, temperature = 10, precipitation = 0, code = 3, wind = 5, probability = 20 }: Sky) {
  return {
    time: at / 1000,
    temperature_2m: temperature,
    apparent_temperature: temperature === null ? null : temperature - 2,
    relative_humidity_2m: 80,
    precipitation,
    precipitation_probability: probability,
    wind_speed_10m: wind,
    wind_gusts_10m: wind * 2,
    wind_direction_10m: 270,
    cloud_cover: 100,
    weather_code: code,
  }
}

/** An answer of Open-Meteo. */
export function forecast(now: Sky | undefined, hours: readonly Sky[], timezone = 'Europe/Amsterdam') {
  const columns = Object.keys(fieldsOf({ at: 0 })) as (keyof ReturnType<typeof fieldsOf>)[]
  const rows = hours.map(fieldsOf)
  const { precipitation_probability: _, ...present } = fieldsOf(now ?? { at: NOW })
  return {
    latitude: 52.1,
    longitude: 5.12,
    generationtime_ms: 0.2,
    utc_offset_seconds: 3600,
    elevation: 5,
    timezone,
    timezone_abbreviation: 'GMT+1',
    ...(now === undefined ? {} : { current_units: { ...units, interval: 'seconds' } }),
    ...(now === undefined ? {} : { current: { ...present, interval: 900 } }),
    hourly_units: { ...units, precipitation_probability: '%' },
    hourly: Object.fromEntries(columns.map((name) => [name, rows.map((row) => row[name])])),
  }
}

/** An answer of OpenWeather's One Call API 3.0. */
export function oneCall(now: Sky | undefined, hours: readonly Sky[], timezone = 'Europe/Amsterdam') {
  const row = ({ at, temperature = 10, precipitation = 0, code = 804, wind = 5, probability = 20 }: Sky) => ({
    dt: at / 1000,
    temp: temperature,
    feels_like: temperature === null ? null : temperature - 2,
    pressure: 1012,
    humidity: 80,
    dew_point: 6.5,
    uvi: 0,
    clouds: 100,
    visibility: 10_000,
    wind_speed: wind,
    wind_deg: 270,
    wind_gust: wind * 2,
    weather: [{ id: code, main: 'Clouds', description: 'overcast clouds', icon: '04n' }],
    pop: probability / 100,
    // Dry weather has neither.
    ...(precipitation === 0 ? {} : { rain: { '1h': precipitation } }),
  })
  const { pop: _, ...present } = row(now ?? { at: NOW })
  return {
    lat: 52.09,
    lon: 5.12,
    timezone,
    timezone_offset: 3600,
    ...(now === undefined ? {} : { current: { ...present, sunrise: 1_767_253_700, sunset: 1_767_281_900 } }),
    hourly: hours.map(row),
  }
}

/** Answers as Open-Meteo, or as OpenWeather at its path. */
export function serve(now: Sky | undefined, hours: readonly Sky[]): (asked: Pick<Asked, 'path'>) => Told {
  return ({ path }) => {
    if (path === '/v1/forecast') return { body: forecast(now, hours) }
    return path === '/data/3.0/onecall' ? { body: oneCall(now, hours) } : { status: 404 }
  }
}

/** One run against a local service, with an event of each type. */
export async function example(t: { after(work: () => unknown): void }): Promise<readonly Draft[]> {
  const now = { at: NOW, temperature: 7.4, precipitation: 0.3, code: 61 }
  const service = await localService(t, serve(now, [{ ...now, at: hourAt(1), probability: 85 }]))
  return draftsOf(weather({ ...utrecht, baseUrl: service.url }), { now: () => NOW })
}
