import { type JobContext, TidingsError } from '../../lib/index.ts'
import { describe } from '../../lib/streams.ts'
import { httpClient } from '../shared/http-client.ts'
import { valueAt } from '../shared/wire.ts'
import { type Condition, numberOf, type Reading, type Report, readingOf } from './data.ts'
import type { Question } from './open-meteo.ts'

/**
 * Asks the One Call API 3.0 of OpenWeather. Its key is in the query, which errors never show.
 *
 * @throws TidingsError `TIDINGS_RESPONSE_INVALID`
 */
export async function askOpenWeather(context: JobContext, question: Question): Promise<Report> {
  const { baseUrl, latitude: lat, longitude: lon, key: appid, current, hourly } = question
  const client = httpClient(context, { stream: 'weather', baseUrl })
  const exclude = ['minutely', 'daily', 'alerts', ...(current ? [] : ['current']), ...(hourly > 0 ? [] : ['hourly'])]
  const query = { lat, lon, units: 'metric', exclude: exclude.join(','), appid }
  const json = (await client.get('/data/3.0/onecall', { query }))?.json()
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new TidingsError('TIDINGS_RESPONSE_INVALID', `stream weather: OpenWeather: got ${describe(json)}`)
  }
  const hours = valueAt(json, 'hourly')
  const read = Array.isArray(hours) ? hours.map(reading) : []
  const measured = current ? reading(valueAt(json, 'current')) : undefined
  const found = read.filter((one): one is Reading => one !== undefined)
  const skipped = read.length - found.length + (current && measured === undefined ? 1 : 0)
  const timezone = valueAt(json, 'timezone')
  return { timezone: typeof timezone === 'string' ? timezone : undefined, current: measured, hourly: found, skipped }
}

function reading(one: unknown): Reading | undefined {
  const [rain, snow] = [numberOf(valueAt(one, 'rain.1h')), numberOf(valueAt(one, 'snow.1h'))]
  const probability = numberOf(valueAt(one, 'pop'))
  return readingOf(
    valueAt(one, 'dt'),
    {
      temperature: valueAt(one, 'temp'),
      feelsLike: valueAt(one, 'feels_like'),
      humidity: valueAt(one, 'humidity'),
      // Both are left out of an answer when it is dry.
      precipitation: (rain ?? 0) + (snow ?? 0),
      probability: probability === null ? null : probability * 100,
      wind: valueAt(one, 'wind_speed'),
      gusts: valueAt(one, 'wind_gust'),
      windDirection: valueAt(one, 'wind_deg'),
      clouds: valueAt(one, 'clouds'),
    },
    conditionOf(valueAt(one, 'weather.0.id')),
  )
}

/** The condition ids of OpenWeather: the first digit is a group, and some members differ from theirs. */
function conditionOf(id: unknown): Condition {
  if (typeof id !== 'number') return 'unknown'
  const members: Readonly<Record<number, Condition>> = {
    511: 'freezing rain',
    701: 'fog',
    711: 'haze',
    721: 'haze',
    731: 'dust',
    741: 'fog',
    751: 'dust',
    761: 'dust',
    762: 'dust',
    771: 'rain',
    781: 'tornado',
    800: 'clear',
    801: 'partly cloudy',
    802: 'partly cloudy',
    803: 'cloudy',
    804: 'cloudy',
  }
  const groups: Readonly<Record<number, Condition>> = { 2: 'thunderstorm', 3: 'drizzle', 5: 'rain', 6: 'snow' }
  if (id >= 611 && id <= 616) return 'sleet'
  return members[id] ?? groups[Math.floor(id / 100)] ?? 'unknown'
}
