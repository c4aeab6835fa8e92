/**
 * What a job proposes: an event type, an identifier, data. Not yet known to be new.
 *
 * - `type`: 1 to 256 bytes of utf8
 * - `identifier`: says which happening this is; 1 byte to 1 KiB of utf8
 * - `data`: JSON, up to 256 KiB
 * - `version`: if present, the draft is accepted again whenever it differs from the version last told
 */
export interface Draft<N extends string = string, T = unknown> {
  readonly type: N
  readonly identifier: string
  readonly data: T
  readonly version?: string
  /** Present on a draft whose data was transformed one way by its schema, and so does not fit that schema again. */
  readonly transformed?: true
}

/**
 * An accepted draft: it has a place in the log.
 *
 * - `seq`: its place; rising, never used twice
 * - `created`: when it was accepted, in ms since the epoch
 * - `job`: the job that published it
 * - `cause`: the seq of the event whose listener published it
 * - `revision`: 1, 2, 3 … for versioned types
 */
export interface StoredEvent<N extends string = string, T = unknown> extends Draft<N, T> {
  readonly seq: number
  readonly created: number
  readonly job?: string
  readonly cause?: number
  readonly revision?: number
}

/**
 * The log's answer to one draft.
 *
 * - `status`: `new` and `changed` were accepted now; `duplicate` was accepted before; `offered` was handed on, and
 *   nobody has decided yet (`drafts(job)`, and a very first run under `first: { tell: n }`)
 * - `seq`: where the event is in the log; 0 for `offered`
 * - `event`: the event, when it was accepted now
 */
export interface Receipt {
  readonly status: 'new' | 'changed' | 'duplicate' | 'offered'
  readonly seq: number
  readonly event?: StoredEvent
}

/** A receipt of the log itself: it has decided. */
export interface Accepted extends Receipt {
  readonly status: 'new' | 'changed' | 'duplicate'
}
