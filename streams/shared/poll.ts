import { type Duration, every, type JobOptions, type Schedule } from '../../lib/index.ts'
import { count, duration, type Field } from './options.ts'

/** The options of every poll. */
export interface PollOptions {
  /** How often to look, in ms or as a duration, from 1 s. */
  readonly every?: Duration
  /** The number of items to tell of those that exist at the first look, newest first, from 0; default 0. */
  readonly backfill?: number
}

/** The fields of `PollOptions`, with how often this stream looks by default. */
export function pollFields(pause: Duration): { readonly every: Field<number>; readonly backfill: Field<number> } {
  return { every: duration(pause, { min: 1000 }), backfill: count(0) }
}

/**
 * The schedule and the options of a poll's job. What exists at the first look is recorded, but not told, except for the
 * newest `backfill` items. A hung connection ends with the run, after two minutes.
 */
export function poll({ every: pause, backfill }: { readonly every: number; readonly backfill: number }): {
  readonly schedule: Schedule
  readonly options: Pick<JobOptions, 'first' | 'timeout'>
} {
  return {
    schedule: every(`${pause}ms`),
    options: { first: backfill === 0 ? 'record' : { tell: backfill }, timeout: '2m' },
  }
}
