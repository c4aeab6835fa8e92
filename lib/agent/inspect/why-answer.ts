import type { ErrorInfo } from '../../core/error-info.ts'

/** What became of the draft that the question names. */
export type WhyDraft =
  /** It is an event in the log. */
  | 'accepted'
  /** It was accepted, and retention has removed its body. */
  | 'pruned'
  /** It was accepted, and its identity was forgotten since: a new draft is told again. */
  | 'forgotten'
  /** The identifier was accepted under another type, and this log has one identity for both. */
  | 'duplicate'
  /** A job holds it: nearly all of a poll was new. */
  | 'held'
  /** A run published it, and failed because it can't be an event, such as with data that is not JSON. */
  | 'refused'
  /** The log has never accepted it. */
  | 'unknown'

/** An event, without its data. */
export interface WhyEvent {
  /** Its place in the log. */
  readonly seq: number
  /** The type of the event. */
  readonly type: string
  /** The identifier of the event. */
  readonly identifier: string
  /** When it was accepted, in ISO format. */
  readonly created: string
  /** False for an event that was stored without telling it: no listener receives it. */
  readonly told: boolean
  /** The job that published it. */
  readonly job?: string
  /** The seq of the event whose listener published it. */
  readonly cause?: number
  /** 1, 2, 3 … for versioned types. */
  readonly revision?: number
}

/** An event that waits for its next attempt, or is parked. */
export interface WhyAttempts {
  /** The seq of the event. */
  readonly seq: number
  /** The type of the event. */
  readonly type: string
  /** The identifier of the event. */
  readonly identifier: string
  /** How many deliveries were attempted. */
  readonly attempts: number
  /** When the next attempt is due, or when it was parked, in ISO format. */
  readonly at: string
  /** Why the last attempt failed. */
  readonly error?: Omit<ErrorInfo, 'stack'>
}

/** One delivery of the event, as the agent remembers it. */
export interface WhyDelivery {
  /** The number of the attempt, from 1. */
  readonly attempt: number
  /**
   * `handled`: the handler took it, and it was acked; `passed`: no value came through the filters; `retry`: it failed, and
   * is tried again; `parked`: it failed for the last time.
   */
  readonly outcome: 'handled' | 'passed' | 'retry' | 'parked'
  /** When it began, in ISO format. */
  readonly at: string
  /** How long it took, in ms. */
  readonly ms: number
  /** Why it failed. */
  readonly error?: Omit<ErrorInfo, 'stack'>
}

/** How far the event is at the listener. */
export type WhyState =
  /** The listener has not come to it. */
  | 'ahead'
  /** It is being handled, or waits behind an older event. */
  | 'running'
  /** It waits for its next attempt. */
  | 'retrying'
  /** A filter of the listener holds it back. */
  | 'waiting'
  /** It was set aside after its last attempt. */
  | 'parked'
  /** The listener is done with it: it was handled, dropped by a person, or no value of it passed the pipe. */
  | 'settled'

/** What the log keeps of the listener's verdict on the event, for a pipe with filters that remember. */
export type WhyVerdict =
  /** It passed. */
  | 'passed'
  /** It did not pass. */
  | 'filtered'
  /** A filter holds it back. */
  | 'waiting'
  /** It is in a batch. */
  | 'batch'
  /** It came before the filters began to remember. */
  | 'unjudged'

/** A run of a job that failed. */
export interface WhyFailedRun {
  /** The job. */
  readonly job: string
  /** The slot of the run, in ISO format. */
  readonly slot: string
  /** Why it failed. */
  readonly error: Omit<ErrorInfo, 'stack'>
}

/** What the log knows about one event at one listener. */
export interface WhyAnswer {
  /** What became of the draft. */
  readonly draft: WhyDraft
  /** The event; absent for one that never was, or is gone. */
  readonly event?: WhyEvent
  /** The event that a duplicate is one of, or the seq of a pruned one. */
  readonly same?: {
    /** Its place in the log. */
    readonly seq: number
    /** Its type; absent if its body is gone. */
    readonly type?: string
    /** When it was accepted, in ISO format; absent if its body is gone. */
    readonly created?: string
  }
  /** The job that holds the draft, and since when, in ISO format. */
  readonly held?: { readonly job: string; readonly since: string }
  /** The newest run that published a refused draft. */
  readonly refused?: WhyFailedRun
  /** For an unknown draft: jobs whose newest run failed, so that they may not have come to publish it; at most 3. */
  readonly failing?: readonly WhyFailedRun[]
  /** Events with a similar type or identifier, each `type:identifier`. */
  readonly similar?: readonly string[]
  /** The listener, as the log knows it. */
  readonly listener: {
    /** Its name. */
    readonly name: string
    /** Whether the log knows it. */
    readonly known: boolean
    /** The names of those that the log knows; absent for a known one. */
    readonly others?: readonly string[]
    /** When the log first saw it, in ISO format. */
    readonly created?: string
    /** The seq up to which everything is settled. */
    readonly cursor?: number
    /** Present while it is paused. */
    readonly paused?: true
    /** Whether an agent runs on the log, and has it. */
    readonly running?: boolean
  }
  /** How far the event is; absent for one that is not in the log, was not told, or at an unknown listener. */
  readonly delivery?: {
    /** How far it is. */
    readonly state: WhyState
    /** How many events of the log the listener has to pass first; for `ahead`. */
    readonly behind?: number
    /** Its attempts; for `retrying` and `parked`. */
    readonly attempts?: WhyAttempts
    /**
     * Its deliveries, or those of its batch, oldest first. Absent if the agent remembers none: it keeps the newest 256 of
     * each listener while it runs.
     */
    readonly deliveries?: readonly WhyDelivery[]
    /** When the filter decides, in ISO format; for `waiting`, absent if that depends on other events. */
    readonly until?: string
    /** The seqs of the batch that it is in; its last attempts are those of the whole batch. */
    readonly batch?: readonly number[]
    /** Older events that wait for their next attempt, the oldest 20: those of its key hold it back. */
    readonly older?: readonly WhyAttempts[]
    /** Whether the listener passed over the event without hearing it: before its start, or where it was moved on. */
    readonly before?: boolean
  }
  /** What the log keeps for the filters that remember; absent for a listener without them. */
  readonly memory?: {
    /** The seq of the first event that they judged. */
    readonly first: number
    /** The seq of the last. */
    readonly last: number
    /** The verdict on this event; absent for one that they have not judged. */
    readonly verdict?: WhyVerdict
  }
}
