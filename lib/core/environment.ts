import type { Clock } from './clock.ts'
import type { Context } from './context.ts'
import { exec } from './exec.ts'
import { guardLogger, type Logger, standardErrorLogger } from './logger.ts'
import { processSecrets, type Secrets } from './secrets.ts'
import { during, PROGRAM_PATIENCE } from './virtual-clock.ts'
import type { World } from './world.ts'

/** The part of the context that all runs and deliveries of an agent share. */
export type Environment = Pick<Context, 'fetch' | 'exec' | 'now' | 'logger' | 'secret'>

/** The real world with this clock, with `fetch`, `exec` and `now` replaced by those of `world`; for its secrets see `secretsOf`. */
export function realEnvironment(
  clock: Clock,
  logger: Logger = standardErrorLogger,
  secrets: Secrets = processSecrets(),
  world: Partial<World> = {},
): Environment {
  return {
    // Looked up at each call, so that a test may replace the global fetch.
    fetch: (...request) =>
      during(clock, world.fetch === undefined ? globalThis.fetch(...request) : world.fetch(...request)),
    exec: (...program) =>
      world.exec === undefined
        ? during(clock, exec(...program), PROGRAM_PATIENCE)
        : during(clock, world.exec(...program)),
    now: () => (world.now === undefined ? clock.now() : world.now()),
    logger: guardLogger(logger),
    secret: secrets.secret,
  }
}
