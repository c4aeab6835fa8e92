import {
  defineStream,
  eventType,
  type JsonValue,
  job,
  type Stream,
  type StreamUse,
  type UntypedEventType,
} from '../lib/index.ts'
import { items } from './http/items.ts'
import { type HttpOptions, options } from './http/options.ts'
import { post } from './http/post.ts'
import { poll } from './shared/poll.ts'

export type { HttpHeaders, HttpOptions, HttpPage } from './http/options.ts'
export type { HttpPostOptions, HttpRequest } from './http/post.ts'
export type { PollOptions } from './shared/poll.ts'

/** The `http` stream: called with its options, it is a part of an agent. */
export interface HttpStream {
  /** Makes the jobs that ask one API. */
  <I = JsonValue, D = unknown>(options: HttpOptions<I, D> & StreamUse): Stream
  /** An item of an API that has no event type of its own. */
  readonly item: UntypedEventType<'http.item'>
  /** Returns a handler that sends what its listener hears. */
  readonly post: typeof post
}

const item = eventType('http.item')

/**
 * Publishes the items of any JSON API, each once by its identifier. Without `next`, the answer's ETag or Last-Modified is
 * kept, and an unchanged answer is not sent again.
 *
 * Give each API an event type of its own: then the compiler checks `data`, and listeners know it. Without `type`, the
 * events are `http.item`, and the identifiers of a use with a name (`as`) begin with it, `vacancies:17`, because two APIs
 * may number alike.
 *
 * **Limits**: 8 MiB an answer, and two minutes a look. A page that was read before ends a look. Credentials go to the
 * origin of `url` alone, and a public service leads to no private address. How often you may ask is the service's choice.
 *
 * **Errors**: `TIDINGS_RESPONSE_INVALID` when the answer has no array where `items` says, when a function throws, or when
 * not one item has an identifier; items that can be read are published all the same. `TIDINGS_HTTP_FAILED` when the
 * service fails.
 *
 * @example
 * ```ts
 * import { agent, eventType, listener, on } from 'tidings'
 * import { http } from 'tidings/streams/http'
 *
 * interface Vacancy { id: number; title: string; place: { city: string } }
 * const vacancy = eventType('vacancy').of<{ title: string; city: string }>()
 * const vacancies = http({
 *   url: 'https://jobs.example/api/vacancies',
 *   items: 'data.vacancies',
 *   identifier: 'id',
 *   type: vacancy,
 *   data: ({ title, place }: Vacancy) => ({ title, city: place.city }),
 *   next: 'link',
 * })
 * const hook = http.post({ url: 'https://chat.example/hooks/jobs' })
 * export default agent('jobs', [vacancies, listener('tell', on(vacancy), hook)])
 * ```
 */
export const http: HttpStream = Object.assign(
  defineStream({
    name: 'http',
    summary: 'Items of any JSON API.',
    events: { item },
    options,
    jobs: ({ every, backfill, ...given }, events, use) => {
      const { schedule, options } = poll({ every, backfill })
      const type = given.type ?? events.item
      const prefix = given.type === undefined && use !== 'http' ? `${use}:` : ''
      const run = items.bind(undefined, { ...given, type, prefix })
      return [job('items', schedule, run, { ...options, publishes: [type] })]
    },
  }),
  { post },
)
