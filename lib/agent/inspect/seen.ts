import type { Lag } from '../../log/port.ts'

/** Events of one type, from one source. */
export interface EventFlow {
  /** The type of the events. */
  readonly type: string
  /** The job that published them; absent if a listener or a program did. */
  readonly job?: string
  /** The type of the events whose listeners published them; absent if they have no cause, or the log lost it. */
  readonly cause?: string
  /** How many there are. */
  readonly count: number
  /** The seq of the newest. */
  readonly last: number
}

/** Events of one type at one listener. */
export interface ListenerFlow {
  /** The name of the listener. */
  readonly listener: string
  /** The type of the events. */
  readonly type: string
  /** How many of them its cursor has passed since the log first saw it, whether or not its filters let them through. */
  readonly passed: number
  /** How many of them are parked. */
  readonly parked: number
}

/** How the events of a log have flowed. */
export interface Flow {
  /** All events, by type and source. */
  readonly events: readonly EventFlow[]
  /** What the listeners have done with them. A type that a listener does not hear counts as passed, too. */
  readonly listeners: readonly ListenerFlow[]
}

/** What a log knows of an agent. */
export interface Seen {
  readonly flow: Flow
  readonly listeners: readonly (Lag & { readonly name: string })[]
  readonly jobs: readonly { readonly name: string; readonly firstSeen?: string }[]
}
