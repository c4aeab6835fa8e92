import { describe, TidingsError } from '../core/errors.ts'
import type { Accepted, Draft, StoredEvent } from '../core/event.ts'
import type { JsonValue } from '../core/json.ts'
import type { Limits } from '../core/limits.ts'
import { checkData, checkIdentity, checkOrigin, checkWrite, type Identified } from '../log/check-draft.ts'
import type { Origin, Writes } from '../log/port.ts'
import { storedEvent } from '../log/stored-event.ts'
import type { Row } from './connection.ts'
import { stateColumns } from './state.ts'
import { toText, toTextOrNull } from './text.ts'

/** A draft, checked and copied. `problem`: its data can't be stored, which does not matter if it is a duplicate. */
interface Prepared extends Identified {
  readonly transformed: true | undefined
  readonly data: JsonValue
  readonly json: string | null
  readonly problem?: { readonly error: unknown }
}

/** One call of `accept`. */
export interface AcceptCall {
  readonly drafts: readonly Prepared[]
  readonly origin: Origin
  readonly state: Writes
}

/**
 * Checks and copies what an accept is given.
 *
 * @throws TidingsError as `Log.accept` does
 */
export function prepareCall(drafts: readonly Draft[], origin: Origin, limits: Limits): AcceptCall {
  if (!Array.isArray(drafts))
    throw new TidingsError('TIDINGS_LOG_INVALID', `a log accepts an array of drafts, got ${describe(drafts)}`)
  checkOrigin(origin)
  const state = (origin.state ?? []).map(checkWrite)
  return { drafts: (drafts as readonly Draft[]).map((draft) => prepare(draft, limits)), origin, state }
}

function prepare(draft: Draft, limits: Limits): Prepared {
  const identified = checkIdentity(draft, limits)
  try {
    const { transformed } = draft
    return { ...identified, transformed, ...dataOf(draft, identified, limits) }
  } catch (error) {
    return { ...identified, transformed: undefined, data: null, json: null, problem: { error } }
  }
}

function dataOf(draft: Draft, identified: Identified, limits: Limits): { data: JsonValue; json: string } {
  return checkData(draft, identified, limits)
}

/** Whether a draft of the call may be refused by the server: the call is then sent alone. */
export function isDoubtful({ drafts }: AcceptCall): boolean {
  return drafts.some(({ problem }) => problem !== undefined)
}

/** The values for `accept_2` after the time, one array a column. */
export function columnsOf(calls: readonly AcceptCall[], identity: 'type' | 'identifier'): readonly unknown[][] {
  const all = calls.flatMap(({ drafts, origin }) => drafts.map((draft) => ({ draft, origin })))
  const column = <T>(value: (given: (typeof all)[number]) => T): T[] => all.map(value)
  return [
    column(({ draft }) => (identity === 'type' ? toText(draft.type) : '')),
    column(({ draft }) => toText(draft.type)),
    column(({ draft }) => toText(draft.identifier)),
    column(({ draft }) => toTextOrNull(draft.version)),
    column(({ draft }) => draft.json),
    column(({ draft }) => (draft.transformed === true ? true : null)),
    column(({ draft }) => draft.problem !== undefined),
    column(({ origin }) => toTextOrNull(origin.job)),
    column(({ origin }) => toTextOrNull(origin.run)),
    column(({ origin }) => origin.cause ?? null),
    column(({ origin }) => toTextOrNull(origin.traceparent)),
    column(({ origin }) => origin.told ?? true),
    column(({ origin }) => origin.recorded?.created ?? null),
    column(({ origin }) => origin.recorded?.revision ?? null),
    ...stateColumns(calls.flatMap(({ state }) => state)),
  ]
}

/** The answers to each call, and the highest seq among them, from the row that `accept_2` returned. */
export function answersOf(
  calls: readonly AcceptCall[],
  row: Row,
): { readonly answers: readonly (readonly Accepted[])[]; readonly newest: number } {
  const [created, seqs, statuses, revisions] = row as [
    created: string | null,
    seqs: readonly string[] | null,
    statuses: readonly number[] | null,
    revisions: readonly (number | null)[] | null,
  ]
  let [n, newest] = [0, 0]
  const answer = (draft: Prepared, origin: Origin): Accepted => {
    const [seq, status] = [Number(seqs?.[n]), statuses?.[n] ?? 0]
    const revision = revisions?.[n] ?? undefined
    n += 1
    newest = Math.max(newest, seq)
    if (status === 0) return { status: 'duplicate', seq }
    const event = eventOf(draft, origin, { seq, created: Number(created), revision })
    return { status: status === 1 ? 'new' : 'changed', seq, event }
  }
  const answers = calls.map(({ drafts, origin }) => drafts.map((draft) => answer(draft, origin)))
  return { answers, newest }
}

function eventOf(
  draft: Prepared,
  { job, cause, recorded, traceparent }: Origin,
  given: { readonly seq: number; readonly created: number; readonly revision: number | undefined },
): StoredEvent {
  const { type, identifier, version, transformed, data } = draft
  const parts = { type, identifier, data, version, revision: given.revision, transformed, job, cause, traceparent }
  return storedEvent(parts, given.seq, recorded?.created ?? given.created)
}
