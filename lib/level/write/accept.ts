import { describe, TidingsError } from '../../core/errors.ts'
import type { Accepted, Draft } from '../../core/event.ts'
import { type Limits } from '../../core/limits.ts'
import { checkData, checkIdentity, checkOrigin, type Identified } from '../../log/check-draft.ts'
import type { Origin, Recorded } from '../../log/port.ts'
import { storedEvent } from '../../log/stored-event.ts'
import {
  type EventRecord,
  encodeEvent,
  encodeIdentity,
  type Identity,
  identityOf,
  lastTold,
} from '../format/records.ts'
import type { Op } from './commit.ts'
import { causeRecord } from './event-index.ts'
import { type Identities, identityKey } from './identities.ts'

/** The answers to the drafts of one call. Receipts are made from them once they are durable. */
export interface Answers {
  /** One for each draft, in their order. */
  readonly statuses: readonly Accepted['status'][]
  /** One for each draft, in their order: the seq of its event, or of the earlier one. */
  readonly seqs: readonly number[]
  /** The new events: one for each draft that was accepted, in their order. */
  readonly events: readonly EventRecord[]
}

/** The answers to one accept, and the writes that make them true. */
export interface AcceptDecision extends Answers {
  /** The highest seq among the answers: once it is durable, all of them hold. */
  readonly newest: number
  /** The writes beside the events: identities, and the index of causes. */
  readonly ops: readonly Op[]
  /** The texts of their records, in the same order. */
  readonly texts: readonly string[]
  /** The size of their records, in characters. */
  readonly bytes: number
  /** The identities to remember once the ops are queued. */
  readonly identities: readonly (readonly [key: string, identity: Identity])[]
}

/** Makes the receipts of drafts from their answers. */
export function receiptsOf({ statuses, seqs, events }: Answers): readonly Accepted[] {
  let next = 0
  return statuses.map((status, at): Accepted => {
    const seq = seqs[at] as number
    return status === 'duplicate' ? { status, seq } : { status, seq, event: (events[next++] as EventRecord).event }
  })
}

/** The facts that a decision depends on. */
export interface AcceptRules {
  /** What makes an identity: type and identifier, or the identifier alone. */
  readonly identity: 'type' | 'identifier'
  readonly limits: Limits
  /** The identities that the log knows. */
  readonly identities: Pick<Identities, 'find'>
  /** The seq of the next event. */
  readonly next: number
  /** The date of the events, in ms since the epoch. */
  readonly now: number
}

/**
 * Decides about drafts in order (decisions 0002, 0007 and 0023), synchronously, so that nothing can come between the
 * look-up and the decision.
 *
 * ```
 *   identity    version of the draft                          status      stored
 *   ────────────────────────────────────────────────────────────────────────────────────────────────────────
 *   unknown     any                                           new         event, identity, type index, cause
 *                                                                         index; revision 1 if it has a version
 *   known       none                                          duplicate   nothing, and its data is never read
 *   known       the version last told                         duplicate   nothing
 *   known       any other                                     changed     event, identity, type index; revision + 1
 *
 *   imported with `origin.recorded` (time and revision of another log):
 *   known       the latest version, or a revision ≤ the       duplicate   nothing: a repeated import adds nothing
 *               latest one
 *   known       any other                                     changed     event, identity, type index; its revision
 * ```
 *
 * Invariants
 * - Changes nothing: an invalid draft throws before any write of the call is queued, so the call stores all or none.
 * - Later drafts of one call see the earlier ones: of two equal drafts, the second is a duplicate.
 * - A duplicate answers with the seq of the revision last told.
 *
 * @throws TidingsError as `Log.accept` does for an invalid draft
 */
export function decideDrafts(drafts: readonly Draft[], origin: Origin, rules: AcceptRules): AcceptDecision {
  checkOrigin(origin)
  // JSON has no such number, so the record could not be read again.
  if (!Number.isFinite(rules.now))
    throw new TidingsError('TIDINGS_LOG_INVALID', `the clock of the log must give ms, got ${describe(rules.now)}`)
  const statuses: Accepted['status'][] = []
  const seqs: number[] = []
  const ops: Op[] = []
  const events: EventRecord[] = []
  const texts: string[] = []
  const identities: [key: string, identity: Identity][] = []
  // The identities of earlier drafts of this call; most calls have one draft.
  const earlier = drafts.length > 1 ? new Map<string, Identity>() : undefined
  let bytes = 0
  for (const draft of drafts) {
    const identified = checkIdentity(draft, rules.limits)
    const { type, identifier, version } = identified
    const key = identityKey(rules.identity, type, identifier)
    const known = earlier?.get(key) ?? rules.identities.find(key)
    if (known !== undefined && isDuplicate(identified, known, origin.recorded)) {
      statuses.push('duplicate')
      seqs.push(lastTold(known)[0])
      continue
    }
    const { data, json } = checkData(draft, identified, rules.limits)
    const revision = revisionAfter(known, version, origin.recorded)
    const { transformed } = draft
    const { job, cause, traceparent } = origin
    // Listed one by one: a spread takes as long as the rest of the decision.
    const parts = { type, identifier, data, version, revision, transformed, job, cause, traceparent }
    const event = storedEvent(parts, rules.next + events.length, origin.recorded?.created ?? rules.now)
    const told = origin.told !== false
    const identity = identityOf(event, told, known)
    const record = encodeEvent(event, json, origin.run, told)
    ops.push([key, encodeIdentity(key, identity)])
    if (cause !== undefined) ops.push(...causeRecord(event))
    events.push({ event, told, size: record.length })
    texts.push(record)
    identities.push([key, identity])
    earlier?.set(key, identity)
    bytes += record.length
    statuses.push(known === undefined ? 'new' : 'changed')
    seqs.push(event.seq)
  }
  let newest = 0
  for (const seq of seqs) if (seq > newest) newest = seq
  return { statuses, seqs, newest, ops, events, texts, bytes, identities }
}

function isDuplicate({ version }: Identified, known: Identity, recorded: Recorded | undefined): boolean {
  if (version === undefined) return true
  if (recorded === undefined) return version === lastTold(known)[1]
  return version === known[1] || (recorded.revision !== undefined && recorded.revision <= revisionOf(known))
}

// An event told before its type was versioned counts as revision 1.
function revisionOf(known: Identity | undefined): number {
  return known === undefined ? 0 : (known[2] ?? 1)
}

function revisionAfter(
  known: Identity | undefined,
  version: string | undefined,
  recorded: Recorded | undefined,
): number | undefined {
  return version === undefined ? undefined : (recorded?.revision ?? revisionOf(known) + 1)
}
