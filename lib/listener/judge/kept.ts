import { hash } from '../../core/hash.ts'
import type { JsonValue } from '../../core/json.ts'

/** The decisions of each filter about the values of an event, in order: 1 passes, 0 does not, ? is decided later. */
export type Decisions = Readonly<Record<string, string>>

/** What the log keeps of the verdict on an event, as long as it keeps the event. Without a record it was filtered out. */
export interface Kept {
  readonly decisions?: Decisions
  /** It waits until then, in ms since the epoch; null: until its batch is full. */
  readonly until?: number | null
  /** The memory with the batch that it began. */
  readonly began?: string
  /** It is in a batch that another event hands out. */
  readonly member?: true
  /** The seqs of the batch that it hands out, its own included. */
  readonly batch?: readonly number[]
}

/** Where the memory of a listener stands. */
export interface Judged {
  /** The first event that was judged. */
  readonly first: number
  /** The last one. */
  readonly last: number
  /** When that was created, in ms since the epoch. */
  readonly time: number
}

/** The key of the place up to which events were judged. */
export const JUDGED = 'judged'

/** What the keys of all verdicts begin with. */
export const VERDICTS = 'verdict/'

/** The key of the verdict on an event. In order of seq. */
export function verdictKey(seq: number): string {
  return `${VERDICTS}${String(seq).padStart(16, '0')}`
}

/** The key of a filter's memory. */
export function cellKey(name: string, key: string): string {
  return `${cellsOf(name)}${key}`
}

/** What the keys of all memories begin with. */
export const CELLS = 'cell/'

/** What the keys of a filter's memories begin with. */
export function cellsOf(name: string): string {
  return `${CELLS}${hash(name).toString('base64url').slice(0, 16)}/`
}

/** The key of the note that a waiting value passes. */
export function noteOf(seq: number, name: string, index: number): string {
  return `${notesOf(seq)}${cellKey(name, String(index))}`
}

/** The key of the note which batch an event is to hand out. */
export function batchNoteOf(seq: number): string {
  return `${notesOf(seq)}batch`
}

/** What the keys of the notes for an event begin with. */
export function notesOf(seq: number): string {
  return `note/${seq}/`
}

/** How many events a filter holds back at present, in one memory, and until when; undefined if it holds none. */
export function openWait(cell: JsonValue): { readonly events: number; readonly until: number | undefined } | undefined {
  // The cells of `digest` and `settled` have `due`.
  const { due, seqs } = Object(cell) as { readonly due?: number | null; readonly seqs?: readonly number[] }
  return due === undefined ? undefined : { events: seqs?.length ?? 1, until: due ?? undefined }
}
