/** A proposed event: type, identifier and data. Only the log knows whether it is new. */
export interface Draft<N extends string = string, T = unknown> {
  /** The event type; 1 to 256 bytes of utf8. */
  readonly type: N
  /** Identifies the happening: with the type, it is accepted once. 1 byte to 1 KiB of utf8. */
  readonly identifier: string
  /** JSON, up to 256 KiB (an option of the log). */
  readonly data: T
  /** For versioned types: the draft is accepted again whenever its version differs from the one last told. */
  readonly version?: string
  /** The schema converted the data, so that the result does not fit the schema itself. Decision 0011. */
  readonly transformed?: true
}

/** An event in the log: an accepted draft. */
export interface StoredEvent<N extends string = string, T = unknown> extends Draft<N, T> {
  /** Its place in the log, from 1: rising, never used twice. */
  readonly seq: number
  /** When the log accepted it, in ms since the epoch. */
  readonly created: number
  /** The name of the job that published it; absent if a listener, or the program itself, did. */
  readonly job?: string
  /** The seq of the event whose delivery published it. */
  readonly cause?: number
  /** For versioned types: 1, 2, 3 … for each version of this identifier. */
  readonly revision?: number
  /** Names the span that published it, in the format of W3C Trace Context; absent if no span was recorded. */
  readonly traceparent?: string
}

/** The answer to one published draft. */
export interface Receipt {
  /**
   * `new` and `changed`: accepted now. `duplicate`: accepted before. `offered`: not decided yet, because it goes to a
   * subscriber of `drafts(job)`, or belongs to a very first run under `first: { tell: n }` (decision 0009).
   */
  readonly status: 'new' | 'changed' | 'duplicate' | 'offered'
  /** The seq of the event in the log; for `duplicate` that of the earlier event, for `offered` 0. */
  readonly seq: number
  /** The event, if it was accepted now. */
  readonly event?: StoredEvent
}

/** The answer of the log to one draft: always a decision. */
export interface Accepted extends Receipt {
  /** `new` and `changed`: accepted now. `duplicate`: accepted before. */
  readonly status: 'new' | 'changed' | 'duplicate'
}
