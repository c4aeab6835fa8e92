import { realEnvironment } from '../../core/environment.ts'
import { type Logger, silentLogger } from '../../core/logger.ts'
import { processSecrets, type Secrets } from '../../core/secrets.ts'
import type { Job } from '../../job/job.ts'
import type { Log } from '../../log/port.ts'
import type { Agent } from '../define/agent.ts'
import { type DryRun, dryRun } from './dry-run.ts'

/** The jobs of an agent, for operations on its log. */
export interface Code {
  /** All jobs of the agent. */
  jobs(): readonly Job[]
  /** The job of that name; undefined if the agent has none. */
  job(name: string): NamedJob | undefined
  /** Runs a job without storing anything. */
  dryRun(job: Job): Promise<DryRun>
}

/** A job that was found by its name. */
export interface NamedJob {
  /** The job, as its agent has it: with the agent's time zone, and a stream's prefix in its name. */
  readonly job: Job
}

/** What the code of a job uses. */
export interface CodeOptions {
  /** Default silence. */
  readonly logger?: Logger
  /** The source of secrets; default this process's environment and files. */
  readonly secrets?: Secrets
}

/** The code of an agent that is not running on this log. */
export function codeOf(
  { jobs }: Agent,
  log: Log,
  { logger = silentLogger, secrets = processSecrets() }: CodeOptions = {},
): Code {
  const { clock } = log
  const host = { log, clock, environment: realEnvironment(clock, logger, secrets), scrub: secrets.scrub }
  return {
    jobs: () => jobs,
    job: (name) => {
      const job = jobs.find((each) => each.name === name)
      return job === undefined ? undefined : { job }
    },
    dryRun: (job) => dryRun(job, { ...host, signal: new AbortController().signal }),
  }
}
