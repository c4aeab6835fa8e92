import { keys } from '../format/keys.ts'
import { joinRecords, latestEnd, MOST_SEGMENT_TEXT } from '../format/segments.ts'

/** Joins the records of neighbouring events to segments, and puts each segment with its places in the index of types. */
export class SegmentWriter {
  readonly #put: (key: string, text: string) => void
  #open: OpenSegment | undefined

  constructor(put: (key: string, text: string) => void) {
    this.#put = put
  }

  /** Takes the next event, a neighbour of the one before. */
  add(seq: number, type: string, text: string): void {
    const open = this.#open
    if (open === undefined || seq > open.end || open.size + text.length > MOST_SEGMENT_TEXT) {
      this.end()
      this.#open = { start: seq, end: latestEnd(seq), texts: [text], size: text.length, types: [type] }
      return
    }
    open.texts.push(text)
    open.size += text.length
    if (open.types.at(-1) !== type && !open.types.includes(type)) open.types.push(type)
  }

  /** Puts the last segment too. Call it after the last event. */
  end(): void {
    if (this.#open === undefined) return
    const { start, texts, types } = this.#open
    this.#open = undefined
    this.#put(keys.event(start), joinRecords(texts))
    for (const type of types) this.#put(keys.type(type, start), '')
  }
}

/** A segment that takes more events. */
interface OpenSegment {
  readonly start: number
  /** The highest seq that it can have. */
  readonly end: number
  readonly texts: string[]
  /** The size of the texts, in characters. */
  size: number
  readonly types: string[]
}
