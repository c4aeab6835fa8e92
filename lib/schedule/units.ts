/** What `every(n)` counts. */
export interface Unit {
  readonly name: string
  /** Its length in milliseconds. */
  readonly ms: number
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** The units by the name that stands after `every(n).`; each has its plural, too. */
export const units = {
  second: { name: 'second', ms: SECOND },
  minute: { name: 'minute', ms: MINUTE },
  hour: { name: 'hour', ms: HOUR },
  day: { name: 'day', ms: DAY },
  week: { name: 'week', ms: 7 * DAY },
} as const satisfies Record<string, Unit>
