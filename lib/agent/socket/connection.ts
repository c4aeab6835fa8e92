import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { TidingsError } from '../../core/errors.ts'
import { lines } from '../../core/lines.ts'
import { fromWire, type WireError } from '../../core/wire-error.ts'
import { toSearch } from './query-string.ts'
import type { Body, Route } from './routes.ts'

/** Whether an agent identifies itself on the socket. */
export async function greet(socket: string, signal: AbortSignal): Promise<boolean> {
  const response = await send(socket, 'GET', '/', { signal })
  await textOf(response)
  return response.statusCode === 200
}

/** Sends a request with one answer. */
export async function askOne(socket: string, route: Route, question: object): Promise<unknown> {
  const value = JSON.parse(await textOf(await ask(socket, route, question))) as unknown
  return value === null ? undefined : value
}

/** Sends a request with many answers, and yields them one by one. */
export async function* askMany(socket: string, route: Route, question: object, signal?: AbortSignal): AsyncGenerator {
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

/** Sends a streamed body, and resolves to the one answer. */
export async function bring<Q extends object, A>(
  socket: string,
  { method, path }: Route<Q, A>,
  question: Q,
  body: Body,
): Promise<Awaited<A>> {
  const response = await send(socket, method, path + toSearch({ ...question } as Parameters<typeof toSearch>[0]), {
    body,
  })
  try {
    return JSON.parse(await textOf(await accepted(response))) as Awaited<A>
  } finally {
    // The agent may reject the body before all of it is sent.
    response.destroy()
  }
}

async function send(
  socket: string,
  method: Route['method'],
  path: string,
  { body, signal }: { readonly body?: string | Body; readonly signal?: AbortSignal },
): Promise<IncomingMessage> {
  // Loaded on demand: most processes that load this module never send a request.
  const { request } = await import('node:http')
  return new Promise((resolve, reject) => {
    const headers = { host: 'tidings', ...headersOf(body) }
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
      // A failing source is not the agent's fault.
      reject(error)
      asking.destroy()
    })
  })
}

function headersOf(body: string | Body | undefined): Record<string, string> {
  if (body === undefined) return {}
  if (typeof body === 'string') return { 'content-type': 'application/json' }
  // The agent may answer before all of the body is sent. If it closed the connection then, the next write would fail
  // before the answer is read. This side closes it.
  return { 'content-type': 'application/x-ndjson', connection: 'keep-alive' }
}

/** Sends the body in chunks, honoring backpressure, and stops once there is an answer. */
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
