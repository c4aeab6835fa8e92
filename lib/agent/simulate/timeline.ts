import { DAY } from '../../core/time-units.ts'
import {
  describeCall,
  nameOf,
  type TimelineCall,
  type TimelineDelivery,
  type TimelineEntry,
  type TimelineEvent,
  type TimelineFailure,
  type TimelineMark,
  type TimelineRun,
  wordsOf,
} from './timeline-entries.ts'

/** How many things happened. */
export interface TimelineCounts {
  /** How many runs began. */
  readonly runs: number
  /** How many runs failed. */
  readonly failedRuns: number
  /** How many requests were made. */
  readonly requests: number
  /** How many programs were started. */
  readonly programs: number
  /** How many events were accepted. */
  readonly events: number
  /** How many times a handler was called. */
  readonly deliveries: number
  /** How many attempts were to be repeated. */
  readonly retries: number
  /** How many events were parked. */
  readonly parked: number
  /** How many faults were injected. */
  readonly faults: number
}

/** One day of a simulation, in UTC. */
export interface TimelineDay {
  /** `2026-01-31` */
  readonly day: string
  /** How many runs began. */
  readonly runs: number
  /** How many events were accepted. */
  readonly events: number
}

/** What a timeline was made of. */
export interface TimelineOrigin {
  /** The name of the agent. */
  readonly agent: string
  /** Where it begins, in ms since the epoch. */
  readonly from: number
  /** Where it ends, in ms since the epoch. */
  readonly to: number
  /** The seed. */
  readonly seed: number
}

/** What happened in a simulation, in order. */
export class Timeline {
  /** What was simulated. */
  readonly origin: TimelineOrigin
  /** Everything that happened, in order. */
  readonly entries: readonly TimelineEntry[]

  constructor(origin: TimelineOrigin, entries: readonly TimelineEntry[]) {
    this.origin = origin
    this.entries = entries
  }

  /** The runs, in the order in which they began. */
  get runs(): readonly TimelineRun[] {
    return this.#all('run')
  }

  /** The requests of runs and handlers. */
  get requests(): readonly TimelineCall[] {
    return this.#all('request')
  }

  /** The programs that runs and handlers started. */
  get programs(): readonly TimelineCall[] {
    return this.#all('program')
  }

  /** The accepted events. */
  get events(): readonly TimelineEvent[] {
    return this.#all('event')
  }

  /** The calls of handlers. */
  get deliveries(): readonly TimelineDelivery[] {
    return this.#all('delivery')
  }

  /** The events that were tried again. */
  get retries(): readonly TimelineFailure[] {
    return this.#all('retry')
  }

  /** The events that were set aside. */
  get parked(): readonly TimelineFailure[] {
    return this.#all('parked')
  }

  /** The injected faults. */
  get faults(): readonly TimelineMark[] {
    return this.#all('fault')
  }

  /** What handlers sent: their requests other than GET and HEAD, and their programs, as far as they reached the world. */
  get sent(): readonly TimelineCall[] {
    const calls = this.entries.filter(
      (entry): entry is TimelineCall => entry.kind === 'request' || entry.kind === 'program',
    )
    return calls.filter(
      ({ by, reached, asked }) => reached && by.startsWith('listener ') && !/^(GET|HEAD) /.test(asked),
    )
  }

  /** What was sent more than once for one event, and has no key by which its receiver could tell. */
  get repeated(): readonly TimelineCall[] {
    const seen = new Map<string, number>()
    return this.sent.filter(({ by, seq, delivery = 0, asked, body, keyed }) => {
      if (keyed) return false
      // A handler may send the same twice in one call on purpose.
      const what = JSON.stringify([by, seq, asked, body])
      const first = seen.get(what)
      if (first === undefined) seen.set(what, delivery)
      return first !== undefined && first !== delivery
    })
  }

  /** How many things happened. */
  get counts(): TimelineCounts {
    const count = (kind: TimelineEntry['kind']): number => this.#all(kind).length
    return {
      runs: count('run'),
      failedRuns: this.runs.filter(({ status }) => status === 'failed').length,
      requests: count('request'),
      programs: count('program'),
      events: count('event'),
      deliveries: count('delivery'),
      retries: count('retry'),
      parked: count('parked'),
      faults: count('fault'),
    }
  }

