import { type AnyEventType, type Draft, type JobContext, TidingsError } from '../../lib/index.ts'
import { describe } from '../../lib/streams.ts'
import { type Answer, askedAt, type HttpClient, httpClient } from '../shared/http-client.ts'
import { identifierOf, valueAt } from '../shared/wire.ts'
import { nextLink } from './link.ts'
import type { HttpOptions } from './options.ts'

type Option<K extends keyof HttpOptions> = HttpOptions[K]

/** What one use of the stream asks, and how it reads the answers. */
export interface ItemsOf {
  readonly url: string
  readonly baseUrl: Option<'baseUrl'>
  readonly items: Option<'items'>
  readonly identifier: Option<'identifier'>
  readonly data: Option<'data'>
  readonly next: Option<'next'>
  readonly pages: number
  readonly newest: 'first' | 'last'
  readonly token: Option<'token'>
  readonly headers: Option<'headers'>
  /** The type to publish as. */
  readonly type: AnyEventType
  /** Begins every identifier. */
  readonly prefix: string
}

/** Publishes the items of a JSON API, oldest first. */
export async function* items(use: ItemsOf, context: JobContext): AsyncGenerator<Draft> {
  const found: unknown[] = []
  for await (const answer of pages(use, clientOf(use, context), context)) found.push(...itemsIn(answer, use.items))
  const { drafts, unnamed, broken } = read(use, use.newest === 'first' ? found.reverse() : found)
  if (unnamed > 0) context.logger.warn({ items: unnamed }, 'items without an identifier skipped')
  yield* drafts
  if (broken !== undefined) throw broken
  // Some items may be broken; if all are, the option is.
  if (unnamed > 0 && drafts.length === 0) throw invalid(`not one of ${unnamed} items has an identifier`)
}

function clientOf({ url, baseUrl, token, headers = {} }: ItemsOf, context: JobContext): HttpClient {
  const all = new Headers({ accept: 'application/json' })
  if (token !== undefined) all.set('authorization', `Bearer ${context.secret(token)}`)
  const given = typeof headers === 'function' ? headers(context.secret) : headers
  for (const [name, value] of Object.entries(given)) all.set(name, value)
  return httpClient(context, {
    stream: 'http',
    baseUrl: askedAt(url, baseUrl).origin,
    headers: Object.fromEntries(all),
  })
}

/** The answers, page after page. Without `next`, an unchanged answer is not sent again. */
async function* pages(use: ItemsOf, client: HttpClient, { logger }: JobContext): AsyncGenerator<Answer> {
  const seen = new Set<string>()
  let url = askedAt(use.url, use.baseUrl)
  for (;;) {
    seen.add(url.href)
    const answer = await client.get(url.href, { conditional: use.next === undefined })
    if (answer === undefined) return
    yield answer
    const next = nextOf(answer, use.next)
    if (next === undefined) return
    if (seen.has(next.href)) return logger.warn({ page: seen.size }, 'the next page is one that was read')
    if (seen.size === use.pages) return logger.info({ pages: use.pages }, 'more pages follow')
    url = next
  }
}

function nextOf(answer: Answer, next: Option<'next'>): URL | undefined {
  if (next === undefined) return undefined
  const { url, headers } = answer
  const body = answer.json()
  const found: unknown =
    next === 'link'
      ? nextLink(headers.get('link'))
      : typeof next === 'function'
        ? next(body, { url, headers })
        : valueAt(body, next)
  if (found === undefined || found === null || found === '') return undefined
  const to = typeof found === 'string' && URL.canParse(found, url.href) ? new URL(found, url) : undefined
  if (to === undefined || !/^https?:$/.test(to.protocol) || (url.protocol === 'https:' && to.protocol !== 'https:'))
    throw invalid(`expected the address of the next page, got ${describe(found)}`)
  to.hash = ''
  return to
}

function itemsIn(answer: Answer, items: Option<'items'>): readonly unknown[] {
  const body = answer.json()
  const found: unknown = items === undefined ? body : typeof items === 'function' ? items(body) : valueAt(body, items)
  if (Array.isArray(found)) return found
  // Go writes an empty list as null.
  if (found === null && typeof items === 'string') return []
  throw invalid(`expected an array${typeof items === 'string' ? ` at ${items}` : ''}, got ${describe(found)}`)
}

/** The drafts of the items that can be read; `broken` is the first error of one that cannot. */
function read(
  { identifier, data, type, prefix }: ItemsOf,
  found: readonly unknown[],
): { readonly drafts: readonly Draft[]; readonly unnamed: number; readonly broken: Error | undefined } {
  const drafts: Draft[] = []
  let unnamed = 0
  let broken: Error | undefined
  for (const item of found) {
    try {
      const name = identifierOf(typeof identifier === 'function' ? identifier(item) : valueAt(item, identifier))
      if (name === undefined) unnamed += 1
      else drafts.push(type(`${prefix}${name}`, dataOf(item, data)) as Draft)
    } catch (cause) {
      broken ??= cause instanceof TidingsError ? cause : unreadable(item, cause)
    }
  }
  return { drafts, unnamed, broken }
}

function dataOf(item: unknown, data: Option<'data'>): unknown {
  if (data === undefined) return item
  return (typeof data === 'function' ? data(item) : valueAt(item, data)) ?? null
}

function unreadable(item: unknown, cause: unknown): TidingsError {
  return invalid(`the item ${describe(item)} can't be read: ${(cause as Error)?.message ?? describe(cause)}`, cause)
}

function invalid(what: string, cause?: unknown): TidingsError {
  return new TidingsError('TIDINGS_RESPONSE_INVALID', `stream http: ${what}`, cause === undefined ? {} : { cause })
}
