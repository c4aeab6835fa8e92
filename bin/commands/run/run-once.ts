import { startByHand } from '../../../lib/cli.ts'
import { shellWord } from '../../../lib/core/escape.ts'
import { type Agent, agent, type Job, type Log, type Logger, type Secrets } from '../../../lib/index.ts'
import { exitCodes } from '../../cli/errors.ts'
import { plural } from '../../print/format.ts'
import { printJson } from '../../print/print.ts'
import { Tally } from './tally.ts'

/**
 * Surroundings of a single run. `folder`: where commands find it; absent in memory and in PostgreSQL. `place`: the log as it
 * may be shown; absent in memory. `stopped`: the user interrupted.
 */
export interface Once {
  readonly log: Log
  readonly folder: string | undefined
  readonly place: string | undefined
  readonly logger: Logger
  readonly secrets: Secrets
  readonly stopped: Promise<unknown>
  readonly json: boolean
}

/** Counts of the run. `waiting`: failed deliveries that wait for their next attempt. */
interface Done {
  readonly jobs: number
  readonly failed: number
  readonly new: number
  readonly duplicate: number
  /** Absent: none. */
  readonly held?: number
  readonly deliveries: number
  readonly parked: number
  readonly waiting: number
  readonly log: string | null
}

/** Runs these jobs once, delivers to the listeners, prints a summary; resolves to the exit code. */
export async function runOnce(jobs: readonly Job[], whole: Agent, once: Once): Promise<number> {
  const { log, folder, logger, secrets } = once
  const endless = whole.jobs.filter(({ schedule }) => schedule.kind === 'always').map(({ name }) => name)
  if (endless.length > 0) logger.warn({ jobs: endless }, 'left out with --once: jobs of always(), which never end')
  const tally = new Tally()
  const served = folder === undefined ? {} : { serve: folder }
  const { name, listeners: all, timezone } = whole
  const chosen = agent(name, [...jobs, ...all], timezone === undefined ? {} : { timezone })
  const running = await startByHand(chosen, { log, logger: tally.over(logger), secrets, ...served })
  const reports = Promise.all(jobs.map(({ name }) => running.trigger(name)))
  await Promise.race([reports.then(() => running.drained()), once.stopped])
  const { listeners } = await running.status()
  await running.stop()
  const failures = (await reports).filter((report) => report === undefined || report.error !== undefined)
  await log.close()
  const held = (await reports).reduce((sum, report) => sum + (report?.held ?? 0), 0)
  const done: Done = {
    jobs: jobs.length,
    failed: failures.length,
    new: tally.count('new event') + tally.count('changed event'),
    duplicate: tally.count('duplicate event'),
    ...(held === 0 ? {} : { held }),
    deliveries: tally.count('running listener'),
    parked: tally.count('event parked'),
    waiting: listeners.reduce((sum, { retrying }) => sum + retrying, 0),
    log: once.place ?? null,
  }
  if (once.json) printJson(done)
  // On a terminal, the sentence has it all.
  else logger.info(process.stderr.isTTY ? {} : done, sentence(done))
  return done.failed + done.parked + done.waiting === 0 ? exitCodes.ok : exitCodes.failed
}

function sentence({ log, ...done }: Done): string {
  const ran = `ran ${plural(done.jobs, 'job')}${done.failed === 0 ? '' : `, ${done.failed} failed`}`
  const held = done.held === undefined ? '' : `, ${plural(done.held, 'draft')} held`
  const found = `${plural(done.new, 'new event')}, ${plural(done.duplicate, 'duplicate')}${held}`
  const trouble = [
    ...(done.parked === 0 ? [] : [`${done.parked} parked`]),
    ...(done.waiting === 0 ? [] : [`${done.waiting} to be retried`]),
  ]
  const told = [plural(done.deliveries, 'delivery', 'deliveries'), ...trouble].join(', ')
  const where =
    log === null ? 'the log was in memory only' : `see the log with: tidings events ls --db ${shellWord(log)}`
  return `${ran}: ${found}; ${told}; ${where}`
}
