import { setTimeout as sleep } from 'node:timers/promises'
import { controlOf, didYouMean, operationsOf } from '../../../lib/cli.ts'
import {
  type Agent,
  agent,
  connect,
  type Job,
  type Log,
  type Logger,
  memoryLog,
  openLog,
  type Retention,
  type Running,
  start,
  TidingsError,
} from '../../../lib/index.ts'
import { isPostgres } from '../../../lib/log-places.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { openDry } from '../../logs/open-dry.ts'
import { logOfFile, shownPlace } from '../../logs/which-log.ts'
import { AgentCode } from '../../user/agent-code.ts'
import { surviveErrors, untilSignal, untilUnread } from '../../user/guards.ts'
import { type CodeOptions, surroundings } from '../../user/surroundings.ts'
import { retained } from '../db/retention.ts'
import { AgentPage, type PageFlags, refuseWithoutPage } from '../shared/agent-page.ts'
import { type ServiceManager, serviceManager, serviceState } from './notify.ts'
import { runDry } from './run-dry.ts'
import { runOnce } from './run-once.ts'

/** How long a log may take to close, in ms. */
const PATIENCE = 10_000

/** Options of `tidings run`. */
export interface RunOptions extends CodeOptions, PageFlags {
  readonly file: string
  readonly once?: boolean | undefined
  readonly dry?: boolean | undefined
  readonly only?: readonly string[] | undefined
  readonly memory?: boolean | undefined
  readonly retain?: readonly string[] | undefined
  /** The port of the page, or a word for any. */
  readonly ui?: string | undefined
  readonly db?: string | undefined
  readonly json?: boolean | undefined
}

/** An agent that runs until it is stopped. */
export interface LiveAgent {
  readonly running: Running
  readonly code: AgentCode
  /** The folder of the log; absent in memory. */
  readonly directory: string | undefined
  /** Opens the page, if it is not open yet. Resolves to its address. */
  openPage(): Promise<string>
}

/** What else happens while an agent runs. */
export interface Company {
  /** Loads the code for the first time. */
  load(code: AgentCode): Promise<Agent>
  /** The logger of the agent. */
  logger(logger: Logger): Logger
  /** Called when the agent has started; what it returns is called when the agent is to stop. */
  begin(live: LiveAgent): () => void
}

const alone: Company = {
  load: (code) => code.load(),
  logger: (logger) => logger,
  begin: () => () => undefined,
}

/** Runs an agent until a signal, or once; resolves to the exit code. */
export async function runAgent(options: RunOptions, company: Company = alone): Promise<number> {
  // In `tidings dev`, a key opens the page.
  if (options.ui !== undefined || company === alone) checkPage(options)
  if (options.memory && options.db !== undefined) throw new UsageError('--memory keeps no log: leave out --db')
  const retention = retained(options.retain)
  const around = await surroundings(options)
  const { secrets } = around
  const logger = company.logger(around.logger)
  surviveErrors(logger)
  const service = serviceManager(logger)
  const wanted = options.only
  const code = new AgentCode(options.file, around, (whole) => (wanted === undefined ? whole : only(whole, wanted)))
  const chosen = await company.load(code)
  const ending = options.once || options.dry ? endingJobs(chosen, options.only !== undefined) : undefined
  let begun: (running: Running) => void = () => undefined
  const starting = new Promise<Running>((resolve) => (begun = resolve))
  const reload = (): void => void starting.then((running) => reloadAsked(running, service))
  const stopped = Promise.race([untilSignal(ending === undefined ? reload : undefined), untilUnread(logger)])
  const say = (words: string): void => logger.warn({}, words)
  const directory = options.memory ? undefined : await logOfFile(chosen.name, options.file, options.db, say)
  if (options.dry && ending !== undefined) {
    const signal = abortedBy(stopped)
    const warn = (message: string): void => logger.warn({}, message)
    await using view = await naming(directory, () => openDry(directory, warn))
    return await runDry(ending, chosen, { log: view, logger, secrets, signal, json: options.json === true })
  }
  const log = await open(directory, logger, retention)
  // What belongs to the process is kept in a folder: its socket, and the tokens of its page.
  const folder = directory === undefined || isPostgres(directory) ? undefined : directory
  const place = directory === undefined ? undefined : shownPlace(directory)
  if (ending !== undefined) {
    return runOnce(ending, chosen, { log, folder, place, logger, secrets, stopped, json: options.json === true })
  }
  const pages = new AgentPage({ agent: chosen, directory: folder, logger, scrub: secrets.scrub, flags: options })
  // Before any job runs: its port may be taken.
  if (options.ui !== undefined) await closing(log, () => pages.open(options.ui))
  const running = await start(chosen, {
    log,
    logger,
    secrets,
    load: () => code.load(),
    ...(folder === undefined ? {} : { serve: folder }),
  })
  pages.serve(operationsOf(log, controlOf(running)))
  begun(running)
  service.ready()
  service.watch(() => serviceState(running, log))
  const leave = company.begin({ running, code, directory: folder, openPage: () => pages.open() })
  await Promise.race([stopped, untilClosed(log)])
  leave()
  service.stopping()
  // A log closes by itself only when it has lost its lock.
  const lost = log.state === 'closed'
  if (lost) logger.error({ directory: place }, 'the log closed itself, so the agent ends')
  await running.stop()
  await pages.close()
  // An unresponsive disk must not keep the process alive.
  await Promise.race([log.close(), sleep(PATIENCE, undefined, { ref: false })])
  service.end()
  return lost ? exitCodes.failed : exitCodes.ok
}

