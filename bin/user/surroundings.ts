import { createLogger, didYouMean, type Level, levels, processSecrets } from '../../lib/cli.ts'
import { type Logger, type Secrets } from '../../lib/index.ts'
import { UsageError } from '../cli/errors.ts'
import { keepSecret } from './keep-secret.ts'

/** The options of commands that run a user's code. */
export interface CodeOptions {
  readonly 'log-level'?: string | undefined
  readonly 'env-file'?: readonly string[] | undefined
}

/** The environment and logger that a user's code runs with. */
export interface Surroundings {
  readonly secrets: Secrets
  readonly logger: Logger
}

/** Reads the environment files and creates the logger, for a command that runs a user's code. */
export async function surroundings(options: CodeOptions): Promise<Surroundings> {
  for (const file of options['env-file'] ?? []) loadEnvironment(file)
  const secrets = processSecrets()
  for (const output of [process.stdout, process.stderr]) keepSecret(secrets, output)
  return { secrets, logger: await createLogger({ secrets, ...levelOf(options['log-level']) }) }
}

function loadEnvironment(file: string): void {
  try {
    process.loadEnvFile(file)
  } catch (error) {
    throw new UsageError(`the environment file ${file} can't be read: ${(error as Error).message}`)
  }
}

function levelOf(given: string | undefined): { level?: Level } {
  const [name, word] =
    given === undefined ? ['TIDINGS_LOG_LEVEL', process.env.TIDINGS_LOG_LEVEL] : ['--log-level', given]
  if (word === undefined || word === '') return {}
  const level = levels.find((each) => each === word)
  if (level === undefined)
    throw new UsageError(
      `${name} must be one of ${levels.join(', ')}, got ${JSON.stringify(word)}${didYouMean(word, levels)}`,
    )
  return { level }
}
