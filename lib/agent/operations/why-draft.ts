import { defined } from '../../core/defined.ts'
import { nearest } from '../../core/did-you-mean.ts'
import { quote, TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import { eq } from '../../filter/comparison.ts'
import { at } from '../../filter/path.ts'
import { HeldDrafts, heldByJob, identityOf } from '../../job/held-drafts.ts'
import { JOBS, type JobRecord } from '../../job/job-record.ts'
import { history } from '../../job/run-report.ts'
import type { Log } from '../../log/port.ts'
import type { WhyAnswer, WhyFailedRun } from '../inspect/why-answer.ts'

/** What became of a draft, and the event that it is. */
export interface FoundDraft extends Pick<WhyAnswer, 'draft' | 'same' | 'held' | 'refused' | 'failing' | 'similar'> {
  readonly found?: StoredEvent
}

/** How many of the newest events are looked at for a similar name. */
const RECENT = 2000

/** How many runs of each job are looked at. */
const MOST_RUNS = 20

/** How many failed runs the answer has. */
const MOST_FAILING = 3

/** How many similar ones the answer has. */
const MOST_SIMILAR = 3

/**
 * Finds what became of a draft: `seq`, or `type:identifier`, where both may contain colons.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID` for anything else
 */
export async function findDraft(log: Log, asked: string): Promise<FoundDraft> {
  if (/^[1-9]\d*$/.test(asked)) return atSeq(log, Number(asked))
  const names = namesIn(asked)
  if (names.length === 0) {
    const message = `an event is named by its seq, or as type:identifier, got ${JSON.stringify(asked)}`
    throw new TidingsError('TIDINGS_LOG_INVALID', message, { details: { path: 'event' } })
  }
  for (const [type, identifier] of names) {
    const known = await identityOfDraft(log, type, identifier)
    if (known !== undefined) return known
  }
  const { refused, failing } = await failedRuns(log, names)
  if (refused !== undefined) return { draft: 'refused', refused }
  const [[type, identifier]] = names as [readonly [string, string]]
  const runs = failing.length === 0 ? {} : { failing: failing.slice(0, MOST_FAILING) }
  return { draft: 'unknown', ...runs, ...(await similar(log, type, identifier)) }
}

/** Every way to read it, the shortest type first. */
function namesIn(asked: string): (readonly [type: string, identifier: string])[] {
  const colons = Array.from(asked.matchAll(/:/g), ({ index }) => index)
  const names = colons.map((i) => [asked.slice(0, i), asked.slice(i + 1)] as const)
  return names.filter(([type, identifier]) => type !== '' && identifier !== '')
}

async function atSeq(log: Log, seq: number): Promise<FoundDraft> {
  for await (const event of log.events({ after: seq - 1, limit: 1 })) {
    if (event.seq !== seq) break
    const isKnown = (await log.toldAs(event.type, event.identifier)) !== undefined
    return { draft: isKnown ? 'accepted' : 'forgotten', found: event }
  }
  return seq <= (await log.last()) ? { draft: 'pruned', same: { seq } } : { draft: 'unknown' }
}

async function identityOfDraft(log: Log, type: string, identifier: string): Promise<FoundDraft | undefined> {
  const event = await log.get(type, identifier)
  if (event !== undefined) return { draft: 'accepted', found: event }
  const seq = await log.toldAs(type, identifier)
  if (seq !== undefined) {
    const { found } = await atSeq(log, seq)
    if (found === undefined) return { draft: 'pruned', same: { seq } }
    return { draft: 'duplicate', same: { seq, type: found.type, created: new Date(found.created).toISOString() } }
  }
  for (const [job, { heldSince }] of await heldByJob(log)) {
    const identity = identityOf({ type, identifier, data: undefined })
    if (await new HeldDrafts(log, job).has(identity)) return { draft: 'held', held: { job, since: heldSince } }
  }
  const where = at<StoredEvent, 'identifier'>('identifier', eq(identifier))
  for await (const forgotten of log.events({ types: [type], where, reverse: true, limit: 1 }))
    return { draft: 'forgotten', found: forgotten }
  return undefined
}

/** The newest run that failed because of such a draft, and of each other job its newest run, if that failed. */
async function failedRuns(
  log: Log,
  names: readonly (readonly [type: string, identifier: string])[],
): Promise<{ readonly refused?: WhyFailedRun; readonly failing: readonly WhyFailedRun[] }> {
  // An error about a draft begins with it. A long identifier is shortened there, and could be another one.
  const begins = names
    .map(([type, identifier]) => `${quote(type)} ${quote(identifier)}: `)
    .filter((words) => !words.includes('…'))
  const isAbout = ({ message }: WhyFailedRun['error']): boolean => begins.some((words) => message.startsWith(words))
  const failing: WhyFailedRun[] = []
  let refused: WhyFailedRun | undefined
  for await (const { key: job } of log.store(JOBS).list<JobRecord>()) {
    let isNewest = true
    for await (const { slot, status, error } of history(log, job, { reverse: true, limit: MOST_RUNS })) {
      const run = status === 'failed' && error !== undefined ? { job, slot, error } : undefined
      if (run !== undefined && isNewest) failing.push(run)
      if (run !== undefined && isAbout(run.error) && (refused === undefined || refused.slot < slot)) refused = run
      isNewest = false
    }
  }
  return { failing, ...defined({ refused }) }
}

// Of the newest events of the type; of all events, if the type has no event.
async function similar(log: Log, type: string, identifier: string): Promise<Pick<WhyAnswer, 'similar'>> {
  const names: string[] = []
  const query = { reverse: true, limit: RECENT }
  for await (const event of log.events({ ...query, types: [type] })) names.push(`${event.type}:${event.identifier}`)
  if (names.length === 0) for await (const event of log.events(query)) names.push(`${event.type}:${event.identifier}`)
  const found: string[] = []
  const asked = `${type}:${identifier}`
  for (let left = [...new Set(names)]; found.length < MOST_SIMILAR; ) {
    const name = nearest(asked, left)
    if (name === undefined) break
    found.push(name)
    left = left.filter((each) => each !== name)
  }
  return found.length === 0 ? {} : { similar: found }
}
