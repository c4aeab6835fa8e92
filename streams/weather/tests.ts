import type { Test } from '../../lib/index.ts'
import { all, any, at, gt, gte, lt, oneOf } from '../../lib/streams.ts'
import type { Weather } from './data.ts'

/** Any event of `weather`. */
export interface WeatherEvent {
  /** Its data. */
  readonly data: Weather
}

/**
 * Tests whether it rains: drizzle, rain, freezing rain, sleet or a thunderstorm. With `least`, add `'probability'` to the
 * `changes` of the stream: otherwise a forecast that only becomes likelier is not told again.
 *
 * @param least the least `probability`, in per cent; default any. For `weather.hourly`: `weather.current` has none
 */
export function rain(least?: number): Test<WeatherEvent> {
  const wet = at<WeatherEvent, 'data.condition'>(
    'data.condition',
    oneOf('drizzle', 'rain', 'freezing rain', 'sleet', 'thunderstorm'),
  )
  return least === undefined ? wet : all(wet, at<WeatherEvent, 'data.probability'>('data.probability', gte(least)))
}

/** Tests whether it snows: snow or sleet. */
export function snow(): Test<WeatherEvent> {
  return at<WeatherEvent, 'data.condition'>('data.condition', oneOf('snow', 'sleet'))
}

/** Tests whether the temperature is below `degrees`, in the units of the event. */
export function colderThan(degrees: number): Test<WeatherEvent> {
  return at<WeatherEvent, 'data.temperature'>('data.temperature', lt(degrees))
}

/** Tests whether the temperature is above `degrees`, in the units of the event. */
export function warmerThan(degrees: number): Test<WeatherEvent> {
  return at<WeatherEvent, 'data.temperature'>('data.temperature', gt(degrees))
}

/** Tests whether the wind or its gusts are above `speed`, in the units of the event. */
export function windierThan(speed: number): Test<WeatherEvent> {
  const above = gt(speed)
  return any(at<WeatherEvent, 'data.wind'>('data.wind', above), at<WeatherEvent, 'data.gusts'>('data.gusts', above))
}
