import type { Operations } from './operations.ts'
import type { Kind, Kinds, Parts } from './parts.ts'

// Decision 0050: every operation is declared once, in the table `contract`. Server, client and validation follow it, and
// the compiler checks it against the types of `Operations`. To add an operation, add its type and its implementation in
// this folder, and one line to the table.

/** An operation as it travels. */
export interface Operation<A extends readonly Argument[] = readonly Argument[], R extends Answers = Answers> {
  /** GET reads, with the question in the query; POST changes, with the question as JSON in the body. */
  readonly method: 'GET' | 'POST'
  /** The path of its URL. */
  readonly path: string
  readonly answers: R
  /** The arguments, in order. Their parts together are the question. */
  readonly args: A
}

/** `one` value as JSON; `text` as it is; `many` as JSON lines; `all` existing and future values, as server-sent events. */
export type Answers = 'one' | 'text' | 'many' | 'all'

/** The streamed body of a request. */
export type Body = AsyncIterable<Uint8Array>

/** One argument: a part of the question, an object with several parts, or a stream or signal besides the question. */
export interface Argument<in In = never, out Out = unknown> {
  readonly is: 'part' | 'object' | 'body' | 'signal'
  readonly parts: Parts
  /** Carries the types of the accepted and the delivered values; it has no value. */
  readonly type?: (value: In) => Out
}

type IsOptional<K> = K extends `${Kind}?` ? true : false
type Value<K> = K extends `${infer Known extends Kind}?` ? Kinds[Known] : K extends Kind ? Kinds[K] : never
type Values<P extends Parts> = {
  readonly [K in keyof P as IsOptional<P[K]> extends true ? never : K]: Value<P[K]>
} & { readonly [K in keyof P as IsOptional<P[K]> extends true ? K : never]?: Value<P[K]> }
type OrNothing<V, O> = O extends true ? V | undefined : V

function part<const N extends string, const K extends Parts[string]>(
  name: N,
  kind: K,
): Argument<OrNothing<Value<K>, IsOptional<K>>, OrNothing<Value<K>, IsOptional<K>>> {
  return { is: 'part', parts: { [name]: kind } }
}

function object<const P extends Parts>(
  parts: P,
): Argument<OrNothing<Values<P>, {} extends Values<P> ? true : false>, Values<P>> {
  return { is: 'object', parts }
}

const body: Argument<Body, Body> = { is: 'body', parts: {} }
const signal: Argument<AbortSignal, AbortSignal> = { is: 'signal', parts: {} }

type Request = `${Operation['method']} /${string}`

function operation<R extends Answers>(answers: R) {
  return <A extends readonly Argument[]>(request: Request, ...args: A): Operation<A, R> => {
    const [method, path] = request.split(' ') as [Operation['method'], string]
    return { method, path, answers, args }
  }
}

const [one, text] = [operation('one'), operation('text')]
const [many, all] = [operation('many'), operation('all')]

type Arguments<P extends readonly unknown[]> = { readonly [K in keyof P]-?: Argument<P[K], P[K]> }

/** The declaration that a method needs, or a group of methods. */
type Declares<F> = F extends (...args: infer P) => infer R
  ? Operation<
      Arguments<P>,
      R extends Promise<string> ? 'one' | 'text' : R extends Promise<unknown> ? 'one' : 'many' | 'all'
    >
  : { readonly [K in keyof F]: Declares<F[K]> }

const filters = { types: 'texts?', since: 'text?', until: 'text?', identifier: 'text?', where: 'filter?' } as const
const question = { ...filters, told: 'flag?' } as const
const name = part('name', 'text')
const listener = part('listener', 'text')
const limit = object({ limit: 'number?' })
const parked = { error: 'text?', code: 'text?', type: 'text?', where: 'filter?', before: 'text?' } as const
const bulk = object({ seqs: 'numbers?', ...parked, dryRun: 'flag?', after: 'number?', scan: 'number?' })

