import { createHash } from 'node:crypto'
import { Observable } from 'rxjs'
import { type Clock, timerAt } from '../core/clock.ts'
import { defined } from '../core/defined.ts'
import type { Schedule } from '../schedule/index.ts'
import { nextSlot } from '../schedule/schedule.ts'
import type { Job } from './job.ts'

/** A time at which to run. */
export interface Slot {
  /** The scheduled instant, or when the run was requested. */
  readonly at: Date
  /** Not scheduled: a run at start, or by hand. */
  readonly requested?: true
  /** Requested by hand. */
  readonly byHand?: true
  /** An attempt began before the restart. */
  readonly begun?: true
  /** When the next attempt is due, in ms since the epoch. Default: at once. */
  readonly notBefore?: number
}

/** The inputs of `slots$`. */
export interface SlotsOptions {
  /** The time source. */
  readonly clock: Clock
  /** When the job was first seen; intervals are counted from it. */
  readonly anchor: Date
  /** The newest decided slot; default the anchor. */
  readonly after?: Date
  /** Which slots that passed meanwhile run; see `JobOptions.missed`. */
  readonly missed: 'once' | 'skip' | 'all'
  /** Emits a slot now, unless a missed one runs now anyway; default false. */
  readonly atStart?: boolean
  /** Earlier slots without an outcome, decided together with those that passed meanwhile; default none. */
  readonly open?: readonly Slot[]
  /** Receives the next slot, each time it changes; undefined if the schedule has ended or stopped. */
  nextSlot?(slot: Date | undefined): void
  /** Receives each decision about due slots, before they are emitted. */
  decided?(decision: SlotDecision): void
}

/** A decision about due slots. */
export interface SlotDecision {
  /** The slots that run. */
  readonly slots: readonly Slot[]
  /** The slots that passed and do not run; absent if every due slot runs. */
  readonly passed?: SlotSeries
  /** Open slots that do not run. */
  readonly dropped: readonly Slot[]
  /** The newest due slot: all slots up to here are decided. */
  readonly upTo: Date
}

/** A series of slots that do not run. */
export interface SlotSeries {
  /** The oldest. */
  readonly first: Date
  /** The newest. */
  readonly last: Date
  /** Their number, counted up to 1000. */
  readonly slots: number
}

/** How many of the newest missed slots run. */
const MOST = { skip: 0, once: 1, all: 100 } as const

/** Maximum passed slots counted: ten years of one a second would take minutes to walk. */
const MOST_COUNTED = 1000

/** How late a timer may fire, in ms, before its slot counts as missed: a suspend or a clock change delays timers. */
const LATE = 30_000

/**
 * The slots of a schedule, each when it is due; several at once when they were missed, to run one after another. Never
 * completes; errors if the schedule fails.
 *
 * ```
 *    done                      now       next
 *   ──┼─────┬─────┬─────┬───────┼─────────┬──► time
 *     │     passed      newest  │         timer
 *     └──── due: (done, now] ───┘
 *           the newest 0, 1 or 100 run (`missed`); all before those have passed
 * ```
 *
 * - `done` is the newest decided slot and never moves back. So no slot is decided twice, whatever the clock does: set
 *   back, it finds nothing due until it has passed `done` again.
 * - The next slot comes from the schedule, after `done`, and is not counted from the last run: there is no drift.
 * - No timer sleeps for longer than 30 s (`timerAt`), so a clock that jumps ahead, or a machine that wakes up, is noticed
 *   then. More than one due slot, or a slot more than 30 s ago, counts as missed.
 */
