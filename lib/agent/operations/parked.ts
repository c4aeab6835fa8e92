import { defined } from '../../core/defined.ts'
import type { ErrorInfo } from '../../core/error-info.ts'
import type { Consumer, Log, Parked } from '../../log/port.ts'
import { count } from '../../log/query.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { knownListener } from './known.ts'
import { MOST_READ } from './most-read.ts'
import { type ParkedEvent, type ParkedExchange, parkedExchange } from './parked-exchange.ts'
import { type ParkedGroup, parkedGroups } from './parked-groups.ts'
import { type ParkedMatch, parkedTest } from './parked-match.ts'
import { steerable } from './steerable.ts'

/** A summary of a parked event. */
export interface ParkedRow {
  /** The listener that parked the event. */
  readonly listener: string
  /** The seq of the event. */
  readonly seq: number
  /** The type of the event. */
  readonly type: string
  /** The identifier of the event. */
  readonly identifier: string
  /** How many deliveries were attempted. */
  readonly attempts: number
  /** When the event was parked, in ISO format. */
  readonly at: string
  /** Why the last attempt failed. */
  readonly error: Omit<ErrorInfo, 'stack'>
}

/** Which parked events are taken, and how many in one call. */
export interface ParkedBulk extends ParkedMatch {
  /** Counts those that match, and takes none; default false. */
  readonly dryRun?: boolean
  /** Only events with a higher seq: where the answer before this one ended. Default 0. */
  readonly after?: number
  /** Looks at no more than this many parked events, from 1 to 20 000; default 20 000. */
  readonly scan?: number
}

/** How many parked events of a listener were taken, or match. */
export interface ParkedAnswer {
  /** The name of the listener. */
  readonly listener: string
  /** How many parked events match, of those that were looked at; without `dryRun`, they were taken. */
  readonly count: number
  /** Whether they were only counted. */
  readonly dryRun: boolean
  /** How many parked events were looked at. */
  readonly scanned: number
  /** Present if parked events are left to look at: ask again, with this as `after`. */
  readonly next?: number
}

/** The operations on parked events. They reject a listener that the log does not know. */
export interface ParkedOperations {
  /** The parked events, of each listener lowest seq first. */
  list(
    question?: Omit<ParkedMatch, 'seqs'> & {
      /** Only those of this listener; default all. */
      readonly listener?: string
      /** Only events with a higher seq; default 0. */
      readonly after?: number
      /** At most this many; default all. */
      readonly limit?: number
    },
  ): AsyncIterable<ParkedRow>
  /**
   * The parked events by listener, error and type, largest group first. Looks at no more than 20 000 of them; groups whose
   * listener has more are marked.
   */
  groups(question?: {
    /** Only those of this listener; default all. */
    readonly listener?: string
  }): Promise<readonly ParkedGroup[]>
  /** One parked event in full; undefined if it is not parked. */
  show(listener: string, seq: number): Promise<ParkedEvent | undefined>
  /** As `show`, with the state of the listener and the calls of its handler, all without secrets. */
  exchange(listener: string, seq: number): Promise<ParkedExchange | undefined>
  /**
   * Delivers one parked event again, or the first 20 000 without a seq; resolves to the seqs of those that were parked. With
   * a match that has a part, delivers all that match again, in steps, and resolves to their number; with a seq too, that one
   * if it matches.
   */
  retry: TakeParked
  /** Like `retry`, but drops them, so that the listener never handles them. The events themselves stay. */
  drop: TakeParked
}

/** Takes parked events: one or all of a listener, or all that match. */
export interface TakeParked {
  (listener: string, seq?: number): Promise<readonly number[]>
  (listener: string, seq: number | undefined, match: ParkedBulk): Promise<ParkedAnswer>
}

/** How many parked events are read, or taken, in one step. Other steering of the listener has its turn in between. */
const STEP = 500

export function parkedOperations(log: Log, agent?: AgentControl): ParkedOperations {
  const show: ParkedOperations['show'] = async (listener, seq) => {
    await knownListener(log, listener)
    return steerable(log, agent, listener).steer(async (consumer) => {
      for await (const parked of consumer.parked(seq - 1))
        return parked.event.seq === seq ? whole(listener, parked) : undefined
      return undefined
    })
  }
  return {
    list: (question) => list(log, agent, question),
    groups: ({ listener } = {}) => parkedGroups(log, agent, listener),
    show,
    exchange: async (listener, seq) => {
      const parked = await show(listener, seq)
      return parked && parkedExchange(log, parked, (text) => agent?.scrub(text) ?? text)
    },
    retry: taking(log, agent, (consumer, seq) => consumer.release(seq)),
    drop: taking(log, agent, (consumer, seq) => consumer.drop(seq)),
  }
}

