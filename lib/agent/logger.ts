import type { DestinationStream } from 'pino'
import { escape, escapeLines } from '../core/escape.ts'
import type { Logger } from '../core/logger.ts'
import type { Secrets } from '../core/secrets.ts'

/** How much is said. */
export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type Level = (typeof levels)[number]

/** How much of what can't be written now, as on a full disk, is kept for later, in characters; what is more is dropped. */
const MOST_UNWRITTEN = 1024 * 1024

/**
 * The engine's logger: pino, to standard error. Pretty on a terminal, JSON lines otherwise. Values of known secrets
 * never get into a line.
 *
 * - `level`: default `TIDINGS_LOG_LEVEL`, else `info`
 */
export async function createLogger({
  secrets,
  level,
}: {
  readonly secrets: Secrets
  readonly level?: Level
}): Promise<Logger> {
  const { pino } = await import('pino')
  const options = {
    level: level ?? levels.find((each) => each === process.env.TIDINGS_LOG_LEVEL) ?? 'info',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: { streamWrite: (line: string) => `${escape(secrets.scrub(line.trimEnd()))}\n` },
  }
  const output = pino.destination({ fd: 2, sync: true, maxLength: MOST_UNWRITTEN })
  // A disk that is full takes the lines later, or never: that is no reason to end.
  output.on('error', () => undefined)
  const logger: Logger = pino(options, process.stderr.isTTY ? await prettyStream(output) : output)
  return logger
}

/** Lines of JSON as a person reads them. */
export async function prettyStream(output: DestinationStream): Promise<DestinationStream> {
  const { prettyFactory } = await import('pino-pretty')
  const colorize = process.env.NO_COLOR === undefined || process.env.NO_COLOR === ''
  const pretty = prettyFactory({ colorize, ignore: 'pid,hostname', singleLine: true, translateTime: 'SYS:HH:MM:ss.l' })
  return {
    write(line) {
      const said = parsed(line)
      output.write(said === undefined ? line : pretty(seen(said)))
    },
  }
}

// A secret that was taken out may have been more than text in it.
function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

// Pretty lines show some text as it is, such as the message and the stack; only a stack has lines of its own.
function seen(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return key === 'stack' ? escapeLines(value) : escape(value)
  if (Array.isArray(value)) return value.map((each) => seen(each))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [escape(name), seen(each, name)]))
}
