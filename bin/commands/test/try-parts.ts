import { didYouMean, foreignNames, holdsLog, removeLog } from '../../../lib/cli.ts'
import { type LevelLog, type Log, memoryLog, openLog, type TryOutReport, tryOut } from '../../../lib/index.ts'
import { exitCodes, UsageError } from '../../cli/errors.ts'
import { openDry } from '../../logs/open-dry.ts'
import { TEST_LOG } from '../../logs/which-log.ts'
import { plural } from '../../print/format.ts'
import { printJson, printProblem } from '../../print/print.ts'
import { type Cell, printRows } from '../../print/rows.ts'
import { findJob, findListener } from '../../user/find-part.ts'
import { surviveErrors, untilSignal } from '../../user/guards.ts'
import { type CodeOptions, surroundings } from '../../user/surroundings.ts'
import { checkFixtures, type FixtureOptions, trialWorld } from './fixtures.ts'
import { tryDry } from './try-dry.ts'

const HEAD = ['', 'type', 'identifier', 'seq', 'outcome']

/** Options of `tidings test`. */
export interface TestOptions extends CodeOptions, FixtureOptions {
  readonly file?: string | undefined
  readonly job?: string | undefined
  readonly listener?: string | undefined
  readonly 'emit-type'?: string | undefined
  readonly 'emit-id'?: string | undefined
  readonly 'rm-db'?: boolean | undefined
  readonly memory?: boolean | undefined
  readonly dry?: boolean | undefined
  readonly db?: string | undefined
  readonly json?: boolean | undefined
}

/** Tries a job, a listener or both, and prints the outcome; resolves to the exit code. */
export async function tryParts(options: TestOptions): Promise<number> {
  check(options)
  await checkFixtures(options)
  const { secrets, logger } = await surroundings(options)
  surviveErrors(logger)
  const job = options.job === undefined ? {} : { job: await findJob(options.job, options.file) }
  const listener =
    options.listener === undefined ? {} : { listener: await findListener(options.listener, options.file) }
  const { world, end } = await trialWorld(options, secrets)
  // Ignores TIDINGS_DB: a trial must not run on a log that is in use.
  const directory = options.memory ? undefined : (options.db ?? TEST_LOG)
  if (options['rm-db'] && directory !== undefined) await remove(directory, options.yes)
  const log = await (options.dry ? openDry(directory) : open(directory))
  const stop = new AbortController()
  void untilSignal().then((signal) => stop.abort(new Error(`interrupted by ${signal}`)))
  const again = asksAgain(options) ? { again: wanted(options) } : {}
  if (options.dry) {
    const trial = { log, ...job, ...listener, ...again, ...(world && { world }), logger, secrets, signal: stop.signal }
    const code = await tryDry({ ...trial, json: options.json === true })
    await log.close()
    return (await end([])) ? code : exitCodes.failed
  }
  const report = await tryOut({
    log,
    ...job,
    ...listener,
    ...again,
    ...(world && { world }),
    logger,
    secrets,
    signal: stop.signal,
  })
  await printTrial(report, options.json === true, secrets.scrub)
  if (asksAgain(options)) await reportUnheard(report, options, log, directory)
  await log.close()
  const isWhole = await end(
    [report.run?.error, ...report.heard.map(({ error }) => error)].map((error) => error?.message ?? ''),
  )
  const endless = job.job?.schedule.kind === 'always' && stop.signal.aborted
  return isWhole && isWell(report, endless) ? exitCodes.ok : exitCodes.failed
}

function check(options: TestOptions): void {
  const { job, listener, memory, db, yes } = options
  if (job === undefined && listener === undefined) {
    throw new UsageError(
      'nothing to try: give a job (-j example.myJob), a listener (-l example.myListener), or both; see --help',
    )
  }
  if (asksAgain(options) && listener === undefined)
    throw new UsageError('-t and -i deliver stored events to a listener: add -l')
  if (job === undefined && !asksAgain(options)) {
    throw new UsageError('the listener would receive nothing: add a job (-j), or stored events (-t TYPE, -i ID)')
  }
  if (options.dry && (options['rm-db'] || options.record !== undefined))
    throw new UsageError('--dry writes nothing: leave out -r and --record')
  if (memory && db !== undefined) throw new UsageError('--memory keeps no log: leave out --db')
  if (options['rm-db'] && db !== undefined && yes !== true) {
    throw new UsageError(`-r would remove the log in ${db} with all its events: add --yes to confirm`)
  }
}

