import { type Draft, defineStream, eventType, type JobContext, job, TidingsError } from '../lib/index.ts'
import { defined, quote } from '../lib/streams.ts'
import { bearer } from './shared/bearer.ts'
import { askedAt, httpClient } from './shared/http-client.ts'
import { address, choice, flag, optional, optionsOf, pageAddress, text } from './shared/options.ts'
import { type PollOptions, poll, pollFields } from './shared/poll.ts'
import { cut, identifierOf } from './shared/wire.ts'
import { parseNumber } from './web/number.ts'
import { type Element, elementsIn } from './web/page.ts'

export type { PollOptions } from './shared/poll.ts'

/** The options of the `web` stream. */
export interface WebOptions extends PollOptions {
  /** The address of the page. */
  readonly url: string
  /** The server to ask instead of the one in `url`, for a proxy or a test; default none. Identifiers do not depend on it. */
  readonly baseUrl?: string
  /** The name of the secret that is sent as `Authorization: Bearer …`; default none. */
  readonly token?: string
  /** A CSS selector of what to watch; default `body`, the whole page. */
  readonly select?: string
  /**
   * How to read what the selector matches. `text` (default): the text of the first element; `number`: the first number in
   * that text, such as a price; `list`: each element is an item.
   */
  readonly kind?: 'text' | 'number' | 'list'
  /** Reads this attribute of an element instead of its text; default none. */
  readonly attribute?: string
  /** The attribute that names an item of a list, such as `data-id`; default its link, or its text if it has none. */
  readonly identifier?: string
  /** The decimal sign of a `number`; default as described below. */
  readonly decimal?: '.' | ','
  /**
   * Whether the selector may match nothing: a list is empty, a value is missing, and nothing is published. Default false:
   * such a run fails.
   */
  readonly mayBeEmpty?: boolean
}

/** The data of a `web.changed` event. */
export interface WebChanged {
  /** The address of the page. */
  readonly url: string
  /** The selector. */
  readonly select: string
  /** The text, cut at 8000 characters, or the number. */
  readonly value: string | number
  /** The value at the look before; absent at the first. */
  readonly before?: string | number
}

/** The data of a `web.item` event. */
export interface WebItem {
  /** The address of the page. */
  readonly url: string
  /** The text of the element, or of its attribute; cut at 8000 characters. */
  readonly text: string
  /** The address that the element, or the first link in it, leads to. */
  readonly link?: string
}

/** The value of a page, told again whenever it changes. */
const changed = eventType('web.changed').of<WebChanged>({ changed: ({ value }) => value })
/** An item of a list on a page. */
const item = eventType('web.item').of<WebItem>()

const options = optionsOf<WebOptions>()({
  url: pageAddress(),
  baseUrl: optional(address()),
  token: optional(text()),
  select: text('body'),
  kind: choice(['text', 'number', 'list'], 'text'),
  attribute: optional(text()),
  identifier: optional(text()),
  decimal: optional(choice(['.', ','])),
  mayBeEmpty: flag(false),
  ...pollFields('30m'),
})

/**
 * Publishes what changes on a web page: a text, a number, or new items of a list. Scripts of the page are not run.
 *
 * Numbers are read as people write them in many places: spaces and apostrophes group digits; of a point and a comma, the
 * last is the decimal sign; one of them alone groups digits when exactly three follow, so `1.234` is 1234 and `1.23` is
 * 1.23. Say `decimal: '.'` for a page with three decimals.
 *
 * Items of a list are published last one first, because pages mostly begin with the newest.
 *
 * Needs the package `cheerio`.
 *
 * **Limits**: 8 MiB a page. An unchanged page is not sent again by servers that know its ETag or Last-Modified. Respect
 * the terms of the site; half an hour between looks bothers few.
 *
 * **Errors**: `TIDINGS_RESPONSE_INVALID` when the selector matches nothing, or what it matches has no text or number: the
 * page has changed, and no empty value is published. With `mayBeEmpty`, a selector may match nothing.
 * `TIDINGS_STREAM_INVALID` for what is not a selector, `TIDINGS_PACKAGE_MISSING` without `cheerio`.
 *
 * @example
 * ```ts
 * import { agent, listener, on } from 'tidings'
 * import { web } from 'tidings/streams/web'
 *
 * const price = web({ url: 'https://shop.example/bike', select: '.price', kind: 'number', as: 'price' })
 * const talks = web({ url: 'https://talks.example/', select: 'main li', kind: 'list', as: 'talks' })
 * export default agent('pages', [
 *   price,
 *   talks,
 *   listener('cheaper', on(web.changed), ({ data }) => console.log(`${data.before} became ${data.value}`)),
 *   listener('talk', on(web.item), ({ data }) => console.log(`${data.text}: ${data.link}`)),
 * ])
 * ```
 */