function checkPage(options: RunOptions): void {
  if (options.ui === undefined) refuseWithoutPage(options)
  else if (options.once || options.dry)
    throw new UsageError('--ui needs an agent that keeps running: leave out --once and --dry')
}

function abortedBy(stopped: Promise<unknown>): AbortSignal {
  const stop = new AbortController()
  void stopped.then(() => stop.abort(new Error('the dry run was interrupted')))
  return stop.signal
}

// A failure is logged: a signal has no answer.
async function reloadAsked(running: Running, service: ServiceManager): Promise<void> {
  service.reloading()
  await running.reload().catch(() => undefined)
  service.ready()
}

// A failure leaves nothing open.
async function closing<T>(log: Log, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await log.close()
    throw error
  }
}

function untilClosed(log: Log): Promise<void> {
  return new Promise((resolve) => void log.committed$.subscribe({ complete: resolve }))
}

async function open(directory: string | undefined, logger: Logger, retention?: Retention): Promise<Log> {
  const warn = (message: string): void => logger.warn({}, message)
  const options = { warn, ...(retention === undefined ? {} : { retention }) }
  if (directory !== undefined && isPostgres(directory)) {
    logger.info({ log: shownPlace(directory) }, 'the log is in PostgreSQL')
    return openLog(directory, options)
  }
  if (directory === undefined) return memoryLog(options)
  return naming(directory, () => openLog(directory, options))
}

// Names the agent that has the log.
async function naming(directory: string | undefined, open: () => Promise<Log>): Promise<Log> {
  try {
    return await open()
  } catch (error) {
    if (directory === undefined || !(error instanceof TidingsError) || error.code !== 'TIDINGS_LOG_LOCKED') throw error
    throw new TidingsError(error.code, error.message + (await whoHas(directory)), { cause: error })
  }
}

async function whoHas(directory: string): Promise<string> {
  const health = await (await connect(directory))?.status().catch(() => undefined)
  return health === undefined ? '' : `: agent ${JSON.stringify(health.agent)}`
}

function only({ name, jobs, listeners, timezone }: Agent, wanted: readonly string[]): Agent {
  const names = jobs.map((job) => job.name)
  for (const job of wanted) {
    if (names.includes(job)) continue
    const instead = didYouMean(job, names) || `; its jobs: ${names.join(', ') || 'none'}`
    throw new UsageError(`agent ${JSON.stringify(name)} has no job ${JSON.stringify(job)}${instead}`)
  }
  const chosen = jobs.filter((job) => wanted.includes(job.name))
  return agent(name, [...chosen, ...listeners], timezone === undefined ? {} : { timezone })
}

// The jobs that --once runs: the named ones, else those that may run by themselves. Excludes endless jobs.
function endingJobs({ jobs }: Agent, named: boolean): readonly Job[] {
  const endless = jobs.find(({ schedule }) => schedule.kind === 'always')
  if (named && endless !== undefined) {
    throw new UsageError(`job ${JSON.stringify(endless.name)} never ends by itself: run it without --once`)
  }
  return jobs.filter(({ schedule, settings }) => schedule.kind !== 'always' && (named || settings.enabled))
}
