import { inspect } from 'node:util'
import { asError } from './errors.ts'
import { escape, escapeLines } from './escape.ts'

/**
 * Where the engine says what happens: fields first, then words, as pino has it. A pino logger fits as it is. Runs and
 * handlers may tell it words alone as well.
 */
export interface Logger {
  debug(fields: object, words: string): void
  info(fields: object, words: string): void
  warn(fields: object, words: string): void
  error(fields: object, words: string): void
}

/** A logger for runs and handlers: it takes words alone, or an error, as well. */
export interface ContextLogger extends Logger {
  debug(words: string): void
  debug(fields: object, words?: string): void
  info(words: string): void
  info(fields: object, words?: string): void
  warn(words: string): void
  warn(fields: object, words?: string): void
  error(words: string): void
  error(fields: object, words?: string): void
}

/** The ways in which a logger is told something. */
const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** What it is told. */
type Said = Parameters<Logger['info']>

/** Whether it can be told everything that there is to say. */
export function isLogger(value: unknown): value is Logger {
  return LEVELS.every((level) => typeof (value as Partial<Logger> | null | undefined)?.[level] === 'function')
}

/** The same logger, for the engine and for users' code: what goes wrong in it costs its lines, and nothing else. */
export function guardLogger(logger: Logger): ContextLogger {
  const guard = Object.create(logger) as ContextLogger
  for (const level of LEVELS) {
    const say = guardLogCall((by: Logger, said: Said) => logger[level].apply(by, said))
    // Pino's children are made of what they are children of, and say what they say as themselves.
    const value = function (this: Logger | undefined, ...said: readonly unknown[]): void {
      say(this === undefined || this === guard ? logger : this, said as unknown as Said)
    }
    Object.defineProperty(guard, level, { value, writable: true })
  }
  return guard
}

/** Says it, whatever that throws or rejects with; the first time, standard error is told. */
export function guardLogCall<A extends readonly unknown[]>(say: (...said: A) => unknown): (...said: A) => void {
  let told = false
  const fail = (error: unknown): void => {
    if (!told) console.error(`tidings: the logger fails, and lines are missing: ${escape(asError(error).message)}`)
    told = true
  }
  return (...said) => {
    try {
      const answer = say(...said)
      if (answer instanceof Promise) answer.catch(fail)
    } catch (error) {
      fail(error)
    }
  }
}

/** Says nothing. */
export const silentLogger: ContextLogger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}

function print(...said: readonly unknown[]): void {
  const parts = said.toReversed().map((each) => (typeof each === 'string' ? escape(each) : escapeLines(inspect(each))))
  console.error(parts.join(' '))
}

/** For pipelines without an agent: warnings and errors go to standard error, the rest nowhere. */
export const standardErrorLogger: Logger = {
  ...silentLogger,
  warn: print,
  error: print,
}
