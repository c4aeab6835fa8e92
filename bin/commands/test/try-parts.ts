import { didYouMean, foreignNames, holdsLog, removeLog } from '../../../lib/cli.ts'
import { type LevelLog, type Log, memoryLog, openLog, type TryOutReport, tryOut } from '../../../lib/index.ts'
import { exitCodes, Mistake } from '../../cli/mistake.ts'
import { TEST_LOG } from '../../logs/which-log.ts'
import { complain } from '../../print/complain.ts'
import { findJob, findListener } from '../../user/find-part.ts'
import { surviveErrors, untilSignal } from '../../user/guards.ts'
import { type Asked, surroundings } from '../../user/surroundings.ts'
import { printTrial } from './print-trial.ts'

/** Options of `tidings test`. */
export interface TestOptions extends Asked {
  readonly job?: string | undefined
  readonly listener?: string | undefined
  readonly 'emit-type'?: string | undefined
  readonly 'emit-id'?: string | undefined
  readonly 'rm-db'?: boolean | undefined
  readonly memory?: boolean | undefined
  readonly db?: string | undefined
  readonly yes?: boolean | undefined
  readonly json?: boolean | undefined
}

/** Tries a job, a listener or both, and prints the outcome; resolves to the exit code. */
export async function tryParts(asked: TestOptions): Promise<number> {
  check(asked)
  const { secrets, logger } = await surroundings(asked)
  surviveErrors(logger)
  const job = asked.job === undefined ? {} : { job: await findJob(asked.job) }
  const listener = asked.listener === undefined ? {} : { listener: await findListener(asked.listener) }
  // Ignores TIDINGS_DB: a trial must not run on a log that is in use.
  const directory = asked.memory ? undefined : (asked.db ?? TEST_LOG)
  if (asked['rm-db'] && directory !== undefined) await remove(directory, asked.yes)
  const log = await open(directory)
  const stop = new AbortController()
  void untilSignal().then((signal) => stop.abort(new Error(`interrupted by ${signal}`)))
  const again = asksAgain(asked) ? { again: wanted(asked) } : {}
  const report = await tryOut({ log, ...job, ...listener, ...again, logger, secrets, signal: stop.signal })
  await printTrial(report, asked.json === true, secrets.scrub)
  if (asksAgain(asked)) await sayUnfound(report, asked, log, directory)
  await log.close()
  const endless = job.job?.schedule.kind === 'always' && stop.signal.aborted
  return isWell(report, endless) ? exitCodes.ok : exitCodes.failed
}

function check(asked: TestOptions): void {
  const { job, listener, memory, db, yes } = asked
  if (job === undefined && listener === undefined) {
    throw new Mistake(
      'say what to try: a job (-j example.myJob), a listener (-l example.myListener), or both; --help says more',
    )
  }
  if (asksAgain(asked) && listener === undefined) throw new Mistake('-t and -i tell events again to a listener: add -l')
  if (job === undefined && !asksAgain(asked)) {
    throw new Mistake('there is nothing for the listener to hear: add a job (-j), or stored events (-t TYPE, -i ID)')
  }
  if (memory && db !== undefined) throw new Mistake('--memory keeps no log: leave out --db')
  if (asked['rm-db'] && db !== undefined && yes !== true) {
    throw new Mistake(`-r would remove the log in ${db} with all its events: add --yes if that is meant`)
  }
}

async function remove(directory: string, yes: boolean | undefined): Promise<void> {
  const listeners = yes === true ? [] : await listenersOn(directory)
  if (listeners.length > 0) {
    const names = listeners.map((name) => JSON.stringify(name)).join(', ')
    throw new Mistake(
      `-r would remove the log in ${directory}, on which an agent has run, with listeners ${names}: add --yes if that is meant`,
    )
  }
  const [foreign] = (await holdsLog(directory)) ? await foreignNames(directory) : []
  if (foreign !== undefined) {
    throw new Mistake(
      `-r would leave ${JSON.stringify(foreign)} in ${directory}, where no new log can be made then: move it away. Nothing was removed`,
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

function asksAgain(asked: TestOptions): boolean {
  return asked['emit-type'] !== undefined || asked['emit-id'] !== undefined
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

async function sayUnfound(
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
    complain(`${directory} has no event${what}${type === undefined ? '' : didYouMean(type, [...types])}`)
  } else if (unheard > 0) {
    const which = unheard === again ? 'events' : `${unheard} of the ${again} events`
    complain(`the listener does not listen on ${which}${what}`)
  }
}
