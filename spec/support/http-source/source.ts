import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { Stream, World } from '../../../lib/index.ts'
import { type Asked, dated, type LocalService, localService, type Told } from '../local-service.ts'
import { type WatchedAgent, watchStream } from '../watch-stream.ts'

/** What a service answers. */
export type Answers = (asked: Asked) => Told

/** A source over HTTP, and the service that it asks. */
export interface HttpSource {
  /** Its name, for the title. */
  readonly name: string
  /** The stream, with `baseUrl` (or its own address option) at this URL, and with enough `backfill` to tell everything. */
  stream(url: string): Stream
  /** The job to run; default the first. */
  readonly job?: string
  /**
   * Answers of the service while it has items with these numbers; a number stands for the same item each time.
   *
   * @param skewOf how far the service's clock was ahead when it wrote the times of an item, in ms
   */
  serve(items: readonly number[], skewOf?: Skew): Answers
  readonly renumbering: Renumbering
  /** How the service pages; a reason if one answer has everything. */
  readonly pages: Pages | string
  /** The world besides `fetch`: secrets, `now`. */
  readonly world?: Partial<World>
  /** Whether the service sends validators, so that a second look is a 304. */
  readonly conditional?: boolean
}

/** How far a clock was ahead when an item came, in ms. */
export type Skew = (item: number) => number

/** What becomes of items that the service gives new identifiers. */
export interface Renumbering {
  /** Answers of the service with its items renumbered; where they have no numbers, with everything changed that may be. */
  serve(items: readonly number[]): Answers
  /** Held as a flood; recognized as known; or told again. */
  readonly outcome: 'held' | 'known' | 'told again'
  /** Why, unless they are held. */
  readonly because?: string
}

/** How a service pages. */
export interface Pages {
  /** The stream, if it has to be told that there are pages. */
  stream?(url: string): Stream
  /** Answers of the service in pages of two, newest first. */
  serve(items: readonly number[]): Answers
  /** Whether the newest come last instead. */
  readonly newestLast?: boolean
  /** The page that a request asks for, from 1; undefined if it asks for something else. */
  pageOf(asked: Asked): number | undefined
}

/** A source in an agent, with its service. */
export interface OpenSource extends WatchedAgent {
  readonly service: LocalService
  /** Our clock, which a test may set; the service's stands still at the time when the tests look. */
  readonly time: { now: number }
  /** Makes the service have these items. `skew`: how far its clock is ahead, in ms, or was when an item came. */
  show(items: readonly number[], skew?: number | Skew): void
  /** Makes the service answer in another way, with the date of its clock. */
  answer(with_: Answers, skew?: number): void
  /** Runs the job with these answers; it must fail. */
  fails(with_: Answers): Promise<Error>
  /** The number of events that were told. */
  count(): number
  /** After a failure, the next look tells what is there, once. */
  recovers(): Promise<void>
}

/** When the tests look at a source without a clock of its own. */
const NOON = Date.UTC(2026, 0, 2, 12)

/** Starts an agent with a source, whose service has the items `first`. */
export async function openSource(
  t: { after(work: () => unknown): void },
  source: HttpSource,
  first: readonly number[] = [1, 2],
  stream = source.stream,
): Promise<OpenSource> {
  const { serve, job, world = {} } = source
  const time = { now: startOf(source) }
  const service = await localService(t, answersOf(source, serve(first)))
  const parts = { ...world, now: () => time.now }
  const watched = await watchStream(t, stream(service.url), parts)
  const show = (items: readonly number[], skew: number | Skew = 0): void => {
    const answers = typeof skew === 'number' ? serve(items, () => skew) : serve(items, skew)
    service.answer(answersOf(source, answers, typeof skew === 'number' ? skew : 0))
  }
  const count = (): number => watched.told.filter(({ type }) => !type.startsWith('tidings.')).length
  return {
    service,
    time,
    ...watched,
    show,
    answer: (given, skew) => service.answer(answersOf(source, given, skew)),
    count,
    fails: async (given) => {
      service.answer(given)
      const { error } = await watched.look(job)
      assert.ok(error, 'the run succeeded')
      return error
    },
    recovers: async () => {
      show([1, 2, 3])
      await watched.see(job)
      assert.equal(count(), 3)
    },
  }
}

/** The same answers with the date of the service, and with validators if it sends them. */
export function answersOf(source: HttpSource, given: Answers, skew = 0): Answers {
  const answer: Answers = source.conditional === true ? (asked) => validated(given(asked), asked) : given
  return dated(answer, () => startOf(source) + skew)
}

/** When the tests of a source begin, in ms since the epoch. */
export function startOf({ world }: HttpSource): number {
  return world?.now?.() ?? NOON
}

/** The same answer with an ETag of its body, or a 304. */
function validated(told: Told, { headers }: Asked): Told {
  if ((told.status ?? 200) !== 200) return told
  const body = typeof told.body === 'string' ? told.body : JSON.stringify(told.body ?? '')
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 12)}"`
  const { status = 200, body: sent } = headers['if-none-match'] === etag ? { status: 304, body: '' } : told
  return { ...told, status, body: sent, headers: { ...told.headers, etag } }
}

/** The whole numbers from `from` to `to`. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at)
}
