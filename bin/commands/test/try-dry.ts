import { type DryEvent, dryEffects, dryHost, dryRun, wouldBe } from '../../../lib/cli.ts'
import type { Job, Listener, Log, Logger, Query, Secrets, World } from '../../../lib/index.ts'
import { exitCodes } from '../../cli/errors.ts'
import { printDryRun, printEffects } from '../shared/dry-effects.ts'

/** A dry trial. `again`: selects the stored events that the listener would hear. */
export interface DryTrial {
  readonly log: Log
  readonly job?: Job
  readonly listener?: Listener
  readonly again?: { readonly type?: string; readonly identifier?: string }
  readonly world?: World
  readonly logger: Logger
  readonly secrets: Secrets
  readonly signal: AbortSignal
  readonly json: boolean
}

/** Runs the job, and shows what the handler of the listener would be called with; stores nothing. Resolves to the exit code. */
export async function tryDry(trial: DryTrial): Promise<number> {
  const { log, job, listener, again, world, logger, secrets, signal, json } = trial
  const host = dryHost(log, logger, secrets, world)
  const run = job === undefined ? undefined : await dryRun(job, { ...host, signal })
  const ran = run === undefined || (await printDryRun(run, json))
  if (listener === undefined) return ran ? exitCodes.ok : exitCodes.failed
  const fresh = await wouldBe(run?.drafts ?? [], host)
  async function* heard(): AsyncGenerator<DryEvent> {
    if (again !== undefined) for await (const event of log.events(queryOf(again))) yield { event, status: 'stored' }
    yield* fresh
  }
  // As in a trial, filters begin without a memory.
  const { failures } = await printEffects(dryEffects(listener, heard(), host, 'none'), json)
  return ran && failures === 0 ? exitCodes.ok : exitCodes.failed
}

function queryOf({ type, identifier }: NonNullable<DryTrial['again']>): Query {
  return {
    ...(type === undefined ? {} : { types: [type] }),
    ...(identifier === undefined ? {} : { where: (event) => event.identifier === identifier }),
  }
}