async function remove(directory: string, yes: boolean | undefined): Promise<void> {
  const listeners = yes === true ? [] : await listenersOn(directory)
  if (listeners.length > 0) {
    const names = listeners.map((name) => JSON.stringify(name)).join(', ')
    throw new UsageError(
      `-r would remove the log in ${directory}, on which an agent has run, with listeners ${names}: add --yes to confirm`,
    )
  }
  const [foreign] = (await holdsLog(directory)) ? await foreignNames(directory) : []
  if (foreign !== undefined) {
    throw new UsageError(
      `-r would leave ${JSON.stringify(foreign)} in ${directory}, which keeps a new log from being created: move it away. Nothing was removed`,
    )
  }
  await removeLog(directory)
}

// Only an agent leaves cursors. A log that can't be opened has no listeners.
async function listenersOn(directory: string): Promise<readonly string[]> {
  if (!(await holdsLog(directory))) return []
  try {
    const log = await openLog(directory, { warn: () => undefined })
    const names: string[] = []
    for await (const { name } of log.consumers()) names.push(name)
    await log.close()
    return names
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'TIDINGS_LOG_LOCKED') throw error
    return []
  }
}

function asksAgain(options: TestOptions): boolean {
  return options['emit-type'] !== undefined || options['emit-id'] !== undefined
}

function wanted({ 'emit-type': type, 'emit-id': identifier }: TestOptions): { type?: string; identifier?: string } {
  return { ...(type === undefined ? {} : { type }), ...(identifier === undefined ? {} : { identifier }) }
}

function open(directory: string | undefined): Promise<LevelLog> {
  return directory === undefined ? memoryLog() : openLog(directory)
}

function isWell({ run, heard }: TryOutReport, endless: boolean): boolean {
  return (endless || run === undefined || run.error === undefined) && heard.every(({ error }) => error === undefined)
}

async function reportUnheard(
  { again, unheard }: TryOutReport,
  { 'emit-type': type, 'emit-id': identifier }: TestOptions,
  log: Log,
  directory = 'the log',
): Promise<void> {
  const ofType = type === undefined ? '' : ` of type ${type}`
  const what = identifier === undefined ? ofType : `${ofType} with identifier ${identifier}`
  if (again === 0) {
    const types = new Set<string>()
    for await (const event of log.events()) types.add(event.type)
    // The event was published meanwhile: the listener has received it anyway.
    if (type !== undefined && types.has(type) && identifier === undefined) return
    printProblem(`${directory} has no event${what}${type === undefined ? '' : didYouMean(type, [...types])}`)
  } else if (unheard > 0) {
    const which = unheard === again ? 'events' : `${unheard} of the ${again} events`
    printProblem(`the listener does not listen to ${which}${what}`)
  }
}

/**
 * Prints the outcome of a trial as a table or one JSON object, and the failures in words. `scrub` removes secrets
 * before their lines are indented.
 */
async function printTrial(
  { run, published, heard }: TryOutReport,
  asJson: boolean,
  scrub: (text: string) => string,
): Promise<void> {
  const error = run?.error
  if (asJson) {
    const failed = error === undefined ? {} : { error: { name: error.name, message: error.message, ...codeOf(error) } }
    printJson({ ...(run === undefined ? {} : { run: { ...run, ...failed } }), published, heard })
  } else {
    await printRows(HEAD, [
      ...published.map(({ type, identifier, seq, status }) => ['published', type, identifier, seq, status]),
      ...heard.map((each) => ['heard', each.type, each.identifier, each.seq, outcome(each)]),
    ])
  }
  if (error !== undefined) printProblem(`job ${JSON.stringify(run?.job)} failed: ${scrub(error.message)}`)
  const failures = heard.filter((each) => each.error !== undefined).length
  if (failures > 0) printProblem(`the listener failed on ${failures} of ${plural(heard.length, 'event')}`)
}

function codeOf({ code }: Error & { readonly code?: unknown }): { readonly code?: string } {
  return typeof code === 'string' ? { code } : {}
}

function outcome({ error, values }: TryOutReport['heard'][number]): Cell {
  if (error !== undefined) return { words: 'failed', why: error.message }
  if (values === 0) return 'did not pass its filters'
  return values === 1 ? 'handled' : `handled (${plural(values, 'value')})`
}
