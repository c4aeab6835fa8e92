import { describe, TidingsError } from '../../core/errors.ts'
import type { Accepted, Draft } from '../../core/event.ts'
import { type Limits } from '../../core/limits.ts'
import { checkData, checkIdentity, checkRecorded, type Identified } from '../../log/limits.ts'
import type { Origin, Recorded } from '../../log/port.ts'
import { keys } from '../format/keys.ts'
import {
  type EventRecord,
  encodeEvent,
  encodeIdentity,
  type Identity,
  identityOf,
  lastTold,
  storedEvent,
} from '../format/records.ts'
import type { Op } from './commit.ts'
import { type Identities, identityKey } from './identities.ts'

export interface AcceptDecision {
  /** The answers, in order of the drafts. */
  readonly answers: readonly Accepted[]
  /** The highest seq among them: once that is durable, all answers hold. */
  readonly newest: number
  readonly ops: readonly Op[]
  readonly events: readonly EventRecord[]
  readonly bytes: number
  /** To be remembered once the decision stands. */
  readonly identities: readonly (readonly [key: string, identity: Identity])[]
}

/** What a decision depends on. */
export interface AcceptRules {
  readonly identity: 'type' | 'identifier'
  readonly limits: Limits
  readonly identities: Pick<Identities, 'find'>
  /** The seq for the next event. */
  readonly next: number
  readonly now: number
}

/**
 * Decides about drafts, in order and at once: nobody can come between the look-up and the decision. Changes nothing,
 * so that a refused draft leaves no trace of those before it.
 */
export function decideDrafts(drafts: readonly Draft[], origin: Origin, rules: AcceptRules): AcceptDecision {
  checkRecorded(origin.recorded)
  // Written down, it could not be read any more.
  if (!Number.isFinite(rules.now))
    throw new TidingsError('TIDINGS_LOG_INVALID', `the clock of the log must give ms, got ${describe(rules.now)}`)
  const receipts: Accepted[] = []
  const ops: Op[] = []
  const events: EventRecord[] = []
  const identities: [key: string, identity: Identity][] = []
  // Of those before in this call; most calls have but one draft.
  const earlier = drafts.length > 1 ? new Map<string, Identity>() : undefined
  let bytes = 0
  for (const draft of drafts) {
    const identified = checkIdentity(draft, rules.limits)
    const { type, identifier, version } = identified
    const key = identityKey(rules.identity, type, identifier)
    const known = earlier?.get(key) ?? rules.identities.find(key)
    if (known !== undefined && isDuplicate(identified, known, origin.recorded)) {
      receipts.push({ status: 'duplicate', seq: lastTold(known)[0] })
      continue
    }
    const { data, json } = checkData(draft, identified, rules.limits)
    const revision = revisionAfter(known, version, origin.recorded)
    const { transformed } = draft
    const { job, cause } = origin
    // Spelled out: a spread takes as long as the rest of the decision.
    const parts = { type, identifier, data, version, revision, transformed, job, cause }
    const event = storedEvent(parts, rules.next + events.length, origin.recorded?.created ?? rules.now)
    const told = origin.told !== false
    const identity = identityOf(event, told, known)
    const eventKey = keys.event(event.seq)
    const record = encodeEvent(eventKey, event, json, origin.run, told)
    ops.push([eventKey, record], [key, encodeIdentity(key, identity)], [keys.type(type, event.seq), ''])
    events.push({ event, told, size: record.length })
    identities.push([key, identity])
    earlier?.set(key, identity)
    bytes += record.length
    receipts.push({ status: known === undefined ? 'new' : 'changed', seq: event.seq, event })
  }
  let newest = 0
  for (const { seq } of receipts) if (seq > newest) newest = seq
  return { answers: receipts, newest, ops, events, bytes, identities }
}

function isDuplicate({ version }: Identified, known: Identity, recorded: Recorded | undefined): boolean {
  if (version === undefined) return true
  if (recorded === undefined) return version === lastTold(known)[1]
  return version === known[1] || (recorded.revision !== undefined && recorded.revision <= revisionOf(known))
}

// What was told before its type was versioned was the first.
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
