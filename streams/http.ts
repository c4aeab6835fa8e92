import { type Draft, type Duration, defineStream, eventType, type JsonValue, job, TidingsError } from '../lib/index.ts'
import { describe } from '../lib/streams.ts'
import { httpClient } from './shared/http-client.ts'
import { address, func, optional, optionsOf, text } from './shared/options.ts'
import { type PollOptions, poll, pollFields } from './shared/poll.ts'

export type { PollOptions } from './shared/poll.ts'

/** The options of the `http` stream. */
export interface HttpOptions extends PollOptions {
  /** The address to ask. Validators (ETag, Last-Modified) are kept, so an unchanged answer costs nothing. */
  readonly url: string
  /** Picks the items of an answer; default the answer itself, which must be an array then. */
  readonly items?: (answer: JsonValue) => readonly JsonValue[]
  /** Names the happening that an item stands for: an id of the service, never a position or a time of asking. */
  readonly identifier: (item: JsonValue) => string
  /** Picks what is published of an item; default the whole item. */
  readonly data?: (item: JsonValue) => JsonValue
  /** How often to look, in ms or as a duration, from 1 s; default `'10m'`. */
  readonly every?: Duration
  /** The name of a secret that is sent as `Authorization: Bearer …`; default none. */
  readonly token?: string
}

const item = eventType('http.item')

const options = optionsOf<HttpOptions>()({
  url: address(),
  items: optional(func<NonNullable<HttpOptions['items']>>()),
  identifier: func<HttpOptions['identifier']>(),
  data: optional(func<NonNullable<HttpOptions['data']>>()),
  token: optional(text()),
  ...pollFields('10m'),
})

/** Publishes the items of a JSON API. */
export const http = defineStream({
  name: 'http',
  summary: 'Items of any JSON API.',
  events: { item },
  options,
  jobs: ({ url, items = itself, identifier, data, token, ...pace }) => {
    const { schedule, options } = poll(pace)
    return [
      job(
        'items',
        schedule,
        async (context): Promise<Draft[]> => {
          const headers = token === undefined ? {} : { authorization: `Bearer ${context.secret(token)}` }
          const client = httpClient(context, { stream: 'http', baseUrl: new URL(url).origin, headers })
          const answer = await client.get(url, { conditional: true })
          if (answer === undefined) return []
          return items(answer.json() as JsonValue).map((one) =>
            item(identifier(one), data === undefined ? one : data(one)),
          )
        },
        { ...options, publishes: [item] },
      ),
    ]
  },
})

function itself(answer: JsonValue): readonly JsonValue[] {
  if (Array.isArray(answer)) return answer as readonly JsonValue[]
  throw new TidingsError('TIDINGS_RESPONSE_INVALID', `stream http: expected an array, got ${describe(answer)}`)
}
