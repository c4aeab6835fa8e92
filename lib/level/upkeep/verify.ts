import { LOST_EVENT } from '../../core/engine-types.ts'
import { asError, quote, TidingsError } from '../../core/errors.ts'
import type { StoredEvent } from '../../core/event.ts'
import type { Problem } from '../../log/upkeep.ts'
import { causeOf, KIND, keys, kinds, LAST_SEQ, type RecordKind, seqOf, textsOf } from '../format/keys.ts'
import {
  decode,
  decodeEvent,
  decodeFacts,
  FORGOTTEN,
  type Identity,
  type Meta,
  type TypeCount,
  type Unindexed,
  unseal,
} from '../format/records.ts'
import { recordsIn } from '../format/segments.ts'
import { blockOf, firstIn, lastIn, type TimeSpan } from '../format/time-blocks.ts'
import { recordsAt } from '../read/records.ts'
import { pagesOf } from '../store/database.ts'
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

/** What the events say that the other records are compared with. */
interface Found {
  /** The counts of types. */
  readonly counts: Map<string, Counted>
  /** How many places each type has in the index of types, of those that it should have. */
  readonly places: Map<string, number>
  /** The events that their own identity names, and no other so far. */
  readonly named: SeqSet
}

/** The sound events of a segment. */
interface Segment {
  readonly start: number
  readonly events: StoredEvent[]
}

/** A set of the seqs of a log, a bit for each. */
class SeqSet {
  readonly #first: number
  readonly #bits: Uint8Array

  constructor({ first, head }: Pick<Verification, 'first' | 'head'>) {
    this.#first = first
    this.#bits = new Uint8Array(Math.max(0, Math.ceil((head - first + 1) / 8)))
  }

  add(seq: number): void {
    const [byte, bit] = this.#place(seq)
    if (byte < this.#bits.length) this.#bits[byte] = (this.#bits[byte] as number) | bit
  }

  /** Returns false if it was not there. */
  delete(seq: number): boolean {
    const [byte, bit] = this.#place(seq)
    const bits = this.#bits[byte] ?? 0
    if ((bits & bit) === 0) return false
    this.#bits[byte] = bits & ~bit
    return true
  }

  #place(seq: number): readonly [byte: number, bit: number] {
    const place = seq - this.#first
    return [Math.floor(place / 8), 1 << (place % 8)]
  }
}

/**
 * Verifies every checksum, and compares records with each other in both directions: events with their identities and type
 * keys, and the results of scans with those of look-ups (an index block can be damaged while its data is sound).
 */
