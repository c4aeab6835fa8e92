import { LOST_EVENT } from '../../core/engine-types.ts'
import { asError, quote, TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { Problem } from '../../log/upkeep.ts'
import { causeOf, KIND, keys, kinds, type RecordKind, seqOf, textsOf } from '../format/keys.ts'
import {
  decode,
  decodeEvent,
  FORGOTTEN,
  type Identity,
  type Meta,
  type TypeCount,
  type Unindexed,
  unseal,
} from '../format/records.ts'
import { blockOf, firstIn, lastIn, type TimeSpan } from '../format/time-blocks.ts'
import type { StoreSnapshot } from '../store/snapshot.ts'
import { type Counted, countEvent } from '../write/event-index.ts'
import { identityKey } from '../write/identities.ts'

/** The log to verify. */
export interface Verification {
  readonly db: StoreSnapshot
  /** The rule for what makes an identity. */
  readonly identity: Meta['identity']
  /** The lowest seq whose body is kept. */
  readonly first: number
  /** The highest seq. */
  readonly head: number
  /** The events that the counts of types and the index of causes lack; undefined: neither can be trusted. */
  readonly unindexed: Unindexed | undefined
  /** Called with the number of verified events. The other records follow, without progress. */
  progress?(done: number, all: number): void
}

/** The verification ends after this many problems. */
const MOST = 1000

/**
 * Verifies every checksum, and compares records with each other in both directions: events with their identities and type
 * keys, and the results of scans with those of look-ups (an index block can be damaged while its data is sound).
 */
export async function verify(verification: Verification): Promise<Problem[]> {
  const problems: Problem[] = []
  const counts = new Map<string, Counted>()
  const checks = [checkEvents, checkCounts, checkIdentities, checkTypes, checkCauses, checkOthers]
  for (const check of checks) {
    try {
      for await (const problem of check(verification, counts)) {
        problems.push(problem)
        if (problems.length >= MOST) return problems
      }
    } catch (error) {
      // LevelDB can't read a block, so the scan can't continue.
      problems.push({ message: asError(error).message })
    }
  }
  return problems
}

async function* checkEvents(verification: Verification, counts: Map<string, Counted>): AsyncGenerator<Problem> {
  const { db, identity, first, head, progress } = verification
  let expected = first
  const spans = await spansOf(db)
  for await (const page of db.pages(KIND.event)) {
    const sound: StoredEvent[] = []
    for (const [key, text] of page) {
      const seq = seqOf(key)
      for (; expected < seq; expected++) yield { seq: expected, message: `event ${expected} is missing` }
      if (seq < expected) yield { seq, message: `event ${seq} exists, though the log begins at ${first}` }
      else expected = seq + 1
      const event = read(() => decodeEvent(key, text).event)
      if (event instanceof Error) yield { seq, message: event.message }
      else sound.push(event)
    }
    const found = await db.getMany(page.map(([key]) => key))
    for (const [i, [key, text]] of page.entries()) {
      if (found[i] !== text)
        yield { seq: seqOf(key), message: `a scan finds event ${seqOf(key)}, but a look-up does not` }
    }
    const identities = sound.map(({ type, identifier }) => identityKey(identity, type, identifier))
    const told = await db.getMany(identities)
    const types = await db.getMany(sound.map(({ type, seq }) => keys.type(type, seq)))
    for (const [i, { seq }] of sound.entries()) {
      const key = identities[i] as string
      const latest = read(() => decode<Identity>(key, told[i])?.[0])
      if (latest instanceof Error) yield { seq, message: latest.message }
      else if (latest === undefined)
        yield { seq, message: `the identity of event ${seq} is missing: it could be told again` }
      else if (latest !== FORGOTTEN && latest < seq)
        yield { seq, message: `the identity of event ${seq} names the older event ${latest}` }
      if (types[i] === undefined) yield { seq, message: `event ${seq} is missing from the index of its type` }
    }
    yield* uncovered(sound, spans)
    const indexed = sound.filter(({ seq }) => isIndexed(verification, seq))
    for (const event of indexed) countEvent(counts, event)
    yield* withoutCause(db, indexed)
    progress?.(expected - first, head - first + 1)
  }
  for (; expected <= head; expected++) yield { seq: expected, message: `event ${expected} is missing` }
}

function isIndexed({ unindexed, first }: Verification, seq: number): boolean {
  if (seq < first) return false
  return unindexed === 0 || (unindexed !== undefined && (seq < unindexed[0] || seq > unindexed[1]))
}

async function* withoutCause(db: StoreSnapshot, events: readonly StoredEvent[]): AsyncGenerator<Problem> {
  const caused = events.flatMap(({ cause, seq }) => (cause === undefined ? [] : [{ key: keys.cause(cause, seq), seq }]))
  if (caused.length === 0) return
  const found = await db.getMany(caused.map(({ key }) => key))
  for (const [i, { seq }] of caused.entries())
    if (found[i] === undefined) yield { seq, message: `event ${seq} is missing from the index of its cause` }
}

// Of events that were read: where one is damaged, its count is reported too.
async function* checkCounts({ db, unindexed }: Verification, counts: Map<string, Counted>): AsyncGenerator<Problem> {
  if (unindexed === undefined) return
  for await (const page of db.pages(KIND.count)) {
    for (const [key, text] of page) {
      const [type = ''] = textsOf(key)
      const record = read(() => decode<TypeCount>(key, text))
      const counted = counts.get(type) ?? [0, 0, 0]
      counts.delete(type)
      if (record instanceof Error) yield { message: record.message }
      else if (record.some((number, i) => number !== counted[i])) {
        const [count, last] = counted
        yield {
          message: `the count of type ${quote(type)} is ${record[0]} up to ${record[1]}, not ${count} up to ${last}`,
        }
      }
    }
  }
  for (const [type, [count]] of counts)
    yield { message: `the count of type ${quote(type)} is missing: it has ${count} events` }
}

// An older version of Tidings prunes events without their places here, which are never read again.
async function* checkCauses({ db, first }: Verification): AsyncGenerator<Problem> {
  for await (const page of db.pages(KIND.cause)) {
    const kept = page.filter(([key]) => seqOf(key) >= first)
    const events = await db.getMany(kept.map(([key]) => keys.event(seqOf(key))))
    for (const [i, [key, record]] of kept.entries()) {
      const seq = seqOf(key)
      const text = events[i]
      const isSound = read(() => unseal(key, record))
      const event = text === undefined ? undefined : read(() => decodeEvent(keys.event(seq), text).event)
      if (isSound instanceof Error) yield { seq, message: isSound.message }
      else if (event === undefined) yield { seq, message: `the index of causes names event ${seq}, which is missing` }
      else if (!(event instanceof Error) && event.cause !== causeOf(key))
        yield { seq, message: `the index of causes has event ${seq} under another cause` }
    }
  }
}

/** The times of blocks, by number. A damaged record is reported with the other records. */
async function spansOf(db: StoreSnapshot): Promise<Map<number, TimeSpan>> {
  const spans = new Map<number, TimeSpan>()
  for await (const page of db.pages(KIND.times)) {
    for (const [key, text] of page) {
      const span = read(() => decode<TimeSpan>(key, text))
      if (!(span instanceof Error)) spans.set(seqOf(key), span)
    }
  }
  return spans
}

// A query by time would skip such an event. One problem for each block is enough.
function* uncovered(events: readonly StoredEvent[], spans: Map<number, TimeSpan>): Generator<Problem> {
  for (const { seq, created } of events) {
    const block = blockOf(seq)
    const span = spans.get(block)
    if (span === undefined || (created >= span[0] && created <= span[1])) continue
    spans.delete(block)
    yield { seq, message: `the times of events ${firstIn(block)} to ${lastIn(block)} do not cover event ${seq}` }
  }
}

async function* checkIdentities({ db, identity, first }: Verification): AsyncGenerator<Problem> {
  for await (const page of db.pages(KIND.identity)) {
    const told: { key: string; seq: number }[] = []
    const lookedUp = await db.getMany(page.map(([key]) => key))
    for (const [i, [key, text]] of page.entries()) {
      const latest = read(() => decode<Identity>(key, text)[0])
      if (latest instanceof Error) yield { message: latest.message }
      else if (lookedUp[i] !== text)
        yield { seq: latest, message: `a scan finds the identity of event ${latest}, but a look-up does not` }
      else if (latest !== FORGOTTEN && latest >= first) told.push({ key, seq: latest })
    }
    const events = await db.getMany(told.map(({ seq }) => keys.event(seq)))
    for (const [i, { key, seq }] of told.entries()) {
      const text = events[i]
      const event = text === undefined ? undefined : read(() => decodeEvent(keys.event(seq), text).event)
      if (event === undefined) yield { seq, message: `an identity names event ${seq}, which is missing` }
      else if (
        !(event instanceof Error) &&
        event.type !== LOST_EVENT &&
        identityKey(identity, event.type, event.identifier) !== key
      ) {
        yield { seq, message: `an identity names event ${seq}, which has a different identity` }
      }
    }
  }
}

async function* checkTypes({ db }: Verification): AsyncGenerator<Problem> {
  for await (const page of db.pages(KIND.type)) {
    const events = await db.getMany(page.map(([key]) => keys.event(seqOf(key))))
    for (const [i, [key]] of page.entries()) {
      const seq = seqOf(key)
      const text = events[i]
      const event = text === undefined ? undefined : read(() => decodeEvent(keys.event(seq), text).event)
      if (event === undefined) yield { seq, message: `the index of types names event ${seq}, which is missing` }
      else if (!(event instanceof Error) && event.type !== typeOf(key)) {
        yield { seq, message: `the index of types has event ${seq} under another type` }
      }
    }
  }
}

/** The kinds whose records are compared with events. */
const COMPARED: ReadonlySet<RecordKind> = new Set([KIND.event, KIND.identity, KIND.type, KIND.count, KIND.cause])

// Cursors, retries, parked events, state, claims, runs, flights, crashes, times, hours, head and meta: each has a checksum.
async function* checkOthers({ db }: Verification): AsyncGenerator<Problem> {
  for (const kind of kinds.filter((each) => !COMPARED.has(each))) {
    for await (const page of db.pages(kind)) {
      for (const [key, text] of page) {
        const record = read(() => decode<unknown>(key, text))
        if (record instanceof TidingsError) yield { message: record.message }
      }
    }
  }
}

function typeOf(key: string): string | undefined {
  return textsOf(key)[0]
}

function read<T>(record: () => T): T | Error {
  try {
    return record()
  } catch (error) {
    return asError(error)
  }
}
