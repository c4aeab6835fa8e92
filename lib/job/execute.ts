import { asError, TidingsError } from '../core/errors.ts'
import type { Draft } from '../core/event.ts'
import type { Publisher } from '../core/publisher.ts'
import type { Job, JobContext } from './job.ts'
import { eachDraft } from './results.ts'

/** So many drafts may wait for the log's answer before a run has to wait too: a run can't outgrow the memory. */
const MOST_PENDING = 1000

/** The parts of one execution. */
export interface Execution {
  readonly job: Job
  readonly context: JobContext
  readonly publisher: Publisher
  /** Ends the run: stores its last draft, if it returned any, in one step with its state. */
  readonly finish: (last: Draft | undefined) => Promise<void>
}

/**
 * Runs a job's function to its end: what it returned is offered, what it published is waited for, and only if all of
 * that went well the run is finished. The last draft is held back for that: state is never ahead of events.
 *
 * @throws what the run threw, or the publish that was refused, even if the run caught that; an AggregateError when
 *   several things failed, or some of many drafts: the good ones are stored then
 */
export async function execute({ job, context, publisher, finish }: Execution): Promise<void> {
  const failures = new Set<Error>()
  let last: Draft | undefined
  let drafts = 0
  const refused = (error: unknown): void => void failures.add(asError(error))
  const take = async (draft: Draft): Promise<void> => {
    if (last !== undefined) publisher.offer(last).catch(refused)
    last = draft
    drafts += 1
    if (publisher.pending > MOST_PENDING) await publisher.settle()
  }
  try {
    await eachDraft(job.run(context), context.signal, take)
  } catch (error) {
    failures.add(asError(error))
  }
  await publisher.settle()
  for (const failure of publisher.failures) failures.add(failure)
  if (context.signal.aborted) failures.add(asError(context.signal.reason))
  if (failures.size === 0) await finish(last).catch(refused)
  else if (last !== undefined && !context.signal.aborted) await publisher.offer(last).catch(refused)
  if (failures.size > 0) throw oneError([...failures], drafts)
}

function oneError(failures: readonly Error[], drafts: number): Error {
  const [first] = failures
  if (failures.length === 1 && (drafts <= 1 || !isRefusal(first))) return first as Error
  const words = failures.map((failure) => failure.message).join('; ')
  return new AggregateError(failures, `${failures.length} of the run's steps failed: ${words}`)
}

// Of many drafts, even a single refused one is named by an AggregateError.
function isRefusal(error: unknown): boolean {
  return error instanceof TidingsError && error.details.identifier !== undefined
}
