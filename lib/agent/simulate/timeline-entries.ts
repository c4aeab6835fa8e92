import type { JsonValue } from '../../core/json.ts'

/** A run of a job. */
export interface TimelineRun {
  /** Tells the entries apart. */
  readonly kind: 'run'
  /** When it began, in ms since the epoch. */
  readonly at: number
  /** The name of the job. */
  readonly job: string
  /** The instant for which it was scheduled, in ms since the epoch. */
  readonly slot: number
  /** How it ended; `cut off`: by a crash, or by the end of the simulation. */
  status: 'done' | 'failed' | 'replaced' | 'cut off'
  /** How many drafts were new. */
  new: number
  /** How many drafts had another version. */
  changed: number
  /** How many drafts were known. */
  duplicate: number
  /** Why it failed. */
  error?: string
}

/** A request, or a program that was started. */
export interface TimelineCall {
  /** Tells the entries apart. */
  readonly kind: 'request' | 'program'
  /** When it happened, in ms since the epoch. */
  readonly at: number
  /** Who asked: `job look`, `listener mail`. */
  readonly by: string
  /** The event that the listener handled; absent for a job. */
  readonly seq?: number
  /** Which call of a handler it belongs to, counted from 1 over the simulation; absent for a job. */
  readonly delivery?: number
  /** Method and URL, or the program and its arguments. */
  readonly asked: string
  /** The body of the request. */
  readonly body?: string
  /** Whether the request has the delivery's key, in a header, the URL or the body. */
  readonly keyed?: true
  /** Whether it reached the world; false if a fault stopped it. */
  reached: boolean
  /** The status of the answer; of a program 0. */
  status?: number
  /** Why there was no answer. */
  error?: string
}

/** An event that the log accepted. */
export interface TimelineEvent {
  /** Tells the entries apart. */
  readonly kind: 'event'
  /** When it happened, in ms since the epoch. */
  readonly at: number
  /** The seq of the event. */
  readonly seq: number
  /** The type of the event. */
  readonly type: string
  /** The identifier of the event. */
  readonly identifier: string
  /** The revision, of a versioned type. */
  readonly revision?: number
  /** The data of the event. */
  readonly data: JsonValue
  /** The job that published it. */
  readonly job?: string
  /** The seq of the event whose listener published it. */
  readonly cause?: number
}

/** A call of a handler. */
export interface TimelineDelivery {
  /** Tells the entries apart. */
  readonly kind: 'delivery'
  /** When it happened, in ms since the epoch. */
  readonly at: number
  /** The name of the listener. */
  readonly listener: string
  /** The seq of the event. */
  readonly seq: number
  /** The attempt at the event, from 1. */
  readonly attempt: number
  /** How it ended; `cut off`: by a crash, its timeout, or the end of the simulation. */
  status: 'handled' | 'failed' | 'cut off'
  /** Why it failed. */
  error?: string
}

/** An event that is tried again, or set aside. */
export interface TimelineFailure {
  /** Tells the entries apart. */
  readonly kind: 'retry' | 'parked'
  /** When it happened, in ms since the epoch. */
  readonly at: number
  /** The name of the listener. */
  readonly listener: string
  /** The seq of the event. */
  readonly seq: number
  /** The attempt at the event, from 1. */
  readonly attempt: number
  /** Why it failed. */
  readonly error: string
}

/** What a simulation did to the agent: it started it, or injected a fault. */
export interface TimelineMark {
  /** Tells the entries apart. */
  readonly kind: 'start' | 'fault'
  /** When it happened, in ms since the epoch. */
  readonly at: number
  /** What was done. */
  readonly words: string
}

/** Something that happened in a simulation. */
export type TimelineEntry =
  | TimelineRun
  | TimelineCall
  | TimelineEvent
  | TimelineDelivery
  | TimelineFailure
  | TimelineMark

/** The identity of an event, and its revision. */
export function nameOf({ type, identifier, revision }: TimelineEvent): string {
  return revision === undefined ? `${type} ${identifier}` : `${type} ${identifier} (revision ${revision})`
}

/** What a call asked for. */
export function describeCall({ asked, body }: TimelineCall): string {
  return body === undefined ? asked : `${asked} ${body}`
}

/** The words of an entry, without its time. */
export function wordsOf(entry: TimelineEntry): string {
  const failed = 'error' in entry && entry.error !== undefined ? `: ${entry.error}` : ''
  switch (entry.kind) {
    case 'run': {
      const slot = entry.slot === entry.at ? '' : `, of ${new Date(entry.slot).toISOString()}`
      return `run of ${entry.job}${slot}, ${entry.status}: ${entry.new} new, ${entry.changed} changed, ${entry.duplicate} duplicate${failed}`
    }
    case 'request':
    case 'program': {
      const how = entry.reached ? (entry.status ?? 'no answer') : 'did not arrive'
      return `${entry.kind} of ${entry.by}${entry.seq === undefined ? '' : ` for event ${entry.seq}`}: ${describeCall(entry)}, ${how}${failed}`
    }
    case 'event':
      return `event ${entry.seq} ${nameOf(entry)} ${JSON.stringify(entry.data)}`
    case 'delivery':
      return `delivery of event ${entry.seq} to ${entry.listener}, attempt ${entry.attempt}, ${entry.status}${failed}`
    case 'retry':
    case 'parked':
      return `${entry.kind === 'retry' ? 'retry' : 'parked'} of event ${entry.seq} by ${entry.listener}, after attempt ${entry.attempt}${failed}`
    default:
      return entry.words
  }
}
