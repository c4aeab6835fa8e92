import { chmod, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { connect } from 'node:net'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { systemClock } from '../../core/clock.ts'
import { asError, TidingsError } from '../../core/errors.ts'
import { toWire } from '../../core/wire-error.ts'
import type { Operations } from '../operations/operations.ts'
import { checkQuestion } from '../operations/question.ts'
import { statusOf } from './http-status.ts'
import { HttpStreams } from './http-stream.ts'
import { fromQuery } from './query-string.ts'
import { type Body, type Route, routes } from './routes.ts'
import { leaveSocket, placeSocket } from './socket-path.ts'

/** The most bytes in a request body: questions are short. */
const MOST = 64 * 1024

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

type Asked = Context<{ Bindings: HttpBindings }>

/**
 * Serves operations as HTTP and JSON on a Unix socket in the log's folder, for its owner alone: any client that can
 * connect may do everything. Nothing binds to the network.
 */
export async function serve(operations: Operations, who: AgentIdentity, directory: string): Promise<SocketServer> {
  const streams = new HttpStreams()
  const path = await placeSocket(directory)
  await clear(path)
  const app = appOf(operations, who, streams)
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing))
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

function appOf(operations: Operations, who: AgentIdentity, streams: HttpStreams): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.onError((error, c) => c.json(toWire(error), error instanceof HTTPException ? error.status : statusOf(error)))
  app.notFound((c) => c.json(toWire(new Error(`there is no ${c.req.method} ${c.req.path}`)), 404))
  app.get('/', (c) => c.json(who))
  for (const route of Object.values<Route>(routes)) {
    app.on(route.method, route.path, async (c) => answer(c, route, operations, streams))
  }
  return app
}

async function answer(c: Asked, route: Route, operations: Operations, streams: HttpStreams): Promise<Response> {
  const inQuery = route.method === 'GET' || route.reads === true
  const asked = inQuery ? fromQuery(route, new URL(c.req.url).searchParams) : await bodyOf(c)
  const question = checkQuestion(route, asked) as never
  if (route.answers === 'one') {
    const value: unknown = await route.ask(operations, question, c.req.raw.signal, piecesOf(c))
    return c.json(value === undefined ? null : (value as object))
  }
  const ask = (signal: AbortSignal): AsyncIterable<unknown> =>
    route.ask(operations, question, signal, piecesOf(c)) as AsyncIterable<unknown>
  // Destroy the connection, so that a client does not take half an answer for a whole one.
  return streams.answer(route.answers, ask, () => c.env.outgoing.destroy())
}

function piecesOf(c: Asked): Body {
  return (c.req.raw.body ?? []) as Body
}

async function bodyOf(c: Asked): Promise<unknown> {
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
    throw new TidingsError('TIDINGS_LOG_INVALID', `the body is no JSON: ${asError(error).message}`)
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => void chmod(path, 0o600).then(resolve, reject))
  })
}

// A socket file outlives its process. Removes it only if nothing answers on it.
async function clear(path: string): Promise<void> {
  const code = await new Promise<string | undefined>((resolve) => {
    const socket = connect(path)
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'))
    socket.once('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
  })
  if (code === 'ENOENT') return
  if (code === 'ECONNREFUSED') return rm(path, { force: true })
  const why = code === undefined ? 'somebody listens there' : code
  throw new TidingsError('TIDINGS_LOG_INVALID', `${path} can't be the socket of this agent: ${why}`)
}
