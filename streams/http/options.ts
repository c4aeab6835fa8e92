import type { AnyEventType, EventType } from '../../lib/index.ts'
import {
  address,
  choice,
  count,
  either,
  func,
  like,
  optional,
  optionsOf,
  pageAddress,
  text,
} from '../shared/options.ts'
import { type PollOptions, pollFields } from '../shared/poll.ts'

// biome-ignore lint/suspicious/noExplicitAny: an answer is what the service says it is; the options' functions name its type
type Answered = any

/** Headers by name. */
export type HttpHeaders = Readonly<Record<string, string>>

/** The page that an answer is from. */
export interface HttpPage {
  /** Its address, after redirects. */
  readonly url: URL
  /** The headers of the answer. */
  readonly headers: Headers
}

/**
 * The options of the `http` stream. `I` is the type of an item, as the service sends it; `D` that of the event's data.
 * A path is a list of names, such as `data.items` or `links.0.href`.
 */
export interface HttpOptions<I = Answered, D = Answered> extends PollOptions {
  /** The address to ask. */
  readonly url: string
  /** The server to ask instead of the one in `url`, for a proxy or a test; default none. Identifiers do not depend on it. */
  readonly baseUrl?: string
  /** Where an answer has its items: a path, or a function; default the answer itself. */
  readonly items?: string | ((answer: Answered) => readonly I[])
  /**
   * What names an item: a path, or a function. It must be an id of the service, never a position or a time of asking.
   * Numbers become text. An item without an identifier is skipped, and the run logs how many.
   */
  readonly identifier: string | ((item: I) => string | number | null | undefined)
  /** What is published of an item: a path, or a function; default the whole item. */
  readonly data?: string | ((item: I) => NoInfer<D>)
  /** The event type to publish as; default `http.item`, whose data is unknown to the compiler. */
  readonly type?: EventType<Answered, Answered, D>
  /**
   * Where the next page is: `'link'` for the `Link` header with `rel="next"`, a path in the answer, or a function. A
   * relative address is resolved against the page. Default: there is one page.
   */
  readonly next?: string | ((answer: Answered, page: HttpPage) => string | null | undefined)
  /** The most pages of one look, from 1 to 1000; default 10. All are read each time, so that late items are found. */
  readonly pages?: number
  /** Whether the newest item comes `first` or `last`; events are published oldest first. Default `first`. */
  readonly newest?: 'first' | 'last'
  /** The name of a secret that is sent as `Authorization: Bearer …`; default none. */
  readonly token?: string
  /** Further headers, or a function that makes them with secrets; sent only to the origin of `url`. Default none. */
  readonly headers?: HttpHeaders | ((secret: (name: string) => string) => HttpHeaders)
}

const isRecord = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value)
const aPath = text()
const headers = like<HttpHeaders>(
  'an object of texts',
  (value) => isRecord(value) && Object.values(value as object).every((one) => typeof one === 'string'),
)
const isType = (value: unknown): boolean =>
  typeof value === 'function' && typeof (value as Partial<AnyEventType>).type === 'string'

/** The check of the options. */
export const options = optionsOf<HttpOptions>()({
  url: pageAddress(),
  baseUrl: optional(address()),
  items: optional(either(aPath, func<(answer: Answered) => readonly Answered[]>())),
  identifier: either(aPath, func<(item: Answered) => string | number | null | undefined>()),
  data: optional(either(aPath, func<(item: Answered) => Answered>())),
  type: optional(like<AnyEventType>('an event type', isType)),
  next: optional(either(aPath, func<(answer: Answered, page: HttpPage) => string | null | undefined>())),
  pages: count(10, { min: 1, max: 1000 }),
  newest: choice(['first', 'last'], 'first'),
  token: optional(text()),
  headers: optional(either(headers, func<(secret: (name: string) => string) => HttpHeaders>())),
  ...pollFields('10m'),
})