export async function verify(verification: Verification): Promise<Problem[]> {
  const problems: Problem[] = []
  const found: Found = { counts: new Map(), places: new Map(), named: new SeqSet(verification) }
  const checks = [checkEvents, checkCounts, checkIdentities, checkTypes, checkCauses, checkOthers]
  for (const check of checks) {
    try {
      for await (const problem of check(verification, found)) {
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

async function* checkEvents(verification: Verification, found: Found): AsyncGenerator<Problem> {
  const { db, first, head, progress } = verification
  let expected = first
  const spans = await spansOf(db)
  for await (const page of db.pages(KIND.event)) {
    const segments = page.map(([key]): Segment => ({ start: seqOf(key), events: [] }))
    for (const [i, [key, text]] of page.entries()) {
      for (const [seq, record] of recordsIn(key, text)) {
        for (; expected < seq; expected++) yield { seq: expected, message: `event ${expected} is missing` }
        if (seq < expected) yield { seq, message: `event ${seq} exists, though the log begins at ${first}` }
        else expected = seq + 1
        const event = read(() => decodeEvent(seq, record).event)
        if (event instanceof Error) yield { seq, message: event.message }
        else segments[i]?.events.push(event)
      }
    }
    const again = await db.getMany(page.map(([key]) => key))
    for (const [i, [key, text]] of page.entries()) {
      if (again[i] !== text)
        yield { seq: seqOf(key), message: `a scan finds event ${seqOf(key)}, but a look-up does not` }
    }
    const sound = segments.flatMap(({ events }) => events)
    yield* withoutIdentity(verification, sound, found.named)
    yield* withoutType(db, segments, found.places)
    yield* uncovered(sound, spans)
    const indexed = sound.filter(({ seq }) => isIndexed(verification, seq))
    for (const event of indexed) countEvent(found.counts, event)
    yield* withoutCause(db, indexed)
    progress?.(expected - first, head - first + 1)
  }
  for (; expected <= head; expected++) yield { seq: expected, message: `event ${expected} is missing` }
}

async function* withoutIdentity(
  { db, identity }: Verification,
  events: readonly StoredEvent[],
  named: SeqSet,
): AsyncGenerator<Problem> {
  const identities = events.map(({ type, identifier }) => identityKey(identity, type, identifier))
  const told = await db.getMany(identities)
  for (const [i, { seq }] of events.entries()) {
    const key = identities[i] as string
    const latest = read(() => decode<Identity>(key, told[i])?.[0])
    if (latest instanceof Error) yield { seq, message: latest.message }
    else if (latest === undefined)
      yield { seq, message: `the identity of event ${seq} is missing: it could be told again` }
    else if (latest === seq) named.add(seq)
    else if (latest !== FORGOTTEN && latest < seq)
      yield { seq, message: `the identity of event ${seq} names the older event ${latest}` }
  }
}

async function* withoutType(
  db: StoreSnapshot,
  segments: readonly Segment[],
  places: Map<string, number>,
): AsyncGenerator<Problem> {
  const expected = segments.flatMap(({ start, events }) => {
    const firsts = new Map(events.toReversed().map(({ type, seq }) => [type, seq]))
    return Array.from(firsts, ([type, seq]) => ({ type, seq, key: keys.type(type, start) }))
  })
  const found = await db.getMany(expected.map(({ key }) => key))
  for (const [i, { type, seq }] of expected.entries()) {
    if (found[i] !== undefined) places.set(type, (places.get(type) ?? 0) + 1)
    else yield { seq, message: `event ${seq} is missing from the index of its type` }
  }
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
async function* checkCounts({ db, unindexed }: Verification, { counts }: Found): AsyncGenerator<Problem> {
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
    const events = await recordsAt(
      db,
      kept.map(([key]) => seqOf(key)),
    )
    for (const [i, [key, record]] of kept.entries()) {
      const seq = seqOf(key)
      const text = events[i]
      const isSound = read(() => unseal(key, record))
      const event = text === undefined ? undefined : read(() => decodeEvent(seq, text).event)
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

async function* checkIdentities(verification: Verification, { named }: Found): AsyncGenerator<Problem> {
  const { db, first } = verification
  for await (const page of db.pages(KIND.identity)) {
    const odd: { key: string; seq: number }[] = []
    const lookedUp = await db.getMany(page.map(([key]) => key))
    for (const [i, [key, text]] of page.entries()) {
      const latest = read(() => decode<Identity>(key, text)[0])
      if (latest instanceof Error) yield { message: latest.message }
      else if (lookedUp[i] !== text)
        yield { seq: latest, message: `a scan finds the identity of event ${latest}, but a look-up does not` }
      else if (latest !== FORGOTTEN && latest >= first && !named.delete(latest)) odd.push({ key, seq: latest })
    }
    yield* misnamed(verification, odd)
  }
}

/** Yields a problem for each identity whose event does not name it, unless that is damaged. */
async function* misnamed(
  { db, identity }: Verification,
  identities: readonly { readonly key: string; readonly seq: number }[],
): AsyncGenerator<Problem> {
  const events = await recordsAt(
    db,
    identities.map(({ seq }) => seq),
  )
  for (const [i, { key, seq }] of identities.entries()) {
    const text = events[i]
    const event = text === undefined ? undefined : read(() => decodeEvent(seq, text).event)
    if (event === undefined) yield { seq, message: `an identity names event ${seq}, which is missing` }
    else if (event instanceof Error || event.type === LOST_EVENT) continue
    else if (identityKey(identity, event.type, event.identifier) === key)
      yield { seq, message: `another identity names event ${seq} too` }
    else yield { seq, message: `an identity names event ${seq}, which has a different identity` }
  }
}

async function* checkTypes({ db }: Verification, { places }: Found): AsyncGenerator<Problem> {
  const counts = new Map<string, number>()
  for await (const page of db.pages(KIND.type)) {
    for (const [key] of page) counts.set(typeOf(key), (counts.get(typeOf(key)) ?? 0) + 1)
  }
  // The places that the segments should have were looked up with them, so more places are wrong ones.
  for (const [type, count] of counts) if (count !== places.get(type)) yield* misplaced(db, type)
}

/** Yields a problem for each place of a type that its segment does not have, unless that is damaged. */
async function* misplaced(db: StoreSnapshot, type: string): AsyncGenerator<Problem> {
  const range = { gte: keys.type(type, 0), lte: keys.type(type, LAST_SEQ) }
  for await (const page of pagesOf(db.iterator(range))) {
    const at = page.map(([key]) => keys.event(seqOf(key)))
    const segments = await db.getMany(at)
    for (const [i, [key]] of page.entries()) {
      const seq = seqOf(key)
      const text = segments[i]
      if (text === undefined) {
        yield { seq, message: `the index of types names event ${seq}, which is missing` }
        continue
      }
      const facts = recordsIn(at[i] as string, text).map((record) => read(() => decodeFacts(...record)))
      if (facts.every((each) => !(each instanceof Error) && each.type !== type))
        yield { seq, message: `the index of types has event ${seq} under another type` }
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

function typeOf(key: string): string {
  return textsOf(key)[0] as string
}

function read<T>(record: () => T): T | Error {
  try {
    return record()
  } catch (error) {
    return asError(error)
  }
}
