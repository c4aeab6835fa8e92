import { describe } from '../core/errors.ts'
import { invalid, nextSlot, type Schedule, schedule } from './schedule.ts'
import { inZone } from './zone.ts'

/**
 * The slots of several schedules. Slots of the same instant are one slot.
 *
 * @throws TidingsError `TIDINGS_SCHEDULE_INVALID` without a schedule, or if one of them is `always()`, which has no
 *   slots
 *
 * @example
 * ```ts
 * anyOf(weekdays.at('9:00'), every().saturday.at('11:00'))
 * ```
 */
export function anyOf(...schedules: readonly [Schedule, ...Schedule[]]): Schedule {
  if (schedules.length === 0) throw invalid('anyOf: expected at least one schedule')
  for (const one of schedules) {
    if (typeof one?.next !== 'function' || one.kind === 'always') {
      throw invalid(`anyOf: expected schedules that have slots, got ${one?.kind === 'always' ? one : describe(one)}`)
    }
  }
  const slotAfter = (from: number, anchor: number): number | undefined => {
    const slots = schedules.map(
      (one) => nextSlot(one, new Date(from), new Date(anchor))?.getTime() ?? Number.POSITIVE_INFINITY,
    )
    return Math.min(...slots)
  }
  return {
    ...schedule('any', schedules.join(' or '), slotAfter),
    inZone: (timezone) => anyOf(...(schedules.map((one) => inZone(one, timezone)) as [Schedule, ...Schedule[]])),
  }
}
