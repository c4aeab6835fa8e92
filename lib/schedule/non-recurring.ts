import { checkDate, type Schedule, schedule } from './schedule.ts'

/**
 * A schedule with a single slot.
 *
 * @throws TidingsError `TIDINGS_SCHEDULE_INVALID` if `at` is not a valid Date
 *
 * @example
 * ```ts
 * job('launch', once(new Date('2027-01-01T09:00:00Z')), ({ publish }) => publish('launched', '1', null))
 * ```
 */
export function once(at: Date): Schedule {
  const slot = checkDate(at, 'once')
  return schedule('once', `once at ${at.toISOString()}`, (from) => (slot > from ? slot : undefined))
}

/** A schedule without slots: its job runs by hand only. */
export function manual(): Schedule {
  return schedule('manual', 'manual', () => undefined)
}

/**
 * A schedule for one run that does not end, such as listening on a socket. It has no slots: the run starts with the agent,
 * has no timeout, and starts again however it ended (decision 0024).
 */
export function always(): Schedule {
  return schedule('always', 'always', () => undefined)
}
