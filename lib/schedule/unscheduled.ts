import { type Schedule, schedule } from './schedule.ts'

/** A schedule that never comes by itself: its job runs when somebody triggers it. */
export function manual(): Schedule {
  return schedule('manual', 'manual', () => undefined)
}

/** A schedule for one run that does not end, such as listening to a socket. It has no slots to come. */
export function always(): Schedule {
  return schedule('always', 'always', () => undefined)
}
