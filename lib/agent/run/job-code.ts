import { realEnvironment } from '../../core/environment.ts'
import { type Logger, silentLogger } from '../../core/logger.ts'
import { processSecrets, type Secrets } from '../../core/secrets.ts'
import type { Job } from '../../job/job.ts'
import type { Log } from '../../log/port.ts'
import type { Agent } from '../define/agent.ts'
import { type DryRun, dryRun } from './dry-run.ts'

/** The jobs that run on a log. */
export interface Code {
  /** All jobs of the agent. */
  jobs(): readonly Job[]
  /** The job of that name; undefined if there is none. */
  job(name: string): { readonly job: Job } | undefined
  /** Runs a job without storing anything. */
  dryRun(job: Job): Promise<DryRun>
}

/**
 * The code of an agent that is not running on this log. `logger`: default silence; `secrets`: default this process's.
 */
export function codeOf(
  { jobs }: Agent,
  log: Log,
  { logger = silentLogger, secrets = processSecrets() }: { readonly logger?: Logger; readonly secrets?: Secrets } = {},
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
