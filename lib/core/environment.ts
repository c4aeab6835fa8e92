import type { Clock } from './clock.ts'
import type { Context } from './context.ts'
import { exec } from './exec.ts'
import { guardLogger, type Logger, standardErrorLogger } from './logger.ts'
import { processSecrets, type Secrets } from './secrets.ts'
import type { World } from './world.ts'

/** What every run and every delivery of an agent shares of its context. */
export type Environment = Pick<Context, 'fetch' | 'exec' | 'now' | 'logger' | 'secret'>

/** The real world by this clock, but for `fetch`, `exec` and `now` of `world`. Its secrets come by way of `secretsOf`. */
export function realEnvironment(
  clock: Clock,
  logger: Logger = standardErrorLogger,
  secrets: Secrets = processSecrets(),
  world: Partial<World> = {},
): Environment {
  return {
    // Looked up when called: a test that replaces the global fetch is heard.
    fetch: (...request) => (world.fetch === undefined ? globalThis.fetch(...request) : world.fetch(...request)),
    exec: (...program) => (world.exec === undefined ? exec(...program) : world.exec(...program)),
    now: () => (world.now === undefined ? clock.now() : world.now()),
    logger: guardLogger(logger),
    secret: secrets.secret,
  }
}
