import type { Clock } from './clock.ts'
import type { Context } from './context.ts'
import { exec } from './exec.ts'
import { guarded, type Logger, standardErrorLogger } from './logger.ts'
import { processSecrets, type Secrets } from './secrets.ts'
import type { World } from './world.ts'

/** What every run and every delivery of an agent shares of its context. */
export type Environment = Pick<Context, 'fetch' | 'exec' | 'now' | 'logger' | 'secret'>

/** The real world by this clock, but for the parts of `world`. */
export function realEnvironment(
  clock: Clock,
  logger: Logger = standardErrorLogger,
  secrets: Secrets = processSecrets(),
  world: Partial<World> = {},
): Environment {
  return {
    // Looked up when called: a test that replaces the global fetch is heard.
    fetch: (...request) => globalThis.fetch(...request),
    exec,
    now: () => clock.now(),
    ...world,
    logger: guarded(logger),
    // Learns every value, to keep it out of what is printed and kept.
    secret: secrets.secret,
  }
}