export function slots$(schedule: Schedule, options: SlotsOptions): Observable<readonly Slot[]> {
  const { clock, anchor, after = anchor, missed, atStart = false, open = [] } = options
  return new Observable((subscriber) => {
    let done = after
    let cancel = (): void => undefined
    const tick = (
      policy: SlotsOptions['missed'],
      before: readonly Slot[] = [],
      otherwise: readonly Slot[] = [],
    ): void => {
      const { slots: due, ...rest } = dueSlots(schedule, anchor, done, new Date(clock.now()), policy)
      done = rest.done
      const all = [...before, ...due]
      const split = Math.max(0, all.length - MOST[policy])
      const [dropped, chosen] = [all.slice(0, split), all.slice(split)]
      const slots = chosen.length > 0 ? chosen : otherwise
      const passed = rest.passed === undefined ? {} : { passed: rest.passed }
      options.decided?.({ slots, dropped, upTo: done, ...passed })
      if (slots.length > 0) subscriber.next(slots)
      const next = nextSlot(schedule, done, anchor)
      if (subscriber.closed) return
      options.nextSlot?.(next)
      if (next === undefined) return
      cancel = timerAt(clock, next.getTime(), () => onTimer(next))
    }
    const onTimer = (slot: Date): void => {
      try {
        tick(missed === 'skip' && inTime(slot) ? 'once' : missed)
      } catch (error) {
        subscriber.error(error)
      }
    }
    // A slot whose timer fires a little late was not missed: the process was up, so it runs.
    const inTime = (slot: Date): boolean => {
      const now = clock.now()
      const next = nextSlot(schedule, slot, anchor)
      return now - slot.getTime() <= LATE && (next === undefined || next.getTime() > now)
    }
    // The one run of `always()` begins as soon as the agent starts.
    const now = atStart || schedule.kind === 'always'
    tick(missed, open, now ? [{ at: new Date(clock.now()), requested: true }] : [])
    return () => {
      cancel()
      options.nextSlot?.(undefined)
    }
  })
}

interface DueSlots {
  /** The slots that run. */
  readonly slots: readonly Slot[]
  /** The newest passed slot, from which the next one is computed. */
  readonly done: Date
  /** The slots that passed and do not run. */
  readonly passed?: SlotSeries
}

/** Decides about the slots in (`after`, `now`]. */
export function dueSlots(
  schedule: Schedule,
  anchor: Date,
  after: Date,
  now: Date,
  policy: SlotsOptions['missed'],
): DueSlots {
  const newest = newestSlot(schedule, anchor, after, now)
  if (newest === undefined) return { slots: [], done: after }
  const most = MOST[policy]
  const found = most === 0 ? [] : [newest]
  for (let oldest: Date | undefined = newest; found.length < most; ) {
    oldest = newestSlot(schedule, anchor, after, new Date(oldest.getTime() - 1))
    if (oldest === undefined) break
    found.unshift(oldest)
  }
  const passed = passedSlots(schedule, anchor, after, new Date((found[0]?.getTime() ?? newest.getTime() + 1) - 1))
  const slots = found.map((at): Slot => ({ at }))
  return { slots, done: newest, ...defined({ passed }) }
}

/** The slots in (`after`, `until`]. */
function passedSlots(schedule: Schedule, anchor: Date, after: Date, until: Date): SlotSeries | undefined {
  const first = nextSlot(schedule, after, anchor)
  const last = newestSlot(schedule, anchor, after, until)
  if (first === undefined || last === undefined) return undefined
  let slots = 1
  for (let at: Date | undefined = first; at < last && slots < MOST_COUNTED; slots++) {
    at = nextSlot(schedule, at, anchor) ?? last
  }
  return { first, last, slots }
}

/**
 * The newest slot in (`after`, `until`]. Schedules only look forward, so this is a binary search over time: forty steps
 * for any length of time, where walking takes one step for each slot.
 */
function newestSlot(schedule: Schedule, anchor: Date, after: Date, until: Date): Date | undefined {
  const follows = (ms: number): Date | undefined => {
    const slot = nextSlot(schedule, new Date(ms), anchor)
    return slot !== undefined && slot <= until ? slot : undefined
  }
  let low = after.getTime()
  let high = until.getTime()
  let found = low < high ? follows(low) : undefined
  if (found === undefined) return undefined
  low = found.getTime()
  // Nearly always there is one.
  if (follows(low) === undefined) return found
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const slot = follows(middle)
    if (slot === undefined) high = middle
    else {
      found = slot
      low = slot.getTime()
    }
  }
  return found
}

/** When a run is due, in ms: its slot plus its jitter, a hash that stays the same after a restart. */
export function dueAt({ name, settings }: Job, { at, requested }: Slot): number {
  if (settings.jitter === 0 || requested === true) return at.getTime()
  const digest = createHash('sha256').update(`${name}\0${at.getTime()}`).digest()
  return at.getTime() + Math.floor((digest.readUInt32BE(0) / 2 ** 32) * settings.jitter)
}
