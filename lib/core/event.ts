/** What a job proposes: an event type, an identifier, data. Not yet known to be new. */
export interface Draft<N extends string = string, T = unknown> {
  /** 1 to 256 bytes of utf8. */
  readonly type: N
  /** Says which happening this is; 1 byte to 1 KiB of utf8. */
  readonly identifier: string
  /** JSON, up to 256 KiB. */
  readonly data: T
  /** If present, the draft is accepted again whenever it differs from the version last told. */
  readonly version?: string
  /** Present on a draft whose data was transformed one way by its schema, and so does not fit that schema again. */
  readonly transformed?: true
}

/** An accepted draft: it has a place in the log. */
export interface StoredEvent<N extends string = string, T = unknown> extends Draft<N, T> {
  /** Its place; rising, never used twice. */
  readonly seq: number
  /** When it was accepted, in ms since the epoch. */
  readonly created: number
  /** The job that published it. */
  readonly job?: string
  /** The seq of the event whose listener published it. */
  readonly cause?: number
  /** 1, 2, 3 … for versioned types. */
  readonly revision?: number
}

/** The log's answer to one draft. */
export interface Receipt {
  /**
   * `new` and `changed` were accepted now; `duplicate` was accepted before; `offered` was handed on, and nobody has
   * decided yet (`drafts(job)`, and a very first run under `first: { tell: n }`).
   */
  readonly status: 'new' | 'changed' | 'duplicate' | 'offered'
  /** Where the event is in the log; 0 for `offered`. */
  readonly seq: number
  /** The event, when it was accepted now. */
  readonly event?: StoredEvent
}

/** A receipt of the log itself: it has decided. */
export interface Accepted extends Receipt {
  readonly status: 'new' | 'changed' | 'duplicate'
}
