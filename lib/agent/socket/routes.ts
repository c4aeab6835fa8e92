import type { Operations } from '../operations/operations.ts'
import type { Kinds, Takes } from '../operations/question.ts'

type Question<N extends Takes, M extends Takes> = { readonly [K in keyof N]: Kinds[N[K]] } & {
  readonly [K in keyof M]?: Kinds[M[K]]
}

/** The streamed body of a request. */
export type Body = AsyncIterable<Uint8Array>

/**
 * One operation over HTTP.
 *
 * - `needs`, `may`: the required and the optional parts of its question
 */
export interface Route<Q = never, A = unknown> {
  /** GET reads, with the question in the query; POST changes, with the question as JSON in the body. */
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** `one` value as JSON; `many` as JSON lines; `all` existing and future values, as server-sent events. */
  readonly answers: 'one' | 'many' | 'all'
  readonly needs: Takes
  readonly may: Takes
  /** The operation reads a body of any length; its question is in the query. */
  readonly reads?: true
  ask(operations: Operations, question: Q, signal: AbortSignal, body: Body): A
}

function route<const N extends Takes, const M extends Takes, A>(
  [method, path, answers = 'one']: readonly [Route['method'], string, Route['answers']?],
  needs: N,
  may: M,
  ask: (operations: Operations, question: Question<N, M>, signal: AbortSignal, body: Body) => A,
): Route<Question<N, M>, A> {
  return { method, path, answers, needs, may, ask }
}

const filters = { types: 'texts', since: 'text', until: 'text', identifier: 'text' } as const
const listing = { ...filters, limit: 'number', reverse: 'flag' } as const
const name = { name: 'text' } as const
const retention = { age: 'text', count: 'number', bytes: 'number', identities: 'text' } as const
const place = { listener: 'text', seq: 'number' } as const

/** Every operation that an agent serves, by its name in `Operations`. */
export const routes = {
  status: route(['GET', '/status'], {}, {}, (on) => on.status()),
  'events.list': route(['GET', '/events', 'many'], {}, listing, (on, question) => on.events.list(question)),
  'events.at': route(['GET', '/events/at'], { seq: 'number' }, {}, (on, { seq }) => on.events.at(seq)),
  'events.of': route(['GET', '/events/of'], { type: 'text', identifier: 'text' }, {}, (on, { type, identifier }) =>
    on.events.of(type, identifier),
  ),
  'events.count': route(['GET', '/events/count'], {}, filters, (on, question) => on.events.count(question)),
  'events.last': route(['GET', '/events/last'], {}, {}, (on) => on.events.last()),
  'events.import': {
    ...route(['POST', '/events/import'], {}, { skip: 'flag' }, (on, question, _signal, body) =>
      on.events.import(body, question),
    ),
    reads: true,
  },
  'events.follow': route(
    ['GET', '/events/follow', 'all'],
    {},
    { types: 'texts', identifier: 'text', after: 'number' },
    (on, question, signal) => on.events.follow(question, signal),
  ),
  'jobs.list': route(['GET', '/jobs'], {}, {}, (on) => on.jobs.list()),
  'jobs.history': route(['GET', '/jobs/history'], name, { limit: 'number' }, (on, { name, ...question }) =>
    on.jobs.history(name, question),
  ),
  'jobs.next': route(['GET', '/jobs/next'], name, { limit: 'number' }, (on, { name, ...question }) =>
    on.jobs.next(name, question),
  ),
  'jobs.dryRun': route(['POST', '/jobs/dry-run'], name, {}, (on, { name }) => on.jobs.dryRun(name)),
  'jobs.run': route(['POST', '/jobs/run'], name, {}, (on, { name }) => on.jobs.run(name)),
  'jobs.pause': route(['POST', '/jobs/pause'], name, {}, (on, { name }) => on.jobs.pause(name)),
  'jobs.resume': route(['POST', '/jobs/resume'], name, {}, (on, { name }) => on.jobs.resume(name)),
  'jobs.reset': route(['POST', '/jobs/reset'], name, {}, (on, { name }) => on.jobs.reset(name)),
  'jobs.remove': route(['POST', '/jobs/rm'], name, {}, (on, { name }) => on.jobs.remove(name)),
  'listeners.list': route(['GET', '/listeners'], {}, { known: 'texts' }, (on, question) => on.listeners.list(question)),
  'listeners.pause': route(['POST', '/listeners/pause'], name, {}, (on, { name }) => on.listeners.pause(name)),
  'listeners.resume': route(['POST', '/listeners/resume'], name, {}, (on, { name }) => on.listeners.resume(name)),
  'listeners.reset': route(
    ['POST', '/listeners/reset'],
    { ...name, to: 'text' },
    { passOver: 'flag' },
    (on, { name, ...reset }) => on.listeners.reset(name, reset),
  ),
  'listeners.rename': route(['POST', '/listeners/rename'], { ...name, to: 'text' }, {}, (on, { name, to }) =>
    on.listeners.rename(name, to),
  ),
  'listeners.remove': route(['POST', '/listeners/rm'], name, {}, (on, { name }) => on.listeners.remove(name)),
  'db.stats': route(['GET', '/db/stats'], {}, {}, (on) => on.db.stats()),
  'db.prune': route(['POST', '/db/prune'], {}, retention, (on, question) => on.db.prune(question)),
  'db.compact': route(['POST', '/db/compact', 'all'], {}, {}, (on) => on.db.compact()),
  'db.verify': route(['POST', '/db/verify', 'all'], {}, {}, (on) => on.db.verify()),
  'db.backup': route(['POST', '/db/backup', 'all'], { directory: 'path' }, {}, (on, { directory }) =>
    on.db.backup(directory),
  ),
  'parked.list': route(['GET', '/parked', 'many'], {}, { listener: 'text' }, (on, question) =>
    on.parked.list(question),
  ),
  'parked.show': route(['GET', '/parked/show'], place, {}, (on, { listener, seq }) => on.parked.show(listener, seq)),
  'parked.retry': route(['POST', '/parked/retry'], { listener: 'text' }, { seq: 'number' }, (on, { listener, seq }) =>
    on.parked.retry(listener, seq),
  ),
  'parked.drop': route(['POST', '/parked/drop'], { listener: 'text' }, { seq: 'number' }, (on, { listener, seq }) =>
    on.parked.drop(listener, seq),
  ),
} as const
