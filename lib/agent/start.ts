import { join, resolve } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { defined } from '../core/defined.ts'
import { realEnvironment } from '../core/environment.ts'
import { asError, describe, quote, TidingsError } from '../core/errors.ts'
import { isLogger, type Logger, withFields } from '../core/logger.ts'
import { checkOptions } from '../core/options.ts'
import { processSecrets, type Secrets, secretsOf } from '../core/secrets.ts'
import { checkWorld, type World } from '../core/world.ts'
import { JOBS } from '../job/job-record.ts'
import { openLog } from '../level/open-log.ts'
import { checkLog } from '../log/check-log.ts'
import type { Lag, Log } from '../log/port.ts'
import { type Agent, isAgent } from './define/agent.ts'
import { createLogger } from './logger.ts'
import { openTelemetry } from './open-telemetry.ts'
import { type Joined, join as joinPeers } from './peers/join.ts'
import { operationsOn } from './peers/operations-on.ts'
import type { AgentControl } from './run/agent-control.ts'
import { enter } from './run/agents-here.ts'
import { LoggedLines } from './run/logged-lines.ts'
import type { Running } from './run/running.ts'
import { RunningAgent } from './run/running-agent.ts'
import { type SocketServer, serve } from './socket/server.ts'

export interface StartOptions {
  /**
   * The log of the agent's events; default a log in `.tidings/<agent>`, which the agent opens and closes. A given log
   * stays open.
   */
  readonly log?: Log
  /** The clock of schedules, retries and timeouts; default the log's. */
  readonly clock?: Clock
  /**
   * Any logger with pino's functions `debug`, `info`, `warn`, `error`; default pino to standard error; `false`: silence,
   * and the lines are in `running.logged`.
   */
  readonly logger?: Logger | false
  /** The source of secrets; default this process's environment and files. */
  readonly secrets?: Secrets
  /** Replacements for parts of the world that runs and handlers use: `fetch`, `exec`, `now`, `secret`. */
  readonly world?: Partial<World>
  /** Loads the agent's code again, for `reload()` and the command `tidings reload`; default: it can't be reloaded. */
  readonly load?: () => Promise<Agent>
  /**
   * The directory in which commands find the running agent, by a Unix socket; default the log's directory. With `log`,
   * there is no default: the agent answers commands only if `serve` is given.
   */
  readonly serve?: string
}

/** The agents that run in this process. */
const present = new Set<RunningAgent>()

/**
 * Runs an agent until `stop()`: its listeners continue where they left off, and its jobs run on their schedules.
 *
 * @throws TidingsError `TIDINGS_AGENT_INVALID` for an invalid agent, `TIDINGS_LOG_INVALID` for an invalid log, and
 *   whatever `openLog` throws
 *
 * @example
 * ```ts
 * import { agent, eventType, job, listener, manual, memoryLog, on, start } from 'tidings'
 *
 * const greeting = eventType('greeting').of<{ payload: string }>()
 * const hello = agent('hello', [
 *   job('hello', manual(), () => greeting('123', { payload: 'hello' })),
 *   listener('print', on(greeting), (event) => console.log(event.data.payload)),
 * ])
 * await using running = await start(hello, { log: await memoryLog(), logger: false })
 * await running.trigger('hello')
 * await running.drained()
 * ```
 */
export async function start(agent: Agent, options: StartOptions = {}): Promise<Running> {
  return begin(agent, options, false)
}

/**
 * As `start`, but its jobs run only when they are triggered. Their schedules wait for the next start: neither their slots
 * nor the retries that they left behind are touched.
 */
export async function startByHand(agent: Agent, options: StartOptions = {}): Promise<Running> {
  return begin(agent, options, true)
}

async function begin(agent: Agent, options: StartOptions, byHand: boolean): Promise<Running> {
  check(agent, options)
  const { world } = options
  const secrets = secretsOf(world, options.secrets ?? processSecrets())
  const silent = options.logger === false ? new LoggedLines() : undefined
  const base = silent ?? (await loggerOf(options, secrets, agent))
  const home = join('.tidings', agent.name)
  const log = options.log ?? (await openLog(home, logOptions(options.clock, base)))
  const clock = options.clock ?? log.clock
  const environment = realEnvironment(clock, base, secrets, world)
  const { logger } = environment
  const directory = options.serve ?? (options.log === undefined ? home : undefined)
  let server: SocketServer | undefined
  let joined: Joined | undefined
  const close = async (): Promise<void> => {
    present.delete(running)
    leave()
    await joined?.leave()
    await server?.close()
    if (options.log === undefined) await log.close()
  }
  const tracing = await openTelemetry(secrets.scrub)
  const running: RunningAgent = new RunningAgent({
    agent,
    log,
    clock,
    environment,
    scrub: secrets.scrub,
    tracing,
    byHand,
    load: options.load,
    silent,
    close,
  })
  present.add(running)
  const leave = enter(log, running)
  try {
    const place = directory === undefined ? {} : { log: resolve(directory) }
    const { name, timezone } = agent
    logger.info({ agent: name, ...place, ...defined({ timezone }) }, 'starting agent')
    await warnOfOrphans(agent, log, logger)
    await running.begin(() => logger.info({ agent: name, ...outlook(agent, running) }, 'agent started'))
    if (directory !== undefined) server = await answerCommands(running, log, directory, logger)
    if (log.shared) joined = await joinPeers(log, running)
    return running
  } catch (error) {
    await running.stop()
    throw error
  }
}

