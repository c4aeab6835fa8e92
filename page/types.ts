import type { Operations } from '../lib/agent/operations/operations.ts'

// Every shape comes from the operations themselves.

/** The one thing that a list of an operation consists of. */
type Row<F> = F extends (...args: never) => AsyncIterable<infer T>
  ? T
  : F extends (...args: never) => Promise<readonly (infer T)[]>
    ? T
    : never

type Answer<F> = F extends (...args: never) => Promise<infer T> ? T : never

export type StoredEvent = Row<Operations['events']['list']>
export type EventStory = NonNullable<Answer<Operations['events']['story']>>
export type Batch = Row<Operations['live']>
export type ListedJob = Row<Operations['jobs']['list']>
export type TimelineRow = Row<Operations['jobs']['timeline']>
export type DryRun = Answer<Operations['jobs']['dryRun']>
export type RunRow = Row<Operations['jobs']['history']>
export type Attention = Row<Operations['attention']>
export type ParkedGroup = Row<Operations['parked']['groups']>
export type DeliveryRow = Row<Operations['listeners']['deliveries']>
export type ListenerRow = Row<Operations['listeners']['list']>
export type Graph = Answer<Operations['graph']>
