import { join } from 'node:path'
import { createLogger, type Level, type Logger, levels, processSecrets, type Secrets } from '../lib/index.ts'
import { Mistake } from './mistake.ts'
import { didYouMean } from './near.ts'
import { keepSecret } from './user-code.ts'

/** Options that every command takes. */
export const common = {
  db: { type: 'string', describe: 'Folder of the log', requiresArg: false },
  json: { type: 'boolean', describe: 'Print results as JSON' },
  yes: { type: 'boolean', describe: 'Do what destroys without asking' },
} as const

/** Options of commands that run a user's code. */
export const running = {
  'log-level': { type: 'string', describe: 'How much is logged: trace, debug, info, warn, error, fatal, silent' },
  'env-file': { type: 'array', string: true, describe: 'Read environment variables from this file' },
} as const

/** The folder of an agent's log: `--db`, else `TIDINGS_DB`, else `.tidings/<agent>`. */
export function logDirectory(db: string | undefined, agent: string): string {
  return db ?? (process.env.TIDINGS_DB || join('.tidings', agent))
}

/** What a user's code is run with. */
export interface Surroundings {
  readonly secrets: Secrets
  readonly logger: Logger
}

/** Reads the environment files, and makes the logger, for a command that runs a user's code. */
export async function surroundings(given: {
  readonly 'log-level'?: string | undefined
  readonly 'env-file'?: readonly string[] | undefined
}): Promise<Surroundings> {
  for (const file of given['env-file'] ?? []) loadEnvironment(file)
  const secrets = processSecrets()
  keepSecret(secrets.scrub)
  return { secrets, logger: await createLogger({ secrets, ...levelOf(given['log-level']) }) }
}

function loadEnvironment(file: string): void {
  try {
    process.loadEnvFile(file)
  } catch (error) {
    throw new Mistake(`the environment file ${file} can't be read: ${(error as Error).message}`)
  }
}

function levelOf(asked: string | undefined): { level?: Level } {
  const [name, word] =
    asked === undefined ? ['TIDINGS_LOG_LEVEL', process.env.TIDINGS_LOG_LEVEL] : ['--log-level', asked]
  if (word === undefined || word === '') return {}
  const level = levels.find((each) => each === word)
  if (level === undefined)
    throw new Mistake(
      `${name} must be one of ${levels.join(', ')}, got ${JSON.stringify(word)}${didYouMean(word, levels)}`,
    )
  return { level }
}
