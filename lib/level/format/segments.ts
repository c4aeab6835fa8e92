import { seqOf } from './keys.ts'

/*
 * The records of neighbouring events share one value of the store, a segment, so that a commit has few writes
 * (decision 0087):
 *
 *   key      e + the seq of its first event
 *   value    a record a line, in order of seq; each begins with a checksum over the key of its own seq
 *
 *   seq      1 … 5 | 6   7 … 64 | 65 … 128 | 129 …
 *   value    ──A── B     ──C───   ───D────   ─E──
 *
 * A record has no line break, because JSON has none. The index of types names segments, by their first seq.
 *
 * Invariants
 * - All events of a segment belong to one block of 64 seqs. So no segment with an event begins before the block of that
 *   event. An accept joins the events of one commit, a copy those of any.
 * - The lowest event whose body is kept begins a segment: what a prune leaves of one becomes a segment of its own.
 * - A log of format 1 has an event a segment, and index entries that name the events.
 */

/** The number of seqs in a block: 1 to 64, 65 to 128 and so on. */
export const MOST_IN_SEGMENT = 64

/** The most characters in the records of a segment of several events, which is read and written as a whole. */
export const MOST_SEGMENT_TEXT = 32 * 1024

/** The record of an event in the store. */
export type SeqRecord = readonly [seq: number, text: string]

/** Returns the lowest seq at which the segment of an event can begin. */
export function earliestStart(seq: number): number {
  return seq - ((seq - 1) % MOST_IN_SEGMENT)
}

/** Returns the highest seq that a segment can have which begins at this seq. */
export function latestEnd(start: number): number {
  return earliestStart(start) + MOST_IN_SEGMENT - 1
}

/** Returns the records in a segment. */
export function recordsIn(key: string, text: string): readonly SeqRecord[] {
  const start = seqOf(key)
  return text.includes('\n') ? text.split('\n').map((line, i): SeqRecord => [start + i, line]) : [[start, text]]
}

/** Returns the value of a segment of these records, which must be those of neighbours, in order. */
export function joinRecords(texts: readonly string[]): string {
  return texts.join('\n')
}