type Take = (consumer: Consumer, seq: number) => Promise<boolean>

function taking(log: Log, agent: AgentControl | undefined, take: Take): TakeParked {
  function taken(listener: string, seq?: number): Promise<readonly number[]>
  function taken(listener: string, seq: number | undefined, match: ParkedBulk): Promise<ParkedAnswer>
  async function taken(
    listener: string,
    seq?: number,
    match: ParkedBulk = {},
  ): Promise<readonly number[] | ParkedAnswer> {
    await knownListener(log, listener)
    const { steer } = steerable(log, agent, listener)
    const isMatch = Object.values(match).some((part) => part !== undefined)
    if (seq !== undefined && !isMatch) return (await steer((consumer) => take(consumer, seq))) ? [seq] : []
    const { dryRun = false, after = 0, scan, ...which } = seq === undefined ? match : onlyOne(seq, match)
    const most = Math.min(Math.max(1, count(scan, 'scan', MOST_READ)), MOST_READ)
    const test = parkedTest(log, which)
    const seqs: number[] = []
    let [taken, scanned, next]: [number, number, number | undefined] = [0, 0, after]
    while (next !== undefined && scanned < most) {
      const from = next
      const size = Math.min(STEP, most - scanned)
      const step = await steer(async (consumer) => {
        const read = await readStep(consumer, from, size, test)
        const done = dryRun ? read.found : await takeAll(consumer, read.found, take)
        return { ...read, done }
      })
      scanned += step.scanned
      taken += step.done.length
      next = step.next
      if (!isMatch) seqs.push(...step.done)
    }
    if (seq !== undefined) next = undefined
    return isMatch ? { listener, count: taken, dryRun, scanned, ...defined({ next }) } : seqs
  }
  return taken
}

/** The same match of one event alone. */
function onlyOne(seq: number, match: ParkedBulk): ParkedBulk {
  const { seqs = [seq] } = match
  return { ...match, seqs: seqs.filter((one) => one === seq), after: Math.max(0, seq - 1), scan: 1 }
}

async function takeAll(consumer: Consumer, seqs: readonly number[], take: Take): Promise<number[]> {
  const taken = await Promise.all(seqs.map((seq) => take(consumer, seq)))
  return seqs.filter((_, i) => taken[i])
}

/** Reads one step. `next`: the last that was read, if it is not the last one parked. */
async function readStep(
  consumer: Consumer,
  after: number,
  size: number,
  test: (parked: Parked) => boolean,
): Promise<{ readonly found: readonly number[]; readonly scanned: number; readonly next?: number }> {
  const found: number[] = []
  let [scanned, last] = [0, after]
  for await (const parked of consumer.parked(after)) {
    if (scanned === size) return { found, scanned, next: last }
    last = parked.event.seq
    scanned += 1
    if (test(parked)) found.push(last)
  }
  return { found, scanned }
}

type ListQuestion = NonNullable<Parameters<ParkedOperations['list']>[0]>

async function* list(
  log: Log,
  agent: AgentControl | undefined,
  { listener, after: first = 0, limit = Number.POSITIVE_INFINITY, ...match }: ListQuestion = {},
): AsyncGenerator<ParkedRow> {
  if (listener !== undefined) await knownListener(log, listener)
  const test = parkedTest(log, match)
  let left = limit
  for await (const { name, lag } of log.consumers()) {
    if (lag.parked === 0 || (listener !== undefined && name !== listener)) continue
    for (let after: number | undefined = first; after !== undefined && left > 0; ) {
      const from: number = after
      const rows: ParkedRow[] = []
      after = await steerable(log, agent, name).steer(async (consumer) => {
        let scanned = 0
        for await (const parked of consumer.parked(from)) {
          if (test(parked)) rows.push(rowOf(name, parked))
          scanned += 1
          if (scanned === STEP || rows.length === left) return parked.event.seq
        }
        return undefined
      })
      left -= rows.length
      yield* rows
    }
  }
}

function rowOf(listener: string, { event, attempts, at, error }: Parked): ParkedRow {
  const { seq, type, identifier } = event
  const { stack: _, ...words } = error
  return { listener, seq, type, identifier, attempts, at: new Date(at).toISOString(), error: words }
}

function whole(listener: string, { event, attempts, at, error }: Parked): ParkedEvent {
  return { listener, attempts, at: new Date(at).toISOString(), error, event }
}
