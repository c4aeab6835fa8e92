import { defined } from '../core/defined.ts'
import { describe, TidingsError } from '../core/errors.ts'
import { checkText } from '../core/limits.ts'
import type { OpenSlot, SlotPlan, SlotsOfJob } from './claim.ts'

/** A slot that is due and not settled. */
export interface OpenRecord {
  /** In ms since the epoch. */
  readonly slot: number
  /** The newest attempt; 0: none began. */
  readonly attempt: number
  /** Who holds the slot; absent: the slot was put off, or given back. */
  readonly holder?: string
  /** Until when the claim is valid, in ms since the epoch. */
  readonly until?: number
  /** The newest attempt has ended. */
  readonly tried?: true
  /** When the next attempt is due, in ms since the epoch. */
  readonly at?: number
  /** When that was decided, in ms since the epoch. */
  readonly since?: number
  /** The slot was requested, and is not part of the schedule. */
  readonly aside?: true
}

/** The slots of a job: all up to `done` (ms since the epoch) are settled, except those in `open`. */
export interface Slots {
  readonly done?: number
  readonly open: readonly OpenRecord[]
}

/** A granted slot, and its newest attempt. */
export interface Given {
  readonly job: string
  readonly slot: number
  readonly ttl: number
  readonly aside: boolean
  attempt: number
}

/** The record of an attempt to store; without an outcome, the attempt died. */
export interface RunChange {
  readonly slot: number
  readonly attempt: number
  readonly outcome?: { readonly is: unknown }
}

/** What a decision about the slots of a job stores, in one commit. */
export interface SlotChange {
  readonly slots: Slots
  readonly runs: readonly RunChange[]
}

/** What the decisions depend on. */
export interface SlotFacts {
  /** Who asks. */
  readonly holder: string
  /** In ms since the epoch. */
  readonly now: number
  /** Whether a holder lives: the claim of another belongs to a dead process, and is void. */
  isLive(holder: string | undefined): boolean
  /** Whether an attempt at this slot has a record. */
  ran(slot: number): boolean
}

/**
 * Decides about a claim: undefined when there is nothing to run. `isOurs`: the last claim of this slot by the same holder
 * was never granted, because its commit failed; it may be stored all the same.
 */
export function claimed(
  known: Slots,
  asked: Omit<Given, 'attempt'>,
  facts: SlotFacts,
  isOurs = false,
): { readonly change: SlotChange; readonly given: Given } | undefined {
  const { slots, runs } = withoutDead(known, facts)
  const entry = slots.open.find(({ slot }) => slot === asked.slot)
  const mine = isOurs && entry?.holder === facts.holder
  if (entry === undefined ? isSettled(slots, asked, facts) : !mine && (asked.aside || isHeld(entry, facts)))
    return undefined
  const attempt = (entry?.attempt ?? 0) + (mine ? 0 : 1)
  const given: Given = { ...asked, attempt }
  const lost = entry !== undefined && isLost(entry, facts) ? [{ slot: asked.slot, attempt: entry.attempt }] : []
  const taken = { ...dueOf(entry), ...entryOf(given, facts) }
  return { change: { slots: { ...slots, open: replaced(slots.open, taken) }, runs: [...runs, ...lost] }, given }
}

/** Decides about a plan. */
export function planned(job: string, known: Slots, plan: SlotPlan, facts: SlotFacts): SlotChange {
  const { upTo, back = false, open = [], settled = [], noted = [] } = plan
  const limit = upTo === undefined ? undefined : checkSlot(job, upTo)
  const opened = open.map((each) => ({ ...each, slot: checkSlot(job, each.slot) }))
  const dropped = new Set(settled.map((slot) => checkSlot(job, slot)))
  const notes = noted.map(({ slot, outcome }) => ({ slot: checkSlot(job, slot), attempt: 0, outcome: { is: outcome } }))
  const { slots, runs } = withoutDead(known, facts)
  const goes = (each: OpenRecord): boolean => dropped.has(each.slot) && !isHeld(each, facts)
  const isNew = (slot: number): boolean =>
    !slots.open.some((each) => each.slot === slot) && !isSettled(slots, { slot, aside: false }, facts)
  const left = [...slots.open.filter((each) => !goes(each)), ...opened.filter(({ slot }) => isNew(slot)).map(putOff)]
  const done = back || limit === undefined ? limit : Math.max(limit, slots.done ?? limit)
  return {
    slots: { ...slots, ...defined({ done }), open: left.sort(bySlot) },
    runs: [...runs, ...lostRuns(slots.open.filter(goes), facts), ...notes],
  }
}

/** The slots as the log lists them. */
export function listed({ done, open }: Slots, facts: SlotFacts): SlotsOfJob {
  const asked = open
    .filter(({ aside }) => aside !== true)
    .map((each): OpenSlot => {
      const { slot, attempt, at, since } = each
      const due = at === undefined ? {} : { at, ...defined({ since }) }
      return { slot: new Date(slot), attempts: attempt, held: isHeld(each, facts), ended: hasEnded(each), ...due }
    })
  return { ...(done === undefined ? {} : { upTo: new Date(done) }), open: asked }
}

/** The open slots whose attempt died with its process: the next claim stores their records. */
export function lostRuns(open: readonly OpenRecord[], facts: SlotFacts): readonly RunChange[] {
  return open.filter((each) => isLost(each, facts)).map(({ slot, attempt }) => ({ slot, attempt }))
}

/** The open record of a slot, if this claim still holds it. */
function heldBy({ open }: Slots, { slot, attempt }: Given, { holder }: SlotFacts): OpenRecord | undefined {
  const entry = open.find((each) => each.slot === slot)
  return entry?.holder === holder && entry.attempt === attempt ? entry : undefined
}

