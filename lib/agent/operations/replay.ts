import { defined } from '../../core/defined.ts'
import { quote, TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { Consumer, Log } from '../../log/port.ts'
import { narrow } from '../../log/query.ts'
import { wholeOf } from '../../log/shards.ts'
import { typeTest } from '../../log/type-names.ts'
import type { AgentControl } from '../run/agent-control.ts'
import { type EventQuestion, toQuery } from './event-search.ts'
import { Hearing, type HearingState, isOwed, untoldAlong } from './hearing.ts'
import { knownListener } from './known.ts'
import { steerable } from './steerable.ts'

/** Which events a listener is to hear again. All given parts must match. */
export interface ReplayQuestion extends Omit<EventQuestion, 'limit' | 'reverse'> {
  /** Only events with a higher seq; default all. */
  readonly after?: number
  /** Only these seqs: `12`, `20-30`, or several of them with commas between. */
  readonly seqs?: string
  /** Only the parked events of the listener. */
  readonly parked?: boolean
  /** Chooses events too that the listener has heard, or is about to hear; default false. */
  readonly again?: boolean
}

/** An event that matches the question about a replay. */
export interface ReplayRow {
  /** The seq of the event. */
  readonly seq: number
  /** The type of the event. */
  readonly type: string
  /** The identifier of the event. */
  readonly identifier: string
  /** When the log accepted the event, in ISO format. */
  readonly created: string
  /**
   * What the listener knows of it: `skipped`, passed over before its start or where it was moved on; `untold`, stored
   * without telling listeners; `parked`; `coming`, it waits or is next; `heard`, acked or dropped; `perhaps`, older than
   * the listener, which an older version of Tidings has opened.
   */
  readonly state: HearingState
  /** Whether a replay tells it: with `again` each, else those that are `skipped`, `untold` or `parked`. */
  readonly chosen: boolean
  /** For a listener whose filters remember: whether the verdict on the event keeps it from the handler. */
  readonly filtered?: boolean
}

/** What came of telling events again. */
export interface ReplayAnswer {
  /** The seqs of the events that the listener hears again. */
  readonly told: readonly number[]
  /** How many events wait for the listener now. */
  readonly waiting: number
  /** Whether an agent with this listener runs. */
  readonly running: boolean
}

/** The operations that tell stored events to one listener. They reject a listener that the log does not know. */
export interface ReplayOperations {
  /** The matching events, oldest first, and which of them a replay would tell. Changes nothing. */
  list(listener: string, question?: ReplayQuestion): AsyncIterable<ReplayRow>
  /**
   * Hands events to the listener, as replays: each delivery has a new `key`. A parked event is released instead, with the
   * key it had. Without `again`, leaves out those that the listener has heard, or is about to hear. An event that was told
   * stays told: the next call leaves it out.
   *
   * @throws TidingsError `TIDINGS_LOG_INVALID` for an event that the log does not have (any more); then it tells none
   */
  tell(
    listener: string,
    seqs: readonly number[],
    options?: {
      /** Tells events too that the listener has heard; default false. */
      readonly again?: boolean
    },
  ): Promise<ReplayAnswer>
}

export function replayOperations(log: Log, agent?: AgentControl): ReplayOperations {
  return {
    list: (name, question = {}) => list(log, agent, name, question),
    tell: async (name, seqs, { again = false } = {}) => {
      await knownListener(log, name)
      const told = await steerable(log, agent, name).steer((consumer) => tell(log, name, consumer, { seqs, again }))
      return { ...told, running: agent?.listener(name) !== undefined }
    },
  }
}

async function* list(
  log: Log,
  agent: AgentControl | undefined,
  name: string,
  { after = 0, seqs, parked = false, again = false, ...question }: ReplayQuestion,
): AsyncGenerator<ReplayRow> {
  const info = await knownListener(log, name)
  const control = steerable(log, agent, name)
  const hearing = await control.steer((consumer) => Hearing.of(log, info, consumer, untoldAlong(log, after)))
  const query = { ...toQuery(question, log.clock), after }
  const { test } = narrow(query)
  const hears = typeTest(control.types)
  const spans = seqs === undefined ? undefined : spansOf(seqs)
  const found = parked ? storedAt(log, hearing.parked) : spans === undefined ? log.events(query) : eventsIn(log, spans)
  for await (const event of found) {
    const { seq, type, identifier, created } = event
    const isWithin = spans?.some(([first, last]) => first <= seq && seq <= last) ?? true
    if (seq <= after || !isWithin || !hears(type) || !test(event)) continue
    const state = await hearing.stateOf(event)
    const chosen = again || isOwed(state)
    const filtered = await hearing.isFiltered(seq)
    yield { seq, type, identifier, created: new Date(created).toISOString(), state, chosen, ...defined({ filtered }) }
  }
}

async function* storedAt(log: Log, seqs: readonly number[]): AsyncGenerator<StoredEvent> {
  for (const seq of seqs) {
    const event = (await log.stored(seq))?.event
    if (event !== undefined) yield event
  }
}

async function tell(
  log: Log,
  name: string,
  consumer: Consumer,
  { seqs, again }: { readonly seqs: readonly number[]; readonly again: boolean },
): Promise<Pick<ReplayAnswer, 'told' | 'waiting'>> {
  // Read here: what was told before this turn counts.
  const hearing = await Hearing.of(log, { ...(await knownListener(log, name)), name: wholeOf(name) }, consumer)
  const released: number[] = []
  const replayed: number[] = []
  for (const seq of new Set(seqs)) {
    const event = (await log.stored(seq))?.event
    if (event === undefined) throw unknownEvent(seq)
    if (consumer.owns?.(event) === false) continue
    const state = again ? undefined : await hearing.stateOf(event)
    if (state === 'parked') released.push(seq)
    else if (state === undefined || isOwed(state)) replayed.push(seq)
  }
  if (replayed.length > 0) await consumer.redeliver(replayed, { writes: await hearing.telling(replayed) })
  const isReleased = await Promise.all(released.map((seq) => consumer.release(seq)))
  const told = [...replayed, ...released.filter((_, i) => isReleased[i])].sort((a, b) => a - b)
  const { retrying, running } = await consumer.lag()
  return { told, waiting: retrying + running }
}

async function* eventsIn(log: Log, spans: readonly (readonly [number, number])[]): AsyncGenerator<StoredEvent> {
  const last = await log.last()
  let done = 0
  for (const [from, to] of spans) {
    for (let seq = Math.max(from, done + 1); seq <= to; seq++) {
      const event = seq > last ? undefined : (await log.stored(seq))?.event
      if (event === undefined) throw unknownEvent(seq)
      yield event
    }
    done = Math.max(done, to)
  }
}

// `12,20-30` as spans, lowest first.
function spansOf(text: string): readonly (readonly [number, number])[] {
  const spans = text.split(',').map((each): readonly [number, number] => {
    const [, first, last = first] = /^([1-9]\d*)(?:-([1-9]\d*))?$/.exec(each.trim()) ?? []
    const span = [Number(first), Number(last)] as const
    if (Number.isSafeInteger(span[0]) && Number.isSafeInteger(span[1]) && span[0] <= span[1]) return span
    const words = `"seqs" must be seqs such as 12 or 20-30, with commas between, got ${quote(each)}`
    throw new TidingsError('TIDINGS_LOG_INVALID', words, { details: { path: 'seqs' } })
  })
  return spans.sort(([a], [b]) => a - b)
}

function unknownEvent(seq: number): TidingsError {
  return new TidingsError('TIDINGS_LOG_INVALID', `the log has no event ${seq}, or not any more`, { details: { seq } })
}