  /** Runs and events of each day. */
  get days(): readonly TimelineDay[] {
    const days = new Map<number, { runs: number; events: number }>()
    const { from, to } = this.origin
    const first = Math.floor(from / DAY)
    for (let day = first; day * DAY < to; day++) days.set(day, { runs: 0, events: 0 })
    for (const { kind, at } of this.entries) {
      const counts = days.get(Math.floor(at / DAY))
      if (counts !== undefined && kind === 'run') counts.runs += 1
      if (counts !== undefined && kind === 'event') counts.events += 1
    }
    return Array.from(days, ([day, counts]) => ({ day: new Date(day * DAY).toISOString().slice(0, 10), ...counts }))
  }

  /** One line for each entry. */
  lines(): readonly string[] {
    return this.entries.map((entry) => `${new Date(entry.at).toISOString()}  ${wordsOf(entry)}`)
  }

  /** The lines of what happened around the faults, at most `most` (default 40). */
  around(most = 40): readonly string[] {
    const first = this.entries.findIndex(({ kind }) => kind === 'fault')
    const begin = Math.max(0, first - 5)
    const lines = this.lines().slice(begin, begin + most)
    return begin + most < this.entries.length ? [...lines, '…'] : lines
  }

  /** All lines: equal for equal simulations, on any machine. */
  toString(): string {
    return `${this.lines().join('\n')}\n`
  }

  /**
   * What happened here and not in another timeline, and the other way round: events, what handlers sent, what was parked,
   * and what was handled without any of these, by what they are and not by their time. Empty if nothing differs.
   */
  diff(other: Timeline): readonly TimelineDifference[] {
    return [...missing(this, other, 'added'), ...missing(other, this, 'removed')]
  }

  #all<K extends TimelineEntry['kind']>(kind: K): readonly Extract<TimelineEntry, { readonly kind: K }>[] {
    return this.entries.filter((entry): entry is Extract<TimelineEntry, { readonly kind: K }> => entry.kind === kind)
  }
}

/** Something that one of two timelines has. */
export interface TimelineDifference {
  /** Which of the two timelines has it. */
  readonly change: 'added' | 'removed'
  /** What it is. */
  readonly what: 'event' | 'sent' | 'parked' | 'handled'
  /** What was done. */
  readonly words: string
}

function missing(one: Timeline, other: Timeline, change: TimelineDifference['change']): TimelineDifference[] {
  const left = new Map<string, number>()
  for (const { key } of factsOf(other)) left.set(key, (left.get(key) ?? 0) + 1)
  return factsOf(one).flatMap(({ key, what, words }) => {
    const count = left.get(key) ?? 0
    if (count > 0) left.set(key, count - 1)
    return count > 0 ? [] : [{ change, what, words }]
  })
}

interface Fact {
  readonly key: string
  readonly what: TimelineDifference['what']
  readonly words: string
}

// An event is named by its identity: seqs and times differ between two simulations without meaning anything.
function factsOf(timeline: Timeline): readonly Fact[] {
  const names = new Map(timeline.events.map((event) => [event.seq, nameOf(event)]))
  const facts: Fact[] = []
  const add = (what: Fact['what'], words: string): void => void facts.push({ key: `${what} ${words}`, what, words })
  for (const event of timeline.events)
    if (!event.type.startsWith('tidings.')) add('event', `${nameOf(event)} ${JSON.stringify(event.data)}`)
  // With its key, or of one call, it counts once.
  const once = new Set<string>()
  const repeated = new Set(timeline.repeated)
  for (const call of timeline.sent) {
    const words = `${call.by}, on ${names.get(call.seq ?? 0) ?? 'nothing'}: ${describeCall(call)}`
    const key = call.keyed ? words : `${words} ${repeated.has(call) ? facts.length : ''}`
    if (!once.has(key)) add('sent', words)
    once.add(key)
  }
  for (const { listener, seq, error } of timeline.parked)
    add('parked', `${names.get(seq) ?? seq} by listener ${listener}: ${error}`)
  for (const { listener, seq } of unseen(timeline)) add('handled', `${names.get(seq) ?? seq} by listener ${listener}`)
  return facts
}

// What was handled and left no other trace here: the handler did nothing, or something that the simulation does not see.
function unseen({ events, sent, deliveries }: Timeline): readonly TimelineDelivery[] {
  const causes = new Set(events.map(({ cause }) => cause))
  const place = (by: string, seq: number | undefined): string => `${by} ${seq}`
  const seen = new Set(sent.map(({ by, seq }) => place(by, seq)))
  return deliveries.filter(({ listener, seq, status }) => {
    const own = place(`listener ${listener}`, seq)
    if (status !== 'handled' || causes.has(seq) || seen.has(own)) return false
    seen.add(own)
    return true
  })
}