export const web = defineStream({
  name: 'web',
  summary: 'What changes on a web page: a text, a number, a list.',
  events: { changed, item },
  options,
  jobs: ({ every, backfill, ...what }) => {
    const { schedule, options } = poll({ every, backfill })
    const publishes = [what.kind === 'list' ? item : changed]
    return [job('page', schedule, (context) => look(what, context), { ...options, publishes })]
  },
})

/** What one use of the stream looks at. */
interface Watched extends Required<Pick<WebOptions, 'url' | 'select' | 'kind' | 'mayBeEmpty'>> {
  readonly baseUrl: string | undefined
  readonly token: string | undefined
  readonly attribute: string | undefined
  readonly identifier: string | undefined
  readonly decimal: '.' | ',' | undefined
}

async function look(what: Watched, context: JobContext): Promise<Draft[]> {
  const headers = { accept: 'text/html, application/xhtml+xml;q=0.9, */*;q=0.1' }
  const at = askedAt(what.url, what.baseUrl)
  const client = httpClient(context, { stream: 'web', baseUrl: at.origin, headers: bearer(context, what.token) })
  const answer = await client.get(at.href, { conditional: true, headers })
  if (answer === undefined) return []
  const elements = await elementsIn(answer, what.select)
  const [first] = elements
  if (first === undefined) {
    if (what.mayBeEmpty) return []
    throw missing(what, 'matches nothing')
  }
  return what.kind === 'list' ? itemsOf(what, elements, context) : [await valueOf(what, first, context)]
}

async function valueOf(what: Watched, element: Element, { state }: JobContext): Promise<Draft> {
  const { url, select, kind, attribute, decimal } = what
  const found = readFrom(element, attribute)
  const value = kind === 'number' ? parseNumber(found, decimal) : cut(found)
  if (value === undefined) throw missing(what, `matches ${quote(cut(found, 100))}, which has no number`)
  if (value === '') throw missing(what, `matches an element without ${attribute ?? 'text'}`)
  const before = await state.get<string | number>('value')
  if (value !== before) state.set('value', value)
  return changed(nameOf(what, attribute ?? ''), { url, select, value, ...defined({ before }) })
}

function itemsOf(what: Watched, elements: readonly Element[], { logger }: JobContext): Draft[] {
  const drafts = elements.flatMap((element): Draft[] => {
    const { link } = element
    const found = cut(readFrom(element, what.attribute))
    const name = what.identifier === undefined ? (link ?? found) : element.attribute(what.identifier)
    if (name === undefined || name === '') return []
    return [item(nameOf(what, name), { url: what.url, text: found, ...defined({ link: link && cut(link) }) })]
  })
  const unnamed = elements.length - drafts.length
  if (unnamed > 0 && drafts.length === 0)
    throw missing(what, `matches ${unnamed} elements without ${what.identifier ?? 'a text or link'}`)
  if (unnamed > 0) logger.warn({ items: unnamed }, 'items without an identifier skipped')
  return drafts.reverse()
}

function readFrom(element: Element, attribute: string | undefined): string {
  return (attribute === undefined ? element.text : (element.attribute(attribute) ?? '')).trim()
}

/** The identifier of something on the page: other pages, and other selectors of this one, may have the same. */
function nameOf({ url, select }: Watched, name: string): string {
  return identifierOf([url, select, name].filter((part) => part !== '').join(' ')) as string
}

function missing({ url, select }: Watched, what: string): TidingsError {
  const { origin, pathname } = new URL(url)
  const words = `stream web: ${origin}${pathname} has changed, or asks for a login: ${quote(select)} ${what}`
  return new TidingsError('TIDINGS_RESPONSE_INVALID', words, { details: { path: select } })
}
