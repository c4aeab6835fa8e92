/** The weather in a word. */
export type Condition =
  | 'clear'
  | 'partly cloudy'
  | 'cloudy'
  | 'fog'
  | 'haze'
  | 'dust'
  | 'drizzle'
  | 'rain'
  | 'freezing rain'
  | 'sleet'
  | 'snow'
  | 'thunderstorm'
  | 'tornado'
  | 'unknown'

/**
 * The data of the events of `weather`, the same for every service. What a service does not know is null.
 *
 * | units | temperature | precipitation | wind |
 * |---|---|---|---|
 * | `metric` | °C | mm | km/h |
 * | `imperial` | °F | inches | mph |
 */
export interface Weather {
  /** The place, as the stream's options name it. */
  readonly place: string
  /** The latitude of the options, in degrees. */
  readonly latitude: number
  /** The longitude of the options, in degrees. */
  readonly longitude: number
  /** When it was measured, or the beginning of the hour; ISO 8601 in UTC. */
  readonly time: string
  /** The same time on the clocks of the place, with their offset: `2026-01-05T09:00:00+01:00`. */
  readonly local: string
  /** The IANA time zone of the place; `UTC` if the service names none. */
  readonly timezone: string
  /** The units of the numbers. */
  readonly units: 'metric' | 'imperial'
  /** The air temperature. */
  readonly temperature: number
  /** The temperature that it feels like, with wind and humidity. */
  readonly feelsLike: number | null
  /** The relative humidity, in per cent. */
  readonly humidity: number | null
  /** Rain and snow, as water: of the hour in `weather.hourly`, of the last hour or less in `weather.current`. */
  readonly precipitation: number | null
  /** How likely precipitation is, in per cent; null in `weather.current`. */
  readonly probability: number | null
  /** The speed of the wind. */
  readonly wind: number | null
  /** The speed of its gusts. */
  readonly gusts: number | null
  /** Where the wind comes from, in degrees: 0 is north, 90 east. */
  readonly windDirection: number | null
  /** How much of the sky is covered, in per cent. */
  readonly clouds: number | null
  /** The weather in a word; `unknown` if the service does not say, or says something new. */
  readonly condition: Condition
}

/** What a service measured or expects, always in °C, mm and m/s; `at` in ms since the epoch. */
export interface Reading
  extends Pick<Weather, 'temperature' | 'condition'>,
    Pick<
      Weather,
      'feelsLike' | 'humidity' | 'precipitation' | 'probability' | 'wind' | 'gusts' | 'windDirection' | 'clouds'
    > {
  readonly at: number
}

/** What a service answered; readings without a time or a temperature are left out. */
export interface Report {
  readonly timezone: string | undefined
  readonly current: Reading | undefined
  readonly hourly: readonly Reading[]
  /** How many readings were left out. */
  readonly skipped: number
}

/** A finite number; anything else is null. */
export function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** Makes a reading of fields that a service may not have; undefined without a time, in s, or a temperature. */
export function readingOf(
  seconds: unknown,
  fields: Readonly<Record<Exclude<keyof Reading, 'at' | 'condition'>, unknown>>,
  condition: Condition,
): Reading | undefined {
  const at = (numberOf(seconds) ?? Number.NaN) * 1000
  const { temperature, ...rest } = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, numberOf(value)]),
  ) as Record<keyof typeof fields, number | null>
  if (temperature === null || Number.isNaN(new Date(at).getTime())) return undefined
  return { at, temperature, ...rest, condition }
}

/** Where the weather is, and in which units it is wanted. */
export type Place = Pick<Weather, 'place' | 'latitude' | 'longitude' | 'units'>

/** The data of an event: a reading in the units of the place, with one decimal. */
export function weatherOf(place: Place, timezone: string, { at, condition, ...read }: Reading): Weather {
  const metric = place.units === 'metric'
  const temperature = (celsius: number): number => (metric ? celsius : celsius * 1.8 + 32)
  const speed = (meters: number): number => meters * (metric ? 3.6 : 2.236_936)
  const amount = (millimeters: number): number => (metric ? millimeters : millimeters / 25.4)
  return {
    ...place,
    time: new Date(at).toISOString(),
    local: localTime(at, timezone),
    timezone,
    temperature: rounded(temperature(read.temperature)),
    feelsLike: known(read.feelsLike, temperature),
    humidity: known(read.humidity),
    precipitation: known(read.precipitation, amount, 2),
    probability: known(read.probability),
    wind: known(read.wind, speed),
    gusts: known(read.gusts, speed),
    windDirection: known(read.windDirection),
    clouds: known(read.clouds),
    condition,
  }
}

function known(value: number | null, convert = (same: number): number => same, decimals = 1): number | null {
  return value === null ? null : rounded(convert(value), decimals)
}

function rounded(value: number, decimals = 1): number {
  const rounded = Math.round(value * 10 ** decimals) / 10 ** decimals
  // Too large to be scaled.
  return Number.isFinite(rounded) ? rounded : value
}

/** The time zone, if this machine knows it; otherwise UTC. */
export function zoneOf(timezone: unknown): string {
  try {
    return typeof timezone === 'string'
      ? new Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions().timeZone
      : 'UTC'
  } catch {
    return 'UTC'
  }
}

function localTime(at: number, timeZone: string): string {
  const fields = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const
  const format = new Intl.DateTimeFormat('en', { ...fields, timeZone, hourCycle: 'h23', timeZoneName: 'longOffset' })
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))
  const offset = part['timeZoneName']?.replace('GMT', '') || '+00:00'
  const date = `${part['year']?.padStart(4, '0')}-${part['month']}-${part['day']}`
  return `${date}T${part['hour']}:${part['minute']}:00${offset}`
}
