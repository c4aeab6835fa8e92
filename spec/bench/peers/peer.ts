import type { Draft } from '../../../lib/index.ts'

/** A system in this process that keeps events and delivers them to one listener. */
export interface Peer {
  /** Accepts drafts. Resolves once the new ones are on the disk. */
  accept(drafts: readonly Draft[]): Promise<unknown>
  /** Calls `handle` with the identifier of each event that is accepted from now on. */
  listen(handle: (identifier: string) => void): Promise<unknown>
  /** Resolves once it is on the disk that everything handled so far was handled. */
  acked(): Promise<unknown>
  close(): Promise<unknown>
}

/** What a system is given. */
export interface Place {
  /** An empty directory. */
  readonly directory: string
  /** The folder whose `node_modules` has its packages. */
  readonly packages: string
  /** Where its server listens: the path of a socket, or the address of a database. */
  readonly address: string
}

/** How much is published, and how. */
export interface Workload {
  /** New events, which are then published a second time. */
  readonly events: number
  readonly inFlight: number
  readonly perAccept: number
  /** The steady rates, in events a second, at which the time to the handler is measured. */
  readonly rates: readonly number[]
  /** How long each rate is kept. */
  readonly seconds: number
}

/** The time from publish to handler at a steady rate, in ms. */
export interface Wait {
  /** The intended rate, and the one that was reached, in events a second. */
  readonly rate: number
  readonly reached: number
  readonly p50: number
  readonly p99: number
}

/** What one round measures. Rates are events a second. */
export interface Round {
  readonly accepted: number
  readonly duplicates: number
  /** From the first publish until the last ack is on the disk. */
  readonly delivered: number
  /** Anonymous memory of this process and of the server, after the last steady rate. */
  readonly memory: number
  readonly waits: readonly Wait[]
}

/** Opens a system. Each module of a peer exports one as `open`. */
export type OpenPeer = (place: Place) => Promise<Peer>
