import { inspect } from 'node:util'
import { asError } from './errors.ts'
import { escape, escapeLines } from './escape.ts'

/** Receives the log lines of the engine: fields first, then the message, as in pino. A pino logger is one. */
export interface Logger {
  /** Logs details that help to find a fault, such as each duplicate event. */
  debug(fields: object, message: string): void
  /** Logs what an operator wants to see: runs, new events, start and stop. */
  info(fields: object, message: string): void
  /** Logs what went wrong but is handled: retries, late slots, lines that are missing. */
  warn(fields: object, message: string): void
  /** Logs failures: of runs, of deliveries, of the log. */
  error(fields: object, message: string): void
}

/** A logger for runs and handlers: it also takes a message alone, or an error. */
export interface ContextLogger extends Logger {
  /** Logs details that help to find a fault. */
  debug(message: string): void
  /** Logs details that help to find a fault, with fields or an error. */
  debug(fields: object, message?: string): void
  /** Logs what an operator wants to see. */
  info(message: string): void
  /** Logs what an operator wants to see, with fields or an error. */
  info(fields: object, message?: string): void
  /** Logs what went wrong but is handled. */
  warn(message: string): void
  /** Logs what went wrong but is handled, with fields or an error. */
  warn(fields: object, message?: string): void
  /** Logs a failure. */
  error(message: string): void
  /** Logs a failure, with fields or an error. */
  error(fields: object, message?: string): void
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** The arguments of one call. */
export type LogCall = Parameters<Logger['info']>

/** Whether a value has the four methods of a logger. */
export function isLogger(value: unknown): value is Logger {
  return LEVELS.every((level) => typeof (value as Partial<Logger> | null | undefined)?.[level] === 'function')
}

/** Returns a logger that adds fields to each line of this one; undefined: none now. */
export function withFields(logger: Logger, fields: () => object | undefined): Logger {
  const adding = Object.create(logger) as Logger
  for (const level of LEVELS) {
    // As in `guardLogger`: a child of a pino logger logs with its own bindings.
    const value = function (this: Logger | undefined, ...call: LogCall): unknown {
      const by = this === undefined || this === adding ? logger : this
      const more = fields()
      return logger[level].apply(by, more === undefined ? call : callWith(more, call))
    }
    Object.defineProperty(adding, level, { value, writable: true })
  }
  return adding
}

/**
 * Returns the arguments of a call with more fields, and the fields first: runs and handlers may also log a message or an
 * error alone. `more`: undefined for a copy of the fields.
 */
export function callWith(more: object | undefined, call: readonly unknown[]): LogCall {
  const first = call[0]
  const message = call[1]
  if (typeof first === 'string') return [more ?? {}, first]
  if (first instanceof Error) return [{ ...more, err: first }, typeof message === 'string' ? message : first.message]
  const fields = more === undefined ? { ...(first as object) } : { ...more, ...(first as object) }
  // Most lines have a message and nothing behind it. A rest parameter costs several times as much as the line.
  return call.length === 2 ? [fields, message as string] : ([fields, ...call.slice(1)] as unknown as LogCall)
}

/** Returns a logger that calls this one; if that throws or rejects, only its lines are lost. */
export function guardLogger(logger: Logger): ContextLogger {
  const guard = Object.create(logger) as ContextLogger
  for (const level of LEVELS) {
    const log = guardLogCall((by: Logger, call: LogCall) => logger[level].apply(by, call))
    // A child of a pino logger inherits from its parent, this guard, and logs with its own bindings.
    const value = function (this: Logger | undefined, ...call: readonly unknown[]): void {
      log(this === undefined || this === guard ? logger : this, call as unknown as LogCall)
    }
    Object.defineProperty(guard, level, { value, writable: true })
  }
  return guard
}

/** Returns a function that calls `log` and never throws. It reports the first failure on standard error. */
export function guardLogCall<A extends readonly unknown[]>(log: (...call: A) => unknown): (...call: A) => void {
  let failed = false
  const fail = (error: unknown): void => {
    if (!failed) console.error(`tidings: the logger fails, and lines are missing: ${escape(asError(error).message)}`)
    failed = true
  }
  return (...call) => {
    try {
      const result = log(...call)
      if (result instanceof Promise) result.catch(fail)
    } catch (error) {
      fail(error)
    }
  }
}

/** Discards every line. */
export const silentLogger: ContextLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

function print(...call: readonly unknown[]): void {
  const parts = call.toReversed().map((each) => (typeof each === 'string' ? escape(each) : escapeLines(inspect(each))))
  console.error(parts.join(' '))
}

/** The logger of pipelines without an agent: warnings and errors go to standard error, the rest is discarded. */
export const standardErrorLogger: Logger = {
  ...silentLogger,
  warn: print,
  error: print,
}
