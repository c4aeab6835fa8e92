/** The lengths of the units of time, in ms; a day has 24 hours, whatever a calendar shows. */
export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
