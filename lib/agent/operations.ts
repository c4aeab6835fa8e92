import type { StoredEvent } from '../core/event.ts'
import { JOBS, type JobRecord } from '../job/record.ts'
import type { Lag, Log } from '../log/port.ts'
import { type EventQuestion, toQuery } from './event-question.ts'

/** What the log knows of a job: when it was first seen, its newest slot that is done with, whether it ever succeeded. */
export interface JobRow {
  readonly name: string
  readonly firstSeen: string
  readonly lastSlot?: string
  readonly succeeded: boolean
}

/** What the log knows of a listener. `orphaned`: the agent does not have it any more; absent when no agent was asked. */
export interface ListenerRow extends Lag {
  readonly name: string
  readonly cursor: number
  readonly created: string
  readonly orphaned?: boolean
}

/**
 * What may be asked of a log, and done to it, from outside the process that runs on it. Plain JSON goes in, plain JSON
 * comes out: the same operations can be served by an agent while it runs.
 */
export interface Operations {
  readonly events: {
    list(question?: EventQuestion): AsyncIterable<StoredEvent>
    /** The event at this place in the log. */
    at(seq: number): Promise<StoredEvent | undefined>
    /** The latest event of this identity. */
    of(type: string, identifier: string): Promise<StoredEvent | undefined>
    count(question?: EventQuestion): Promise<number>
    last(): Promise<number>
  }
  readonly jobs: { list(): Promise<readonly JobRow[]> }
  readonly listeners: { list(question?: { readonly known?: readonly string[] }): Promise<readonly ListenerRow[]> }
}

/** The operations on a log. */
export function operations(log: Log): Operations {
  return {
    events: {
      list: (question = {}) => log.events(toQuery(question, log.clock)),
      at: (seq) => first(log.events({ after: Math.max(0, seq - 1), limit: 1 }), (event) => event.seq === seq),
      of: (type, identifier) => log.get(type, identifier),
      count: async (question = {}) => {
        let count = 0
        for await (const _ of log.events(toQuery(question, log.clock))) count += 1
        return count
      },
      last: () => log.last(),
    },
    jobs: { list: () => jobRows(log) },
    listeners: { list: ({ known } = {}) => listenerRows(log, known) },
  }
}

async function first<T>(all: AsyncIterable<T>, is: (each: T) => boolean): Promise<T | undefined> {
  for await (const each of all) return is(each) ? each : undefined
  return undefined
}

async function jobRows(log: Log): Promise<JobRow[]> {
  const rows: JobRow[] = []
  for await (const { key, value } of log.store(JOBS).list<JobRecord>()) {
    const { anchor, slot, succeeded = false } = value
    const lastSlot = slot === undefined ? {} : { lastSlot: new Date(slot).toISOString() }
    rows.push({ name: key, firstSeen: new Date(anchor).toISOString(), ...lastSlot, succeeded })
  }
  return rows
}

async function listenerRows(log: Log, known: readonly string[] | undefined): Promise<ListenerRow[]> {
  const rows: ListenerRow[] = []
  for await (const { name, cursor, created, lag } of log.consumers()) {
    const orphaned = known === undefined ? {} : { orphaned: !known.includes(name) }
    rows.push({ name, cursor, created: new Date(created).toISOString(), ...lag, ...orphaned })
  }
  return rows
}
