import { LOST_EVENT } from '../../core/engine-types.ts'
import { asError, TidingsError } from '../../core/errors.ts'
import { KIND, keys, kinds, seqOf, textsOf } from '../format/keys.ts'
import { decode, decodeEvent, FORGOTTEN, type Identity, type Meta } from '../format/records.ts'
import type { StoreSnapshot } from '../store/snapshot.ts'
import { identityKey } from '../write/identities.ts'

/** Something in the log that is not as it was written. */
export interface Problem {
  readonly message: string
  /** The event that it is about, where it is about one. */
  readonly seq?: number
}

/** What is verified, and who hears how far it is: `done` of `all` events (the other records go by at the end). */
export interface Verification {
  readonly db: StoreSnapshot
  readonly identity: Meta['identity']
  readonly first: number
  readonly head: number
  progress?(done: number, all: number): void
}

/** More problems than this are not listed: the log is lost, and the list would be as long. */
const MOST = 1000

/**
 * Compares all records with each other, both ways: events with their identities and type keys, what a scan finds with
 * what a look-up finds (an index block can be damaged where its data is sound), every checksum.
 */
export async function verify(verification: Verification): Promise<Problem[]> {
  const problems: Problem[] = []
  const checks = [checkEvents, checkIdentities, checkTypes, checkOthers]
  for (const check of checks) {
    try {
      for await (const problem of check(verification)) {
        problems.push(problem)
        if (problems.length >= MOST) return problems
      }
    } catch (error) {
      // LevelDB found a block that it can't read: what comes after it can't be reached.
      problems.push({ message: asError(error).message })
    }
  }
  return problems
}

async function* checkEvents({ db, identity, first, head, progress }: Verification): AsyncGenerator<Problem> {
  let expected = first
  for await (const page of db.pages(KIND.event)) {
    const sound: { seq: number; type: string; identifier: string }[] = []
    for (const [key, text] of page) {
      const seq = seqOf(key)
      for (; expected < seq; expected++) yield { seq: expected, message: `event ${expected} is missing` }
      if (seq < expected) yield { seq, message: `event ${seq} is there, though the log begins at ${first}` }
      else expected = seq + 1
      const event = read(() => decodeEvent(key, text).event)
      if (event instanceof Error) yield { seq, message: event.message }
      else sound.push(event)
    }
    const found = await db.getMany(page.map(([key]) => key))
    for (const [i, [key, text]] of page.entries()) {
      if (found[i] !== text)
        yield { seq: seqOf(key), message: `event ${seqOf(key)} is found by a scan and not by a look-up` }
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
    progress?.(expected - first, head - first + 1)
  }
  for (; expected <= head; expected++) yield { seq: expected, message: `event ${expected} is missing` }
}

async function* checkIdentities({ db, identity, first }: Verification): AsyncGenerator<Problem> {
  for await (const page of db.pages(KIND.identity)) {
    const told: { key: string; seq: number }[] = []
    const lookedUp = await db.getMany(page.map(([key]) => key))
    for (const [i, [key, text]] of page.entries()) {
      const latest = read(() => decode<Identity>(key, text)[0])
      if (latest instanceof Error) yield { message: latest.message }
      else if (lookedUp[i] !== text)
        yield { seq: latest, message: `the identity of event ${latest} is found by a scan and not by a look-up` }
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
        yield { seq, message: `an identity names event ${seq}, which has another one` }
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

// Cursors, retries, parked events, state, claims, runs, what was in flight, hours, head and meta: each has its checksum.
async function* checkOthers({ db }: Verification): AsyncGenerator<Problem> {
  for (const kind of kinds.filter((each) => each !== KIND.event && each !== KIND.identity && each !== KIND.type)) {
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
