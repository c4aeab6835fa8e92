import type { DestinationStream } from 'pino'
import { escape, escapeLines } from '../core/escape.ts'
import type { Logger } from '../core/logger.ts'
import type { Secrets } from '../core/secrets.ts'

/** The log levels, from most to least verbose. */
export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
/** One of the log levels. */
export type Level = (typeof levels)[number]

/** How many characters of output are buffered while it can't be written, as on a full disk; the excess is dropped. */
const MOST_UNWRITTEN = 1024 * 1024

/** What `createLogger` needs. */
export interface LoggerOptions {
  /** The secrets whose values never appear in a line. */
  readonly secrets: Secrets
  /** The least severe level that is logged; default `TIDINGS_LOG_LEVEL`, else `info`. */
  readonly level?: Level
}

/** The engine's logger: pino, to standard error. Pretty on a terminal, JSON lines otherwise. */
export async function createLogger({ secrets, level }: LoggerOptions): Promise<Logger> {
  const { pino } = await import('pino')
  const options = {
    level: level ?? levels.find((each) => each === process.env.TIDINGS_LOG_LEVEL) ?? 'info',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: { streamWrite: (line: string) => `${escape(secrets.scrub(line.trimEnd()))}\n` },
  }
  const output = pino.destination({ fd: 2, sync: true, maxLength: MOST_UNWRITTEN })
  // A full disk takes the lines later, or never; that must not end the process.
  output.on('error', () => undefined)
  const logger: Logger = pino(options, process.stderr.isTTY ? await prettyStream(output) : output)
  return logger
}

/** Formats lines of JSON for a person. */
export async function prettyStream(output: DestinationStream): Promise<DestinationStream> {
  const { prettyFactory } = await import('pino-pretty')
  const colorize = process.env.NO_COLOR === undefined || process.env.NO_COLOR === ''
  const pretty = prettyFactory({ colorize, ignore: 'pid,hostname', singleLine: true, translateTime: 'SYS:HH:MM:ss.l' })
  return {
    write(line) {
      const fields = parsed(line)
      output.write(fields === undefined ? line : pretty(escaped(fields)))
    },
  }
}

// Undefined when the removal of a secret has broken the JSON.
function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

// Pretty lines print some text verbatim, such as the message and the stack; only a stack may span lines.
function escaped(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return key === 'stack' ? escapeLines(value) : escape(value)
  if (Array.isArray(value)) return value.map((each) => escaped(each))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [escape(name), escaped(each, name)]))
}
