import { chmod } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { systemClock } from '../../core/clock.ts'
import { asError, describe, hasCode, TidingsError } from '../../core/errors.ts'
import { toWire } from '../../core/wire-error.ts'
import {
  type Argument,
  type Body,
  contract,
  type Declared,
  isOperation,
  type Operation,
  partsOf,
} from '../operations/contract.ts'
import type { Operations } from '../operations/operations.ts'
import { checkParts, kindOf, type Parts } from '../operations/parts.ts'
import { HttpStreams } from './http-stream.ts'
import { leaveSocket, placeSocket } from './socket-path.ts'

/** The most bytes in a request body: questions are short. */
const MOST = 64 * 1024

/** The most bytes in the address of a request and its headers: a filter may be long. */
const MOST_QUESTION = 256 * 1024

/** How long pending answers may take at the end, in ms. */
const GRACE = 1000

/** The identity of the agent that serves. */
export interface AgentIdentity {
  readonly agent: string
  readonly pid: number
  readonly since: string
}

/** A running server. `close` resolves when no request is pending. */
export interface SocketServer {
  readonly path: string
  close(): Promise<void>
}

type HttpContext = Context<{ Bindings: HttpBindings }>

/**
 * Serves operations as HTTP and JSON on a Unix socket in the log's folder, for its owner alone: any client that can
 * connect may do everything. Nothing binds to the network.
 */
export async function serve(operations: Operations, who: AgentIdentity, directory: string): Promise<SocketServer> {
  const streams = new HttpStreams()
  const path = await placeSocket(directory)
  const app = appOf(operations, who, streams)
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const server = createServer(
    { maxHeaderSize: MOST_QUESTION },
    (incoming, outgoing) => void listener(incoming, outgoing),
  )
  await listen(server, path)
  return {
    path,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      streams.end()
      server.closeIdleConnections()
      const cancel = systemClock.timer(() => server.closeAllConnections(), GRACE)
      await closed
      cancel()
      await leaveSocket(directory, path)
    },
  }
}

type App = Hono<{ Bindings: HttpBindings }>

function appOf(operations: Operations, who: AgentIdentity, streams: HttpStreams): App {
  const app: App = new Hono()
  app.onError((error, c) => c.json(toWire(error), error instanceof HTTPException ? error.status : statusOf(error)))
  app.notFound((c) => c.json(toWire(new Error(`there is no ${c.req.method} ${c.req.path}`)), 404))
  app.get('/', (c) => c.json(who))
  addRoutes(app, contract, operations as unknown as Implementation, streams)
  return app
}

// The compiler has checked the contract against `Operations`.
interface Implementation {
  readonly [name: string]: Call & Implementation
}

type Call = (...values: readonly unknown[]) => unknown

function addRoutes(app: App, declared: Declared, on: Implementation, streams: HttpStreams): void {
  for (const [name, each] of Object.entries(declared)) {
    const own = on[name] as Call & Implementation
    if (isOperation(each)) app.on(each.method, each.path, (c) => answer(c, each, own, streams))
    else addRoutes(app, each, own, streams)
  }
}

async function answer(c: HttpContext, operation: Operation, call: Call, streams: HttpStreams): Promise<Response> {
  const inQuery = operation.method === 'GET' || operation.args.some(({ is }) => is === 'body')
  const parts = partsOf(operation)
  const asked = inQuery ? readQuery(parts, new URL(c.req.url).searchParams) : await readBody(c)
  const question = checkQuestion(operation.path, parts, asked)
  const ask = (signal: AbortSignal): unknown =>
    call(...operation.args.map((argument) => valueOf(argument, question, piecesOf(c), signal)))
  if (operation.answers === 'one') {
    const value = await ask(c.req.raw.signal)
    return c.json(value === undefined ? null : (value as object))
  }
  // Destroy the connection, so that a client does not take half an answer for a whole one.
  const broke = (): void => void c.env.outgoing.destroy()
  return streams.answer(operation.answers, (signal) => ask(signal) as AsyncIterable<unknown>, broke)
}

function valueOf({ is, parts }: Argument, question: Question, body: Body, signal: AbortSignal): unknown {
  if (is === 'body') return body
  if (is === 'signal') return signal
  const given = Object.keys(parts).filter((name) => Object.hasOwn(question, name))
  if (is === 'object') return Object.fromEntries(given.map((name) => [name, question[name]]))
  const [name] = given
  return name === undefined ? undefined : question[name]
}

function piecesOf(c: HttpContext): Body {
  return (c.req.raw.body ?? []) as Body
}

async function readBody(c: HttpContext): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let size = 0
  // Stops reading an oversized body, whatever its header claims.
  for await (const chunk of piecesOf(c)) {
    size += chunk.length
    if (size > MOST) throw new HTTPException(413, { message: `a body has at most ${MOST} bytes` })
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString()
  try {
    return JSON.parse(text === '' ? '{}' : text)
  } catch (error) {
    throw invalid(`the body is not JSON: ${asError(error).message}`)
  }
}

const FLAGS: Readonly<Record<string, boolean>> = { '': true, true: true, 1: true, false: false, 0: false }

/** Reads a question from the query of a request: `?types=a&types=b&limit=3&reverse`. */
function readQuery(parts: Parts, query: URLSearchParams): Record<string, unknown> {
  const read = (name: string): unknown => {
    const kind = kindOf(parts, name)
    const all = query.getAll(name)
    const text = all.at(-1) ?? ''
    if (kind === 'texts') return all
    // Leaves an unparsable number as text; validation rejects it.
    if (kind === 'number') return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text)
    return kind === 'flag' ? (FLAGS[text] ?? text) : text
  }
  // `fromEntries` makes every part an own property, whatever its name.
  return Object.fromEntries([...query.keys()].map((name) => [name, read(name)]))
}

type Question = Readonly<Record<string, unknown>>

/** Validates that a question has every required part, and no unknown ones. `details.path` of an error names the part. */
function checkQuestion(path: string, parts: Parts, question: unknown): Question {
  if (typeof question !== 'object' || question === null || Array.isArray(question)) {
    throw invalid(`the question to ${path} must be an object, got ${describe(question)}`)
  }
  checkParts(path, parts, question)
  return question as Question
}

/** The HTTP status for an error: 400 when the question is wrong, 409 the code, 503 when the log can't answer now. */
function statusOf(error: unknown): 400 | 409 | 500 | 503 {
  const { code } = error as { readonly code?: unknown }
  if (/^TIDINGS_.*_(INVALID|TOO_LARGE)$/.test(String(code))) return 400
  if (hasCode(error, 'TIDINGS_RELOAD_FAILED')) return 409
  return hasCode(error, 'TIDINGS_LOG_FAILED') || hasCode(error, 'TIDINGS_LOG_CLOSED') ? 503 : 500
}

function invalid(message: string, path = ''): TidingsError {
  return new TidingsError('TIDINGS_LOG_INVALID', message, { details: { path } })
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => void chmod(path, 0o600).then(resolve, reject))
  })
}
