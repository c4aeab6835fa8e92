import type { Round } from './peers/peer.ts'

/** One measured case: the medians of its figures and of both rates. */
export interface Measured {
  readonly name: string
  readonly against: string
  readonly hope: string
  readonly figure: string
  readonly ours: number
  readonly reference: number
}

/** Measurements of a log with this many events. Rates are events a second. */
export interface Point {
  readonly stored: number
  /** New events, 100 an accept, 16 in flight, while the log grew to here. */
  readonly accepted: number
  /** Duplicates of any event, and raw `getSync` of their keys in the same store. */
  readonly duplicates: number
  readonly lookUps: number
  /** Bytes on disk, compacted. */
  readonly disk: number
  /** From `openLog` to the receipt of the first new event, in ms. */
  readonly reopened: number
  /** Anonymous memory above that of the same process before `openLog`, idle, in bytes. */
  readonly memory: number
}

/** Where the time of one case goes, as shares of 1. */
export interface Profile {
  readonly name: string
  readonly shares: readonly { readonly part: string; readonly share: number }[]
}

/** How long something took, in ms. */
export interface Times {
  readonly name: string
  readonly hope: string
  readonly count: number
  readonly p50: number
  readonly p99: number
}

/** What one event costs, on average of so many. */
export interface Costs {
  readonly events: number
  /** Processor time in µs. */
  readonly accepted: { readonly server: number; readonly agent: number }
  readonly delivered: { readonly server: number; readonly agent: number }
  /** Bytes: tables with their indexes, and what went through the write-ahead log. */
  readonly disk: { readonly event: number; readonly identity: number; readonly journal: number }
}

/** Measurements of logs in PostgreSQL. */
export interface PostgresResults {
  readonly cases: readonly Measured[]
  readonly rounds: number
  readonly times: readonly Times[]
  readonly costs: Costs
  /** The load of the machine when they began. */
  readonly load: number
  readonly processors: number
}

/** One system, measured beside others with the same events. */
interface PeerAbout {
  readonly name: string
  /** How it keeps the rules. */
  readonly how: string
  readonly version: string
  readonly events: number
}

/** The medians of what the rounds of a system measured. */
export interface MeasuredPeer extends PeerAbout, Round {}

/** The medians of a system, or the reason why it could not be measured. */
export type PeerResults = MeasuredPeer | (PeerAbout & { readonly failure: string })

/** Measurements of Tidings beside other systems. */
export interface PeersResults {
  readonly peers: readonly PeerResults[]
  readonly rounds: number
  /** The load of the machine when they began. */
  readonly load: number
  readonly processors: number
}

/** All results that docs/performance.md is generated from. */
export interface Results {
  readonly cases: readonly Measured[]
  readonly rounds: number
  readonly growth: readonly Point[]
  readonly profiles: readonly Profile[]
  readonly postgres?: PostgresResults
  readonly peers?: PeersResults
  /** Where each of these was measured: Node and the processors. */
  readonly machines: Readonly<Partial<Record<'cases' | 'growth' | 'profiles' | 'postgres' | 'peers', string>>>
}
