import type { Clock } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import type { Environment } from '../../core/environment.ts'
import type { ErrorInfo } from '../../core/error-info.ts'
import type { Draft } from '../../core/event.ts'
import type { Job } from '../../job/job.ts'
import { jobNamespace } from '../../job/job-record.ts'
import { emitting, MemoryOutlet, MemoryState, runAlone } from '../../job/run-once.ts'
import { wordsOf } from '../../job/run-report.ts'
import type { Log, Query } from '../../log/port.ts'

/** A draft, and the status that its event would be delivered with. */
export interface DryDraft extends Draft {
  /** How the log would accept the draft. */
  readonly status: 'new' | 'changed' | 'duplicate'
}

/** What a run would publish, as JSON. */
export interface DryRun {
  /** The name of the job. */
  readonly name: string
  /** How long the run took, in ms. */
  readonly ms: number
  /** What the run would publish, without known secrets. */
  readonly drafts: readonly DryDraft[]
  /** Why the run failed; absent if it succeeded. */
  readonly error?: Omit<ErrorInfo, 'stack'>
  /** Why the run would cancel its job; absent if it would not. */
  readonly reason?: string
}

/** What a dry run needs. */
export interface DryRunHost {
  readonly log: Log
  readonly clock: Clock
  readonly environment: Environment
  /** Aborts the run. */
  readonly signal: AbortSignal
  /** Removes known secrets from text that leaves the process. */
  scrub(text: string): string
}

/**
 * Runs a job now without storing anything: no event, no state, no record of the run. The job sees the state in the log.
 * Side effects of the run outside the log do happen.
 */
export async function dryRun(job: Job, { log, clock, environment, signal, scrub }: DryRunHost): Promise<DryRun> {
  const published: Draft[] = []
  const offer = emitting((draft) => void published.push(draft))
  // The run sees the state in the log and what it saves itself, which is not stored.
  const outlet = new MemoryOutlet(job, new MemoryState(log.store(jobNamespace(job.name))), offer)
  const parts = { ...environment, events: (query?: Query) => log.events(query), clock, signal }
  const { ms, error, reason } = await runAlone(job, outlet, parts)
  const drafts = shown(await judge(published, log), scrub)
  return {
    name: job.name,
    ms,
    drafts,
    ...(error === undefined ? {} : { error: wordsOf(error, scrub) }),
    ...(reason === undefined ? {} : { reason: scrub(reason) }),
  }
}

async function judge(drafts: readonly Draft[], log: Log): Promise<DryDraft[]> {
  const statuses = await log.preview(drafts)
  return drafts.map(({ type, identifier, data, version }, i) => {
    const status = statuses[i] as DryDraft['status']
    return { type, identifier, data, ...defined({ version }), status }
  })
}

// Drafts leave the process here, over a socket, so secrets are removed.
function shown(drafts: readonly DryDraft[], scrub: DryRunHost['scrub']): readonly DryDraft[] {
  return scrubbed(drafts, scrub) as DryDraft[]
}

// A secret may appear as a key as well as a value.
function scrubbed(value: unknown, scrub: DryRunHost['scrub']): unknown {
  if (typeof value === 'string') return scrub(value)
  if (Array.isArray(value)) return value.map((each) => scrubbed(each, scrub))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [scrub(key), scrubbed(each, scrub)]))
}