/** Every operation, by group and name, as in `Operations`. */
export const contract = {
  status: one('GET /status'),
  reload: one('POST /reload'),
  health: one('GET /health'),
  attention: one('GET /attention'),
  flow: one('GET /flow'),
  graph: one('GET /graph'),
  metrics: text('GET /metrics'),
  live: all('GET /live', object({ types: 'texts?', after: 'number?' }), signal),
  why: one('GET /why', part('event', 'text'), listener),
  events: {
    list: many(
      'GET /events',
      object({ ...question, after: 'number?', before: 'number?', limit: 'number?', reverse: 'flag?' }),
    ),
    find: one('GET /events/find', part('identifier', 'text')),
    search: one(
      'GET /events/search',
      object({ text: 'text', types: 'texts?', since: 'text?', before: 'number?', scan: 'number?', limit: 'number?' }),
    ),
    story: one('GET /events/story', part('seq', 'number')),
    at: one('GET /events/at', part('seq', 'number')),
    of: one('GET /events/of', part('type', 'text'), part('identifier', 'text')),
    count: one('GET /events/count', object(question)),
    tally: one('GET /events/tally', object({ ...question, by: 'text', limit: 'number?' })),
    last: one('GET /events/last'),
    import: one('POST /events/import', body, object({ skip: 'flag?' })),
    follow: all(
      'GET /events/follow',
      object({ types: 'texts?', identifier: 'text?', where: 'filter?', after: 'number?' }),
      signal,
    ),
  },
  types: { list: one('GET /types') },
  jobs: {
    list: one('GET /jobs'),
    history: one('GET /jobs/history', name, limit),
    timeline: one('GET /jobs/timeline', object({ since: 'text?', until: 'text?', limit: 'number?' })),
    next: one('GET /jobs/next', name, limit),
    dryRun: one('POST /jobs/dry-run', name),
    run: one('POST /jobs/run', name),
    abort: one('POST /jobs/abort', name),
    pause: one('POST /jobs/pause', name),
    resume: one('POST /jobs/resume', name),
    reset: one('POST /jobs/reset', name),
    release: one('POST /jobs/release', name),
    discard: one('POST /jobs/discard', name),
    remove: one('POST /jobs/rm', name),
  },
  listeners: {
    list: one('GET /listeners', object({ known: 'texts?' })),
    deliveries: one('GET /listeners/deliveries', name, limit),
    pause: one('POST /listeners/pause', name),
    resume: one('POST /listeners/resume', name),
    reset: one('POST /listeners/reset', name, object({ to: 'text', passOver: 'flag?' })),
    rename: one('POST /listeners/rename', name, part('to', 'text')),
    remove: one('POST /listeners/rm', name),
  },
  db: {
    id: one('GET /db/id'),
    stats: one('GET /db/stats'),
    prune: one(
      'POST /db/prune',
      object({ age: 'duration?', count: 'number?', bytes: 'number?', identities: 'duration?' }),
    ),
    compact: all('POST /db/compact'),
    verify: all('POST /db/verify'),
    backup: all('POST /db/backup', part('directory', 'path')),
  },
  agents: { list: one('GET /agents'), surprises: one('GET /agents/surprises'), reload: one('POST /agents/reload') },
  parked: {
    list: many('GET /parked', object({ listener: 'text?', ...parked, after: 'number?', limit: 'number?' })),
    groups: one('GET /parked/groups', object({ listener: 'text?' })),
    show: one('GET /parked/show', listener, part('seq', 'number')),
    exchange: one('GET /parked/exchange', listener, part('seq', 'number')),
    retry: one('POST /parked/retry', listener, part('seq', 'number?'), bulk),
    drop: one('POST /parked/drop', listener, part('seq', 'number?'), bulk),
  },
  retrying: { list: one('GET /retrying', object({ listener: 'text?', limit: 'number?' })) },
  replay: {
    list: many(
      'GET /replay',
      listener,
      object({ ...filters, after: 'number?', seqs: 'text?', parked: 'flag?', again: 'flag?' }),
    ),
    tell: one('POST /replay', listener, part('seqs', 'numbers'), object({ again: 'flag?' })),
  },
} satisfies Declares<Operations>

/** Operations by name, and groups of them. */
export interface Declared {
  readonly [name: string]: Operation | Declared
}

export function isOperation(declared: Operation | Declared): declared is Operation {
  return typeof declared.method === 'string'
}

/** Every part of the question of an operation. */
export function partsOf({ args }: Operation): Parts {
  return Object.fromEntries(args.flatMap(({ parts }) => Object.entries(parts)))
}
