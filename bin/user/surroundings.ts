import { createLogger, didYouMean, type Level, levels, processSecrets } from '../../lib/cli.ts'
import { type Logger, type Secrets } from '../../lib/index.ts'
import { UsageError } from '../cli/errors.ts'
import { EnvFiles } from './env-files.ts'
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
  readonly env: EnvFiles
  /** Looks secrets up again, when they are asked for. */
  refreshSecrets(): void
}

/** Reads the environment files and creates the logger, for a command that runs a user's code. */
export async function surroundings(options: CodeOptions): Promise<Surroundings> {
  const env = new EnvFiles(options['env-file'] ?? [])
  env.load()
  const secrets = processSecrets()
  for (const output of [process.stdout, process.stderr]) keepSecret(secrets, output)
  const logger = await createLogger({ secrets, ...levelOf(options['log-level']) })
  return { secrets, logger, env, refreshSecrets: () => secrets.refresh() }
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
