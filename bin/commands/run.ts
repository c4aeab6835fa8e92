import { type Agent, agent, type Job, type LevelLog, type Logger, memoryLog, openLog, start } from '../../lib/index.ts'
import { command } from '../command.ts'
import { loadAgent } from '../load-agent.ts'
import { exitCodes, Mistake } from '../mistake.ts'
import { didYouMean } from '../near.ts'
import { runOnce } from '../run-once.ts'
import { common, logDirectory, running, surroundings } from '../settings.ts'
import { surviveErrors, untilSignal } from '../user-code.ts'

export const run = command({
  summary: 'Run the agent that a TypeScript or JavaScript module exports, until it is stopped.',
  takes: ['FILE'],
  options: {
    once: { type: 'boolean', describe: 'Run every job once, deliver what is new, and end' },
    only: { type: 'array', string: true, describe: 'Run only this job (may be repeated); all listeners hear' },
    memory: { alias: 'm', type: 'boolean', describe: 'Keep the log in memory: nothing is remembered' },
    ...common,
    ...running,
  },
  examples: [
    ['run hello.ts', 'Runs hello.ts; its log is .tidings/<name of the agent>'],
    ['run hello.ts --once --only my_job', 'Runs one job once, and its listeners'],
    ['run hello.ts -m --log-level debug', 'Forgets everything at the end, and says more'],
  ],
  async run(given) {
    const [file = ''] = given._
    if (given.memory && given.db !== undefined) throw new Mistake('--memory keeps nothing: it makes no sense with --db')
    const { secrets, logger } = await surroundings(given)
    const whole = await loadAgent(file)
    const chosen = given.only === undefined ? whole : only(whole, given.only)
    const jobs = given.once ? endingJobs(chosen, given.only !== undefined) : []
    surviveErrors(logger)
    const directory = given.memory ? undefined : logDirectory(given.db, chosen.name)
    const stopped = untilSignal()
    const log = await open(directory, logger)
    if (given.once)
      return runOnce(jobs, chosen, { log, directory, logger, secrets, stopped, json: given.json === true })
    const agentAtWork = await start(chosen, { log, logger, secrets })
    await stopped
    await agentAtWork.stop()
    await log.close()
    return exitCodes.ok
  },
})

function open(directory: string | undefined, logger: Logger): Promise<LevelLog> {
  const warn = (message: string): void => logger.warn({}, message)
  return directory === undefined ? memoryLog({ warn }) : openLog(directory, { warn })
}

function only({ name, jobs, listeners, timezone }: Agent, wanted: readonly string[]): Agent {
  const names = jobs.map((job) => job.name)
  for (const job of wanted) {
    if (!names.includes(job)) {
      throw new Mistake(
        `agent ${JSON.stringify(name)} has no job ${JSON.stringify(job)}${didYouMean(job, names) || `; its jobs: ${names.join(', ')}`}`,
      )
    }
  }
  const chosen = jobs.filter((job) => wanted.includes(job.name))
  return agent(name, [...chosen, ...listeners], timezone === undefined ? {} : { timezone })
}

// The jobs for --once: those asked for by name, else those that would run by themselves or by hand.
function endingJobs({ jobs }: Agent, byName: boolean): readonly Job[] {
  const endless = jobs.find(({ schedule }) => schedule.kind === 'always')
  if (byName && endless !== undefined)
    throw new Mistake(`job ${JSON.stringify(endless.name)} never ends by itself, so it can't be run --once`)
  return jobs.filter(({ schedule, settings }) => schedule.kind !== 'always' && (byName || settings.enabled))
}
