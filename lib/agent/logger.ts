import type { DestinationStream } from 'pino'
import { loadWidths } from '../core/columns.ts'
import { escape } from '../core/escape.ts'
import type { Logger } from '../core/logger.ts'
import type { Secrets } from '../core/secrets.ts'
import { PrettyLines } from './pretty-lines.ts'

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
  if (!process.stderr.isTTY) {
    const logger: Logger = pino(options, output)
    return logger
  }
  await loadWidths()
  const lines = new PrettyLines({
    level: pino.levels.values[options.level] ?? Number.POSITIVE_INFINITY,
    colored: process.env.NO_COLOR === undefined || process.env.NO_COLOR === '',
    columns: () => process.stderr.columns,
  })
  const logger: Logger = pino(options, prettyStream(output, lines))
  return logger
}

/** Formats lines of JSON for a person. */
export function prettyStream(output: DestinationStream, lines: PrettyLines): DestinationStream {
  return {
    write(line) {
      const fields = parsed(line)
      const text = fields === undefined ? line : lines.format(fields)
      if (text !== '') output.write(text)
    },
  }
}

// Undefined when the removal of a secret has broken the JSON.
function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>
  } catch {
    return undefined
  }
}
