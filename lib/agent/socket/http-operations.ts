import { type HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode as StatusCode } from 'hono/utils/http-status'
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

/** The most bytes in a request body: questions are short. */
const MOST = 64 * 1024

/** The type of an answer as text. The version is that of the format of Prometheus; other clients ignore it. */
export const PLAIN_TEXT = 'text/plain; version=0.0.4; charset=utf-8'

/** An app of hono on a server of Node. */
export type App = Hono<{ Bindings: HttpBindings }>

type HttpContext = Context<{ Bindings: HttpBindings }>

/** A valid question to an operation. */
export interface AskedOperation {
  /** The name of the operation, such as `jobs.run`. */
  readonly name: string
  readonly operation: Operation
  readonly question: Question
  readonly incoming: HttpBindings['incoming']
}

/** What else routes do, beside asking operations. */
export interface RouteOptions {
  /** The path below which the operations are; default `/`. */
  readonly base?: string
  /** Whether an operation has a route; default all have one. `name`: such as `jobs.run`. */
  offers?(name: string, operation: Operation): boolean
  /** Called with each valid question, before its operation runs. */
  asked?(asked: AskedOperation): void
  /** Writes an answer as JSON; default `JSON.stringify`. */
  write?(value: unknown): string
}

/**
 * The operations as routes of HTTP, by the table `contract`: validates each question, calls the operation, and sends the
 * answer. Who may ask is decided before: at the socket by the rights of its file, at the page by its guard.
 */
export function operationRoutes(operations: Operations, streams: HttpStreams, options: RouteOptions = {}): App {
  const app: App = new Hono<{ Bindings: HttpBindings }>().basePath(options.base ?? '/')
  const { write = JSON.stringify, offers = () => true, asked = () => undefined } = options
  const json = (value: unknown, status: StatusCode = 200): Response =>
    new Response(write(value), { status, headers: { 'content-type': 'application/json' } })
  const answers: Answers = { streams, asked, write, json }
  app.onError((error) => json(toWire(error), error instanceof HTTPException ? error.status : statusOf(error)))
  app.notFound((c) => json(toWire(new Error(`there is no ${c.req.method} ${c.req.path}`)), 404))
  const on = operations as unknown as Implementation
  for (const { name, operation, call } of callsOf(contract, on))
    if (offers(name, operation))
      app.on(operation.method, operation.path, (c) => answer(c, { name, operation, call }, answers))
  return app
}

// The compiler has checked the contract against `Operations`.
interface Implementation {
  readonly [name: string]: Call & Implementation
}

type Call = (...values: readonly unknown[]) => unknown

/** An operation by its name, and what answers it. */
interface Named {
  readonly name: string
  readonly operation: Operation
  readonly call: Call
}

function callsOf(declared: Declared, on: Implementation, group = ''): Named[] {
  return Object.entries(declared).flatMap(([key, each]) => {
    const own = on[key] as Call & Implementation
    return isOperation(each)
      ? [{ name: group + key, operation: each, call: own }]
      : callsOf(each, own, `${group}${key}.`)
  })
}

interface Answers extends Required<Pick<RouteOptions, 'asked' | 'write'>> {
  readonly streams: HttpStreams
  json(value: unknown): Response
}

async function answer(c: HttpContext, { name, operation, call }: Named, by: Answers): Promise<Response> {
  const inQuery = operation.method === 'GET' || operation.args.some(({ is }) => is === 'body')
  const parts = partsOf(operation)
  const search = new URL(c.req.url).searchParams
  // A browser that connects again tells the last id that it saw.
  const seen = c.req.header('last-event-id')
  if (operation.answers === 'all' && seen !== undefined && kindOf(parts, 'after') === 'number')
    search.set('after', seen)
  const given = inQuery ? readQuery(parts, search) : await readBody(c)
  const question = checkQuestion(operation.path, parts, given)
  by.asked({ name, operation, question, incoming: c.env.incoming })
  const ask = (signal: AbortSignal): unknown =>
    call(...operation.args.map((argument) => valueOf(argument, question, piecesOf(c), signal)))
  if (operation.answers === 'one') {
    const value = await ask(c.req.raw.signal)
    return by.json(value === undefined ? null : value)
  }
  if (operation.answers === 'text') {
    const headers = { 'content-type': PLAIN_TEXT }
    return new Response((await ask(c.req.raw.signal)) as string, { headers })
  }
  // Destroy the connection, so that a client does not take half an answer for a whole one.
  const broke = (): void => void c.env.outgoing.destroy()
  return by.streams.answer(operation.answers, (signal) => ask(signal) as AsyncIterable<unknown>, broke, by.write)
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

/** The parts of a question by name. */
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
  return /^TIDINGS_LOG_(FAILED|CLOSED|LOCKED)$/.test(String(code)) ? 503 : 500
}

function invalid(message: string, path = ''): TidingsError {
  return new TidingsError('TIDINGS_LOG_INVALID', message, { details: { path } })
}