/** What steers a running agent; undefined for one of another copy of this package. */
export function controlOf(running: Running): AgentControl | undefined {
  return running instanceof RunningAgent ? running : undefined
}

function check(agent: unknown, options: StartOptions): void {
  if (!isAgent(agent)) {
    throw new TidingsError(
      'TIDINGS_AGENT_INVALID',
      `start() needs an agent, made by agent(name, parts), got ${describe(agent)}`,
    )
  }
  const known = { log: true, clock: true, logger: true, secrets: true, world: true, serve: true, load: true } as const
  checkOptions(options, known, 'TIDINGS_AGENT_INVALID', 'of start()')
  if (options.world !== undefined) checkWorld(options.world, 'TIDINGS_AGENT_INVALID', 'of start()')
  if (options.log !== undefined) checkLog(options.log, 'start()')
  else if (agent.name.toLowerCase() === 'test') {
    const why = 'its log would be in .tidings/test, where agent-test keeps and removes events'
    throw new TidingsError('TIDINGS_AGENT_INVALID', `agent ${quote(agent.name)} needs the option log: ${why}`)
  }
}

async function loggerOf({ logger: given }: StartOptions, secrets: Secrets, { name }: Agent): Promise<Logger> {
  const logger = given ?? (await createLogger({ secrets }))
  // With several agents in this process, each line names its own.
  if (isLogger(logger)) return withFields(logger, () => (present.size > 1 ? { agent: name } : undefined))
  const expected = 'false, or have the functions debug, info, warn and error'
  throw new TidingsError('TIDINGS_AGENT_INVALID', `the logger of start() must be ${expected}, got ${describe(given)}`)
}

function logOptions(clock: Clock | undefined, logger: Logger): { clock?: Clock; warn: (message: string) => void } {
  const warn = (message: string): void => logger.warn({}, message)
  return clock === undefined ? { warn } : { clock, warn }
}

/** How many coming runs the line about the start tells, at most. */
const MOST_NEXT = 5

// What a person wants to know at the start: how many parts there are, and what happens next.
function outlook({ jobs, listeners }: Agent, running: AgentControl): object {
  const coming = jobs.flatMap(({ name }) => {
    const at = running.job(name)?.status().next
    return at === undefined ? [] : [{ job: name, at }]
  })
  const next = coming.toSorted((a, b) => a.at.getTime() - b.at.getTime()).slice(0, MOST_NEXT)
  return { jobs: jobs.length, listeners: listeners.length, next }
}

// The agent works even if the socket can't be served.
async function answerCommands(
  agent: AgentControl,
  log: Log,
  directory: string,
  logger: Logger,
): Promise<SocketServer | undefined> {
  try {
    const who = { agent: agent.agent, pid: process.pid, since: agent.since.toISOString() }
    return await serve(operationsOn(log, agent), who, directory)
  } catch (error) {
    logger.warn({ directory, err: asError(error) }, 'agent cannot answer commands')
    return undefined
  }
}

// An unused name may be that of a renamed part, and the cursor of an unused listener keeps its events from being
// pruned. Logs each orphan as long as it exists, unless a part takes it over now.
async function warnOfOrphans(agent: Agent, log: Log, logger: Logger): Promise<void> {
  try {
    const lags = new Map<string, Lag>()
    for await (const { name, lag } of log.consumers()) lags.set(name, lag)
    for (const name of orphans(new Set(lags.keys()), agent.listeners)) {
      logger.warn({ listener: name, ...lags.get(name) }, 'orphaned listener: the log knows it, the agent does not')
    }
    const jobs = new Set<string>()
    for await (const { key } of log.store(JOBS).list()) jobs.add(key)
    for (const name of orphans(jobs, agent.jobs)) {
      logger.warn({ job: name }, 'orphaned job: the log knows it, the agent does not')
    }
  } catch (error) {
    // The next step reads the log again, and waits for it.
    logger.warn({ err: asError(error) }, 'could not look for orphaned listeners and jobs')
  }
}

interface Named {
  readonly name: string
  readonly settings: { readonly formerly?: string | undefined }
}

function orphans(known: ReadonlySet<string>, parts: readonly Named[]): string[] {
  const used = new Set(parts.map(({ name }) => name))
  for (const { name, settings } of parts)
    if (!known.has(name) && settings.formerly !== undefined) used.add(settings.formerly)
  return [...known].filter((name) => !used.has(name))
}
