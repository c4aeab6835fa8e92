import type { Logger } from '../core/logger.ts'
import type { Secrets } from '../core/secrets.ts'

/** How much is said. */
export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type Level = (typeof levels)[number]

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
    hooks: { streamWrite: secrets.scrub },
  }
  const stream = process.stderr.isTTY ? await prettyStream() : pino.destination({ fd: 2, sync: true })
  const logger: Logger = pino(options, stream)
  return logger
}

async function prettyStream(): Promise<NodeJS.WritableStream> {
  const { default: pretty } = await import('pino-pretty')
  const colorize = process.env.NO_COLOR === undefined || process.env.NO_COLOR === ''
  const ignore = 'pid,hostname'
  return pretty({ colorize, ignore, singleLine: true, destination: 2, sync: true, translateTime: 'SYS:HH:MM:ss.l' })
}
