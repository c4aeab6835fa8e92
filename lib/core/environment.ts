import type { Clock } from './clock.ts'
import type { Context } from './context.ts'
import { guarded, type Logger, standardErrorLogger } from './logger.ts'
import { processSecrets, type Secrets } from './secrets.ts'
import { exec } from './world.ts'

/** What every run and every delivery of an agent shares of its context. */
export type Environment = Pick<Context, 'fetch' | 'exec' | 'now' | 'logger' | 'secret'>

/** The real world, by this clock. */
export function realEnvironment(
  clock: Clock,
  logger: Logger = standardErrorLogger,
  secrets: Secrets = processSecrets(),
): Environment {
  return {
    // Looked up when called: a test that replaces the global fetch is heard.
    fetch: (...request) => globalThis.fetch(...request),
    exec,
    now: () => clock.now(),
    logger: guarded(logger),
    secret: secrets.secret,
  }
}