/** Extends a claim; undefined when another holds the slot. */
export function renewed(known: Slots, given: Given, facts: SlotFacts): Slots | undefined {
  const entry = heldBy(known, given, facts)
  if (entry === undefined) return undefined
  return { ...known, open: replaced(known.open, { ...entry, ...entryOf(given, facts) }) }
}

/** Records the outcome of an attempt; the slot stays open. `at`: when the next attempt is due. */
export function tried(
  known: Slots,
  given: Given,
  end: { readonly attempt: number; readonly outcome: unknown; readonly at?: number | undefined },
  facts: SlotFacts,
): SlotChange {
  const { attempt, outcome, at } = end
  const due = at === undefined ? {} : { at, since: facts.now }
  const entry: OpenRecord = { ...entryOf({ ...given, attempt }, facts), tried: true, ...due }
  const isHolder = heldBy(known, given, facts) !== undefined
  const slots = isHolder ? { ...known, open: replaced(known.open, entry) } : known
  return { slots, runs: [{ slot: given.slot, attempt, outcome: { is: outcome } }] }
}

/** Gives a slot back after this many ended attempts; undefined when another holds it. */
export function released(known: Slots, given: Given, attempts: number, facts: SlotFacts): Slots | undefined {
  const entry = heldBy(known, given, facts)
  if (entry === undefined) return undefined
  const others = known.open.filter((each) => each !== entry)
  if (given.aside) return { ...known, open: others }
  const { slot } = entry
  const left: OpenRecord = { slot, attempt: attempts, ...(attempts === 0 ? {} : { tried: true }), ...dueOf(entry) }
  return { ...known, open: replaced(others, left) }
}

/** Completes a slot. */
export function completed(
  known: Slots,
  given: Given,
  end: { readonly attempt: number; readonly outcome: unknown },
  facts: SlotFacts,
): SlotChange {
  const { slot, aside } = given
  const entry = heldBy(known, given, facts)
  const open = known.open.filter((each) => each !== entry)
  const slots = aside ? { ...known, open } : { done: Math.max(slot, known.done ?? slot), open }
  return { slots, runs: [{ slot, attempt: end.attempt, outcome: { is: end.outcome } }] }
}

/** The byte limit for job names, the same as for event types. */
const MOST_BYTES = 256

/** @throws TidingsError `TIDINGS_LOG_INVALID` */
export function checkJob(job: string): string {
  return checkText(job, MOST_BYTES, 'TIDINGS_LOG_INVALID', 'the job of a claim')
}

/**
 * Returns a slot in ms since the epoch.
 *
 * @throws TidingsError `TIDINGS_LOG_INVALID`
 */
export function checkSlot(job: string, slot: Date): number {
  checkJob(job)
  const at = slot instanceof Date ? slot.getTime() : Number.NaN
  if (Number.isNaN(at))
    throw new TidingsError('TIDINGS_LOG_INVALID', `the slot of a claim must be a Date, got ${describe(slot)}`)
  return at
}

/** @throws TidingsError `TIDINGS_LOG_INVALID` */
export function checkTtl(ttl: number): number {
  if (ttl > 0) return ttl
  throw new TidingsError('TIDINGS_LOG_INVALID', `the ttl of a claim must be a time in ms, got ${describe(ttl)}`)
}

// A slot must not run when it is settled, or the log has a run record for it.
function isSettled({ done }: Slots, { slot, aside }: Pick<Given, 'slot' | 'aside'>, facts: SlotFacts): boolean {
  if (!aside && done !== undefined && slot <= done) return true
  return facts.ran(slot)
}

function isHeld({ holder, until = 0 }: OpenRecord, facts: SlotFacts): boolean {
  return facts.isLive(holder) && until > facts.now
}

// The attempt died with its process, so that its outcome will never be recorded.
function isLost(entry: OpenRecord, facts: SlotFacts): boolean {
  return !facts.isLive(entry.holder) && !hasEnded(entry)
}

// A requested run is not repeated after its process has died.
function withoutDead(known: Slots, facts: SlotFacts): SlotChange {
  const isDead = (each: OpenRecord): boolean => each.aside === true && !facts.isLive(each.holder)
  const dead = known.open.filter(isDead)
  if (dead.length === 0) return { slots: known, runs: [] }
  return { slots: { ...known, open: known.open.filter((each) => !isDead(each)) }, runs: lostRuns(dead, facts) }
}

function entryOf({ slot, ttl, attempt, aside }: Given, { holder, now }: SlotFacts): OpenRecord {
  return { slot, holder, until: now + ttl, attempt, ...(aside ? { aside } : {}) }
}

function hasEnded({ attempt, tried }: OpenRecord): boolean {
  return attempt === 0 || tried === true
}

type PutOff = { readonly slot: number } & Partial<Omit<OpenSlot, 'slot'>>

function putOff({ slot, attempts = 0, at, since = at }: PutOff): OpenRecord {
  return { slot, attempt: attempts, ...(attempts === 0 ? {} : { tried: true }), ...dueOf({ at, since }) }
}

type Due = { readonly at?: number | undefined; readonly since?: number | undefined }

// The due time of the next attempt is kept until that begins: a claim may be given back first.
function dueOf({ at, since }: Due = {}): Pick<OpenRecord, 'at' | 'since'> {
  return at === undefined || since === undefined ? {} : { at, since }
}

/** Returns the open slots with this record replacing the old one of its slot. */
function replaced(open: readonly OpenRecord[], entry: OpenRecord): readonly OpenRecord[] {
  return [...open.filter(({ slot }) => slot !== entry.slot), entry].sort(bySlot)
}

function bySlot(a: OpenRecord, b: OpenRecord): number {
  return a.slot - b.slot
}
