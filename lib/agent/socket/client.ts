import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { resolve } from 'node:path'
import { systemClock } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { TidingsError } from '../../core/errors.ts'
import { lines } from '../../core/lines.ts'
import { fromWire, type WireError } from '../../core/wire-error.ts'
import { isTest } from '../../filter/test.ts'
import { type Body, contract, type Declared, isOperation, type Operation } from '../operations/contract.ts'
import type { Operations } from '../operations/operations.ts'
import { findSocket } from './socket-path.ts'

/** An agent that does not identify itself within this time, in ms, counts as not running. */
const PATIENCE = 5000

/**
 * Connects to the agent that runs on the log in this directory, through its socket. Resolves to its operations;
 * undefined if no agent answers there.
 *
 * @example
 * ```ts
 * import { connect } from 'tidings'
 *
 * const agent = await connect('.tidings/home')
 * console.log(agent === undefined ? 'home is not running' : (await agent.status()).problems)
 * ```
 */
export async function connect(directory: string): Promise<Operations | undefined> {
  const socket = await findSocket(directory)
  if (socket === undefined || !(await answers(socket))) return undefined
  // The compiler has checked the contract against `Operations`.
  return remote(socket, contract) as unknown as Operations
}

async function answers(socket: string): Promise<boolean> {
  const late = new AbortController()
  const cancel = systemClock.timer(() => late.abort(), PATIENCE)
  try {
    const response = await send(socket, { method: 'GET', path: '/', signal: late.signal })
    await textOf(response)
    return response.statusCode === 200
  } catch {
    return false
  } finally {
    cancel()
  }
}

type Call = (...values: readonly unknown[]) => unknown

function remote(socket: string, declared: Declared): Readonly<Record<string, unknown>> {
  const on: Record<string, unknown> = {}
  for (const [name, each] of Object.entries(declared)) {
    on[name] = isOperation(each) ? callOf(socket, each) : remote(socket, each)
  }
  return on
}

function callOf(socket: string, operation: Operation): Call {
  const { answers: kind } = operation
  if (kind === 'one') return (...values) => askOne(socket, requestOf(operation, values))
  if (kind === 'text')
    return async (...values) => textOf(await accepted(await send(socket, requestOf(operation, values))))
  return (...values) => askMany(socket, requestOf(operation, values), kind)
}

/** What is sent. */
interface Request {
  readonly method: Operation['method']
  readonly path: string
  readonly body?: string | Body
  readonly signal?: AbortSignal
}

function requestOf({ method, path, args }: Operation, values: readonly unknown[]): Request {
  const question: Record<string, unknown> = {}
  let body: Body | undefined
  let signal: AbortSignal | undefined
  for (const [i, { is, parts }] of args.entries()) {
    const value = values[i]
    if (is === 'body') body = value as Body
    else if (is === 'signal') signal = value as AbortSignal
    else if (is === 'object') Object.assign(question, value)
    else for (const name of Object.keys(parts)) question[name] = value
    for (const [name, kind] of Object.entries(parts)) question[name] = toText(kind, question[name])
  }
  const inQuery = method === 'GET' || body !== undefined
  return {
    method,
    path: inQuery ? path + searchOf(question) : path,
    ...(inQuery ? (body === undefined ? {} : { body }) : { body: JSON.stringify(question) }),
    ...defined({ signal }),
  }
}

/**
 * Converts a duration, a path or a filter to the text that travels; leaves any other value as it is.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` for a function that has no JSON
 */
function toText(kind: string, value: unknown): unknown {
  if (kind.startsWith('duration') && typeof value === 'number') return `${value}ms`
  // Relative to this process's working folder, not the agent's. The agent rejects an empty path.
  if (kind.startsWith('path') && typeof value === 'string' && value !== '') return resolve(value)
  if (kind.startsWith('filter') && typeof value === 'function') {
    if (isTest(value)) return JSON.stringify(value)
    const words = 'a filter for an agent must be an expression or a test made of tidings/filters, got a function'
    throw new TidingsError('TIDINGS_LOG_INVALID', words)
  }
  return value
}

function searchOf(question: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(question)) {
    // An empty list must remain a list.
    const all = !Array.isArray(value) ? [value] : value.length === 0 ? [''] : value
    for (const each of all) if (each !== undefined) query.append(name, String(each))
  }
  return query.size === 0 ? '' : `?${query}`
}

async function askOne(socket: string, request: Request): Promise<unknown> {
  const response = await send(socket, request)
  try {
    const value = JSON.parse(await textOf(await accepted(response))) as unknown
    return value === null ? undefined : value
  } finally {
    // The agent may reject the body before all of it is sent.
    response.destroy()
  }
}

async function* askMany(socket: string, request: Request, kind: 'many' | 'all'): AsyncGenerator {
  try {
    const response = await accepted(await send(socket, request))
    for await (const line of lines(chunksOf(response))) {
      if (line === '') continue
      if (kind === 'many') yield JSON.parse(line)
      else if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length))
    }
  } catch (error) {
    if (request.signal?.aborted !== true) throw error
  }
}

async function accepted(response: IncomingMessage): Promise<IncomingMessage> {
  if (response.statusCode === 200) return response
  throw fromWire(JSON.parse(await textOf(response)) as WireError)
}

async function send(socketPath: string, { body, ...rest }: Request): Promise<IncomingMessage> {
  // Loaded on demand: most processes that load this module never send a request.
  const { request } = await import('node:http')
  return new Promise((received, reject) => {
    const options = { socketPath, agent: false, headers: { host: 'tidings', ...headersOf(body) }, ...rest }
    const outgoing = request(options, received).once('error', (cause) => reject(wentAway(cause)))
    if (body === undefined || typeof body === 'string') return void outgoing.end(body)
    pour(body, outgoing).catch((error: Error) => {
      // A failing source is not the agent's fault.
      reject(error)
      outgoing.destroy()
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
async function pour(pieces: Body, outgoing: ClientRequest): Promise<void> {
  const over = new AbortController()
  for (const event of ['response', 'close']) outgoing.once(event, () => over.abort())
  for await (const piece of pieces) {
    if (over.signal.aborted) return
    if (!outgoing.write(piece)) await once(outgoing, 'drain', { signal: over.signal }).catch(() => undefined)
  }
  if (!over.signal.aborted) outgoing.end()
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
  return new TidingsError('TIDINGS_LOG_CLOSED', 'the agent went away before it answered', { cause })
}
