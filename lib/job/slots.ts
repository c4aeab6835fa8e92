import { Observable } from 'rxjs'
import { type Clock, timerAt } from '../core/clock.ts'
import type { Schedule } from '../schedule/index.ts'
import { nextSlot } from '../schedule/next-slot.ts'

/** A time at which to run. */
export interface Slot {
  readonly at: Date
  /** The schedule did not name it: the job runs at start, or somebody asked; `byHand`: somebody did. */
  readonly asked?: true
  readonly byHand?: true
  /** An attempt at it began in an earlier life; `from`: when the next one is due, in ms since the epoch. */
  readonly begun?: true
  readonly from?: number
}

export interface Ticking {
  readonly clock: Clock
  /** When the job was first seen; intervals are counted from it. */
  readonly anchor: Date
  /** The newest slot that is done with; default the anchor. */
  readonly after?: Date
  /** What becomes of slots that passed meanwhile. */
  readonly missed: 'once' | 'skip' | 'all'
  /** There is a slot now, unless a missed one runs now anyway; default false. */
  readonly atStart?: boolean
  /** Slots that came before and have no fate yet: they are decided about with those that passed meanwhile. */
  readonly open?: readonly Slot[]
  /** Hears which slot is waited for, each time that changes; undefined: none is. */
  waits?(slot: Date | undefined): void
  /** Hears what becomes of slots whose time has come, before they are emitted. */
  decided?(decided: Decided): void
}

/** What was decided about slots. `dropped`: those that were open and are not run; `upTo`: the newest that has come. */
export interface Decided {
  readonly slots: readonly Slot[]
  readonly passed?: Passed
  readonly dropped: readonly Slot[]
  readonly upTo: Date
}

/** Slots that nobody runs: the first, the last, and how many, of which at most 1000 are counted. */
export interface Passed {
  readonly first: Date
  readonly last: Date
  readonly slots: number
}

/** So many missed slots run: the newest. */
const MOST = { skip: 0, once: 1, all: 100 } as const

/** So many slots that passed are counted: in ten years, one a second would be a walk of minutes. */
const MOST_COUNTED = 1000

/** A timer may be so much late, in ms, when the machine was suspended or the clock was set. */
const LATE = 30_000

/**
 * The slots of a schedule, each when its time has come; several at once when they were missed, to be run one after
 * another. Never ends. No drift: each slot is asked of the schedule, not counted from the last one.
 */
export function slots$(schedule: Schedule, ticking: Ticking): Observable<readonly Slot[]> {
  const { clock, anchor, after = anchor, missed, atStart = false, open = [] } = ticking
  return new Observable((subscriber) => {
    let done = after
    let cancel = (): void => undefined
    const tick = (policy: Ticking['missed'], before: readonly Slot[] = [], otherwise: readonly Slot[] = []): void => {
      const { slots: due, ...rest } = dueSlots(schedule, anchor, done, new Date(clock.now()), policy)
      done = rest.done
      const all = [...before, ...due]
      const split = Math.max(0, all.length - MOST[policy])
      const [dropped, chosen] = [all.slice(0, split), all.slice(split)]
      const slots = chosen.length > 0 ? chosen : otherwise
      const passed = rest.passed === undefined ? {} : { passed: rest.passed }
      ticking.decided?.({ slots, dropped, upTo: done, ...passed })
      if (slots.length > 0) subscriber.next(slots)
      const next = nextSlot(schedule, done, anchor)
      if (subscriber.closed) return
      ticking.waits?.(next)
      if (next === undefined) return
      cancel = timerAt(clock, next.getTime(), () => come(next))
    }
    const come = (slot: Date): void => {
      try {
        tick(missed === 'skip' && inTime(slot) ? 'once' : missed)
      } catch (error) {
        subscriber.error(error)
      }
    }
    // A process that was there, and has not slept over the slot, did not miss it: it is late, and runs.
    const inTime = (slot: Date): boolean => {
      const now = clock.now()
      const next = nextSlot(schedule, slot, anchor)
      return now - slot.getTime() <= LATE && (next === undefined || next.getTime() > now)
    }
    // The one run of `always()` begins whenever somebody is there to begin it.
    const now = atStart || schedule.kind === 'always'
    tick(missed, open, now ? [{ at: new Date(clock.now()), asked: true }] : [])
    return () => {
      cancel()
      ticking.waits?.(undefined)
    }
  })
}

interface Due {
  readonly slots: readonly Slot[]
  /** The newest slot that has passed: the next one is asked for from here. */
  readonly done: Date
  readonly passed?: Passed
}

/** The slots in (`after`, `now`] that are to run. */
export function dueSlots(schedule: Schedule, anchor: Date, after: Date, now: Date, policy: Ticking['missed']): Due {
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
  return { slots, done: newest, ...(passed === undefined ? {} : { passed }) }
}

/** The slots in (`after`, `until`]. */
function passedSlots(schedule: Schedule, anchor: Date, after: Date, until: Date): Passed | undefined {
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
 * The newest slot in (`after`, `until`]. Schedules only look forward, so it is searched for by halving the time
 * between: forty steps for any length of time, where walking would take one for each slot.
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
