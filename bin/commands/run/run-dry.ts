import { backlogOf, type DryEffect, type DryEvent, dryEffects, dryHost, dryRun, wouldBe } from '../../../lib/cli.ts'
import type { Agent, DryDraft, Job, Listener, Log, Logger, Secrets } from '../../../lib/index.ts'
import { exitCodes } from '../../cli/errors.ts'
import { printDryRun, printEffects } from '../shared/dry-effects.ts'

/** The surroundings of a dry run. */
export interface Dry {
  readonly log: Log
  readonly logger: Logger
  readonly secrets: Secrets
  /** Aborts the runs. */
  readonly signal: AbortSignal
  readonly json: boolean
}

/**
 * Runs these jobs once, and shows what each listener would hear of the log and of what they publish; stores nothing.
 * Resolves to the exit code.
 */
export async function runDry(jobs: readonly Job[], { listeners }: Agent, dry: Dry): Promise<number> {
  const { log, logger, secrets, signal, json } = dry
  const host = dryHost(log, logger, secrets)
  const drafts: (DryDraft & { readonly job: string })[] = []
  let failed = 0
  for (const job of jobs) {
    const run = await dryRun(job, { ...host, signal })
    drafts.push(...run.drafts.map((draft) => ({ ...draft, job: job.name })))
    if (!(await printDryRun(run, json))) failed += 1
    if (signal.aborted) return exitCodes.failed
  }
  const fresh = await wouldBe(drafts, host)
  async function* heard(listener: Listener): AsyncGenerator<DryEvent> {
    yield* backlogOf(listener, log)
    yield* fresh
  }
  async function* all(): AsyncGenerator<DryEffect> {
    for (const listener of listeners) {
      for await (const effect of dryEffects(listener, heard(listener), host, 'log')) {
        if (signal.aborted) return
        yield effect
      }
    }
  }
  const { failures } = await printEffects(all(), json)
  return failed + failures === 0 && !signal.aborted ? exitCodes.ok : exitCodes.failed
}
