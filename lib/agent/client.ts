import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { systemClock } from '../core/clock.ts'
import { TidingsError } from '../core/errors.ts'
import { lines } from '../core/lines.ts'
import type { Operations } from './operations.ts'
import { toSearch } from './question.ts'
import { type Body, type Route, routes } from './routes.ts'
import { findSocket } from './socket-path.ts'
import { fromWire, type WireError } from './wire-error.ts'

/** An agent that does not say who it is within this time, in ms, does not answer. */
const PATIENCE = 5000

/**
 * The operations of the agent that runs on the log in this directory, asked on its socket; undefined: none answers
 * there.
 *
 * @example
 * ```ts
 * import { connect } from 'tidings'
 *
 * const agent = await connect('.tidings/home')
 * console.log(agent === undefined ? 'nobody is at home' : (await agent.status()).problems)
 * ```
 */
export async function connect(directory: string): Promise<Operations | undefined> {
  const socket = await findSocket(directory)
  if (socket === undefined || !(await answers(socket))) return undefined
  return remote(socket)
}

async function answers(socket: string): Promise<boolean> {
  const late = new AbortController()
  const cancel = systemClock.timer(() => late.abort(), PATIENCE)
  try {
    const response = await send(socket, 'GET', '/', { signal: late.signal })
    await textOf(response)
    return response.statusCode === 200
  } catch {
    return false
  } finally {
    cancel()
  }
}

function remote(socket: string): Operations {
  const one = <Q extends object, A>(route: Route<Q, A>, question: Q): Promise<Awaited<A>> =>
    askOne(socket, route, question) as Promise<Awaited<A>>
  const many = <Q extends object, A>(route: Route<Q, A>, question: Q, signal?: AbortSignal): A =>
    askMany(socket, route, question, signal) as A
  return {
    status: () => one(routes.status, {}),
    events: {
      list: (question = {}) => many(routes['events.list'], question),
      at: (seq) => one(routes['events.at'], { seq }),
      of: (type, identifier) => one(routes['events.of'], { type, identifier }),
      count: (question = {}) => one(routes['events.count'], question),
      last: () => one(routes['events.last'], {}),
      import: (ndjson) => bring(socket, routes['events.import'], ndjson),
      follow: (question, signal) => many(routes['events.follow'], question, signal),
    },
    jobs: {
      list: () => one(routes['jobs.list'], {}),
      history: (name, question = {}) => one(routes['jobs.history'], { name, ...question }),
      next: (name, question = {}) => one(routes['jobs.next'], { name, ...question }),
      dryRun: (name) => one(routes['jobs.dryRun'], { name }),
      run: (name) => one(routes['jobs.run'], { name }),
      pause: (name) => one(routes['jobs.pause'], { name }),
      resume: (name) => one(routes['jobs.resume'], { name }),
    },
    listeners: {
      list: (question = {}) => one(routes['listeners.list'], question),
      pause: (name) => one(routes['listeners.pause'], { name }),
      resume: (name) => one(routes['listeners.resume'], { name }),
      reset: (name, reset) => one(routes['listeners.reset'], { name, ...reset }),
      rename: (name, to) => one(routes['listeners.rename'], { name, to }),
    },
    parked: {
      list: (question = {}) => many(routes['parked.list'], question),
      show: (listener, seq) => one(routes['parked.show'], { listener, seq }),
      retry: (listener, seq) => one(routes['parked.retry'], { listener, ...(seq === undefined ? {} : { seq }) }),
      drop: (listener, seq) => one(routes['parked.drop'], { listener, ...(seq === undefined ? {} : { seq }) }),
    },
  }
}

async function askOne(socket: string, route: Route, question: object): Promise<unknown> {
  const value = JSON.parse(await textOf(await ask(socket, route, question))) as unknown
  return value === null ? undefined : value
}

async function* askMany(socket: string, route: Route, question: object, signal?: AbortSignal): AsyncGenerator {
  try {
    const response = await ask(socket, route, question, signal)
    for await (const line of lines(chunksOf(response))) {
      if (line === '') continue
      if (route.answers === 'many') yield JSON.parse(line)
      else if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length))
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error
  }
}

async function ask(
  socket: string,
  { method, path }: Route,
  question: object,
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  const search = method === 'GET' ? toSearch({ ...question }) : ''
  const body = method === 'GET' ? {} : { body: JSON.stringify(question) }
  return accepted(await send(socket, method, path + search, { ...body, ...(signal === undefined ? {} : { signal }) }))
}

async function accepted(response: IncomingMessage): Promise<IncomingMessage> {
  if (response.statusCode === 200) return response
  throw fromWire(JSON.parse(await textOf(response)) as WireError)
}

async function bring<A>(socket: string, { method, path }: Route<never, A>, body: Body): Promise<Awaited<A>> {
  const response = await send(socket, method, path, { body })
  try {
    return JSON.parse(await textOf(await accepted(response))) as Awaited<A>
  } finally {
    // It may be refused before it was sent whole.
    response.destroy()
  }
}

async function send(
  socket: string,
  method: Route['method'],
  path: string,
  { body, signal }: { readonly body?: string | Body; readonly signal?: AbortSignal },
): Promise<IncomingMessage> {
  // Most processes that load this never ask.
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    const kind = typeof body === 'string' ? 'application/json' : 'application/x-ndjson'
    const headers = { host: 'tidings', ...(body === undefined ? {} : { 'content-type': kind }) }
    const options = {
      socketPath: socket,
      agent: false,
      method,
      path,
      headers,
      ...(signal === undefined ? {} : { signal }),
    }
    const asking = request(options, resolve).once('error', (cause) => reject(wentAway(cause)))
    if (body === undefined || typeof body === 'string') return void asking.end(body)
    pour(body, asking).catch((error: Error) => {
      // What is wrong with the source is no fault of the agent.
      reject(error)
      asking.destroy()
    })
  })
}

/** Sends piece by piece, no faster than it is taken, and no longer than until there is an answer. */
async function pour(pieces: Body, asking: ClientRequest): Promise<void> {
  const over = new AbortController()
  for (const event of ['response', 'close']) asking.once(event, () => over.abort())
  for await (const piece of pieces) {
    if (over.signal.aborted) return
    if (!asking.write(piece)) await once(asking, 'drain', { signal: over.signal }).catch(() => undefined)
  }
  if (!over.signal.aborted) asking.end()
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of chunksOf(response)) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function* chunksOf(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response) yield chunk as Uint8Array
  } catch (cause) {
    throw wentAway(cause)
  }
}

function wentAway(cause: unknown): TidingsError {
  return new TidingsError('TIDINGS_LOG_CLOSED', 'the agent went away before it had answered', { cause })
}
