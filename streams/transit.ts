import { type Draft, type Duration, defineStream, eventType, type JobContext, job } from '../lib/index.ts'
import { Deadband } from './shared/deadband.ts'
import { httpClient } from './shared/http-client.ts'
import { address, count, duration, like, optional, optionsOf, type Settings, text } from './shared/options.ts'
import { type PollOptions, poll, pollFields } from './shared/poll.ts'
import { Reach } from './shared/reach.ts'
import { serviceTime } from './shared/service-time.ts'
import { type Prediction, predictionsOf } from './transit/predictions.ts'

export type { PollOptions } from './shared/poll.ts'
export type { Prediction } from './transit/predictions.ts'

/** The options of the `transit` stream. */
export interface TransitOptions extends PollOptions {
  /** The id of a stop or station of the MBTA: `'place-sstat'`, `'110'`. One; use the stream again for others. */
  readonly stop: string
  /** The id of a route, or several with commas: `'Red'`, `'1,66'`; default all routes of the stop. */
  readonly route?: string
  /** The direction of travel, as the route numbers it; default both. */
  readonly direction?: 0 | 1
  /** How far ahead a departure may be to be told, in ms or as a duration; default `'30m'`. */
  readonly within?: Duration
  /** How far a departure must move from what was told last to be told again, in ms or as a duration; default `'2m'`. */
  readonly moves?: Duration
  /** The name of the secret that holds an API key, such as `'MBTA_KEY'`; default none, with a lower limit. */
  readonly token?: string
  /** How often to look, in ms or as a duration, from 1 s; default `'1m'`. */
  readonly every?: Duration
  /** The number of departures to tell at the first look, from 0; default all, because none of them is old. */
  readonly backfill?: number
  /** Where the service is; default `'https://api-v3.mbta.com'`. */
  readonly baseUrl?: string
}

const prediction = eventType('transit.prediction').of<Prediction>()

const options = optionsOf<TransitOptions>()({
  stop: like<string>('the id of one stop', (value) => typeof value === 'string' && /^[^,]+$/.test(value)),
  route: optional(text()),
  direction: optional(like<0 | 1>('0 or 1', (value) => value === 0 || value === 1)),
  within: duration('30m'),
  moves: duration('2m'),
  token: optional(text()),
  baseUrl: address('https://api-v3.mbta.com'),
  ...pollFields('1m'),
  backfill: count(1000),
})

/**
 * Publishes the departures from a stop of the MBTA (Boston) in the next half hour, as predicted: `transit.prediction`.
 *
 * A departure is identified by its stop, trip and service date; ids of predictions and the platform may change. It is told
 * again when it moves by `moves` or more from what was told last, also out of the next half hour; when its `state`,
 * `status` or platform changes; but not for every "3 stops away". A vehicle that ends its trip at the stop is not told.
 *
 * **Limits.** 20 requests a minute without a key, 1000 with one. A run that reaches the limit is tried again when the
 * limit ends (`x-ratelimit-reset`). An unchanged answer (304, by `If-Modified-Since`) does not count; it is asked for
 * unless a departure that was too far ahead has come within reach.
 *
 * **Errors.** `TIDINGS_HTTP_FAILED` for a status that is not a success (403: the key), `TIDINGS_RESPONSE_INVALID` for an
 * answer that is not a list of predictions. A prediction without trip, route or any time is left out and logged.
 *
 * @example
 * ```ts
 * import { agent, listener, on } from 'tidings'
 * import { transit } from 'tidings/streams/transit'
 *
 * export default agent('home', [
 *   transit({ stop: 'place-sstat', route: 'Red', direction: 1 }),
 *   listener('trains', on(transit.prediction), ({ data }) => console.log(data.time, data.headsign, data.state)),
 * ])
 * ```
 */
export const transit = defineStream({
  name: 'transit',
  summary: 'Predicted departures from a stop of the MBTA.',
  events: { prediction },
  options,
  jobs: (settings) => {
    const { schedule, options } = poll(settings)
    const run = (context: JobContext): Promise<Draft[]> => look(context, settings)
    // After a pause, all departures are new.
    return [job('predictions', schedule, run, { ...options, flood: false, publishes: [prediction] })]
  },
})

async function look(context: JobContext, settings: Settings<typeof options.fields>): Promise<Draft[]> {
  const { stop, route, direction, within, moves, token, baseUrl } = settings
  const headers = token === undefined ? {} : { 'x-api-key': context.secret(token) }
  const now = context.now()
  const retryAfter = (_: string, answered: Headers): number | undefined => limitEnd(answered, now)
  const client = httpClient(context, { stream: 'transit', baseUrl, headers, retryAfter })
  const reach = await Reach.of(context)
  const answer = await client.get('/predictions', {
    query: {
      'filter[stop]': stop,
      'filter[route]': route,
      'filter[direction_id]': direction,
      include: 'route,trip,stop,schedule',
      sort: 'departure_time',
    },
    conditional: true,
    whole: reach.hasMore,
  })
  if (answer === undefined) return []
  const { found, skipped } = predictionsOf(stop, answer.json())
  if (skipped > 0) context.logger.warn({ skipped }, 'predictions without a trip, route or time')
  const deadband = await Deadband.of(context)
  const ahead = found.filter(({ time }) => Date.parse(time) >= now)
  const isNear = (one: Prediction): boolean => Date.parse(one.time) <= now + within
  const drafts = ahead
    .filter((one) => isNear(one) || deadband.knows(identifierOf(one)))
    .map((one): Draft => {
      const { status, state, platform, departure } = one
      const readings = {
        departure: departure === null ? null : Date.parse(departure),
        state,
        platform,
        status: /\baway$/i.test(status ?? '') ? null : status,
      }
      const until = Date.parse(one.time) + within
      const version = deadband.version(identifierOf(one), readings, { departure: moves }, until)
      return { ...prediction(identifierOf(one), one), version }
    })
  deadband.save()
  const far = ahead.find((one) => !isNear(one))
  reach.save(far === undefined ? undefined : Date.parse(far.time) - within)
  return drafts
}

function identifierOf({ stop, trip, serviceDate }: Prediction): string {
  return `${stop} ${trip} ${serviceDate}`
}

/** In how many seconds the limit ends, if it is reached: every answer says when. */
function limitEnd(headers: Headers, now: number): number | undefined {
  const reset = Number(headers.get('x-ratelimit-reset') ?? Number.NaN)
  const reached = (headers.get('x-ratelimit-remaining') ?? '0') === '0'
  return reached && Number.isFinite(reset) ? Math.max(0, reset - serviceTime(headers, now) / 1000) : undefined
}
