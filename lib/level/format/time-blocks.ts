/**
 * Events by time. The seqs are divided in blocks of 512; a record for each block holds the earliest and the latest time of
 * its events, so that a query by time skips the blocks without any. Times need no order: an import may bring old events,
 * and a clock may go back.
 *
 * The records are derived from the events. A block without a record, such as the newest one, which is not full, is read.
 */
export const EVENTS_PER_BLOCK = 512

/** The earliest and the latest `created` in a block, in ms since the epoch. */
export type TimeSpan = readonly [earliest: number, latest: number]

/** The number of the block with an event, from 0. */
export const blockOf = (seq: number): number => Math.floor((seq - 1) / EVENTS_PER_BLOCK)

/** The seq of the first event in a block. */
export const firstIn = (block: number): number => block * EVENTS_PER_BLOCK + 1

/** The seq of the last event in a block. */
export const lastIn = (block: number): number => (block + 1) * EVENTS_PER_BLOCK

/** Widens a span by an event. */
export function withTime([earliest, latest]: TimeSpan, created: number): TimeSpan {
  return [Math.min(earliest, created), Math.max(latest, created)]
}

/** The span of no event. */
export const NO_TIME: TimeSpan = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
